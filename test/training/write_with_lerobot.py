# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Write a small dataset with the real LeRobot; run it by the Python of an environment that has it.

    python test/training/write_with_lerobot.py OUT

Made lerobot_schemas.json together with describe_dataset.py, once for v2.1 and once for v3.0.
"""

from pathlib import Path
import sys

import numpy as np

try:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset
except ImportError:  # the commit that openpi pins
    from lerobot.common.datasets.lerobot_dataset import LeRobotDataset

FEATURES = {
    'observation.images.head': {
        'dtype': 'video',
        'shape': (48, 64, 3),
        'names': ['height', 'width', 'channels'],
    },
    'observation.state': {'dtype': 'float32', 'shape': (2,), 'names': ['a', 'b']},
    'action': {'dtype': 'float32', 'shape': (3,), 'names': ['a', 'b', 'c']},
    'next.reward': {'dtype': 'float32', 'shape': (1,), 'names': None},
    'next.done': {'dtype': 'bool', 'shape': (1,), 'names': None},
}


def main() -> None:
    """Write two episodes of twelve frames."""
    data = LeRobotDataset.create(
        'local/x', 10, features=FEATURES, root=Path(sys.argv[1]), robot_type='made'
    )
    for _ in range(2):
        for frame in range(12):
            row = {
                'observation.images.head': np.full((48, 64, 3), frame, np.uint8),
                'observation.state': np.zeros(2, np.float32),
                'action': np.zeros(3, np.float32),
                'next.reward': np.zeros(1, np.float32),
                'next.done': np.array([frame == 11]),
            }
            try:
                data.add_frame({**row, 'task': 'x'})
            except (ValueError, KeyError):  # until 0.3 the task was an argument
                data.add_frame(row, task='x')
        data.save_episode()
    if hasattr(data, 'finalize'):
        data.finalize()


if __name__ == '__main__':
    main()
