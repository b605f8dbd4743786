# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The same conversion by LeRobot itself, for comparison; runs in an interpreter that has it.

Nothing of ours imports this file: `hvd bench convert` starts it as a program of the interpreter
that HVD_LEROBOT_PYTHON names. Reads JPEG images and numbers from a folder, writes a dataset with
LeRobot's own writer, prints seconds and bytes.
"""

import functools
import json
from pathlib import Path
import sys
import time

import lerobot.datasets.lerobot_dataset as theirs
import numpy as np
from PIL import Image


def main() -> None:
    """Convert argv[1] into argv[2] with the settings of argv[3] (JSON)."""
    source, out, settings = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    # A dataset's writer offers the codec only; crf, key frames and preset are set here.
    theirs.encode_video_frames = functools.partial(
        theirs.encode_video_frames, g=settings['g'], crf=settings['crf']
    )
    episodes = sorted(source.iterdir())
    cameras = sorted(path.name for path in episodes[0].iterdir() if path.is_dir())
    start = time.perf_counter()
    data = theirs.LeRobotDataset.create(
        'local/peer',
        settings['fps'],
        features(episodes[0], cameras),
        root=out,
        image_writer_threads=4 * len(cameras),
        vcodec=settings['vcodec'],
    )
    for episode in episodes:
        numbers = np.load(episode / 'numbers.npz')
        for frame in range(len(numbers['action'])):
            row = {name: numbers[name][frame] for name in numbers.files}
            for camera in cameras:
                image = Image.open(episode / camera / f'{frame:06d}.jpg')
                row[f'observation.images.{camera}'] = np.asarray(image)
            data.add_frame({**row, 'task': 'bench'})
        data.save_episode()
    data.finalize()
    seconds = time.perf_counter() - start
    size = sum(path.stat().st_size for path in out.rglob('*.mp4'))
    print(json.dumps({'seconds': seconds, 'video_bytes': size}))


def features(episode: Path, cameras: list[str]) -> dict:
    """Declare the columns of the numbers and the cameras."""
    numbers = np.load(episode / 'numbers.npz')
    width, height = Image.open(episode / cameras[0] / '000000.jpg').size
    image = {
        'dtype': 'video',
        'shape': (height, width, 3),
        'names': ['height', 'width', 'channels'],
    }
    return {
        **{f'observation.images.{camera}': image for camera in cameras},
        **{
            name: {'dtype': 'float32', 'shape': numbers[name].shape[1:], 'names': None}
            for name in numbers.files
        },
    }


if __name__ == '__main__':
    main()
