# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Open a dataset of ours with the real LeRobot; run it by the Python of an environment that has it.

    python test/training/open_with_lerobot.py DATASET [--horizon 20] [--grey]

Every row is read through the loader with delta_timestamps, so that windows beyond the end of an
episode occur. A window's rewards, masked by `steps_left`, must add up to `chunk.return`; the bare
sum must not. With --grey images are compared with what test/training/made_source.py painted.
"""

import argparse
import json
from pathlib import Path

import torch

try:
    from lerobot.datasets.lerobot_dataset import LeRobotDataset
except ImportError:  # the commit that openpi pins
    from lerobot.common.datasets.lerobot_dataset import LeRobotDataset


def main() -> None:
    """Read all rows and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('root', type=Path)
    parser.add_argument('--horizon', type=int, default=20)
    parser.add_argument('--grey', action='store_true')
    args = parser.parse_args()
    info = json.loads((args.root / 'meta/info.json').read_text())
    steps = [j / info['fps'] for j in range(args.horizon)]
    windows = dict.fromkeys(('action', 'next_action', 'reward', 'terminal'), steps)
    data = LeRobotDataset(
        'local/made', root=args.root, delta_timestamps=windows, video_backend='pyav'
    )
    assert len(data) == info['total_frames'], (len(data), info['total_frames'])
    repeated = 0
    paid: dict[int, float] = {}
    for row in range(len(data)):
        item = data[row]
        mask = torch.arange(args.horizon) < item['steps_left']
        assert torch.equal(~mask, item['action_is_pad']), row
        torch.testing.assert_close((item['reward'] * mask).sum(), item['chunk.return'])
        assert (item['terminal'] & mask).sum() <= 1
        repeated += int(item['terminal'].sum() > 1)
        assert item['action'].shape[0] == args.horizon
        assert item['task'], row
        assert not torch.isnan(item['observation.state']).any()
        episode = int(item['episode_index'])
        paid[episode] = paid.get(episode, 0.0) + float(item['next.reward'])
        if args.grey:
            check_grey(item)
    assert repeated, 'no window ran beyond an end; take a longer horizon'
    print(f'{args.root}: {len(data)} rows of {data.num_episodes} episodes in order; '
          f'{repeated} windows repeat a terminal, the mask counts each once; '
          f'rewards by episode {[round(x, 4) for x in paid.values()]}')  # fmt: skip


def check_grey(item: dict) -> None:
    """Compare the grey value of an image with the one that was painted."""
    frame, episode = int(item['frame_index']), int(item['episode_index'])
    for camera, more in (('head', 3), ('left_wrist', 0)):
        seen = float(item[f'observation.images.{camera}'].mean()) * 255
        assert abs(seen - (20 + 7 * frame + 3 * episode + more)) < 2.5, (episode, frame, seen)


if __name__ == '__main__':
    main()
