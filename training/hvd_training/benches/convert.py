# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd bench convert`: how fast episodes become a dataset, beside LeRobot's own writer.

Both get the same JPEG images and the same encoder: AV1, crf 30, preset 12, a key frame every
second frame, yuv420p (LeRobot's defaults), and as many processes as there are cameras. LeRobot
runs in the interpreter that HVD_LEROBOT_PYTHON names; without it the ratios are nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
import json
import math
import os
from pathlib import Path
import subprocess
import tempfile
import time
from typing import Any

import cv2
import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.pool import run_pool
from hvd_training.data.assemble import assemble
from hvd_training.data.convert import Done
from hvd_training.data.facts import EpisodeFacts
from hvd_training.data.lerobot import layout
from hvd_training.data.lerobot.video import VideoConfig
from hvd_training.data.source import RawFrames, Sight
from hvd_training.data.unit import UnitConfig, make_unit, read_unit

_CAMERAS = ('head', 'left_wrist', 'right_wrist')
_SIZE = (480, 640)
_FPS = 10
_DIMENSIONS = 21
_PEER_LIMIT_S = 600
PEER = 'HVD_LEROBOT_PYTHON'


def measure(quick: bool, minutes: float | None) -> dict[str, float]:
    """Convert `minutes` of three cameras at 640x480 and return the figures."""
    recorded_s = 6.0 if quick else 60 * (minutes or 1.0)
    frames = max(10, round(recorded_s * _FPS / len(_CAMERAS)))
    video = VideoConfig('av1', 30, '12')
    with tempfile.TemporaryDirectory(prefix='hvd_bench_') as folder:
        root = Path(folder)
        sources = [
            _Files(paint(root / 'source' / f'{i}', frames, i), _SIZE) for i in range(len(_CAMERAS))
        ]
        seconds, size = _ours(sources, root / 'ours', UnitConfig(video=video, cloud='off'))
        peer = _peer(root, video)
    total = frames * len(sources)
    return {
        'frames_per_s': total / seconds,
        'images_per_s': total * len(_CAMERAS) / seconds,
        'lerobot_frames_per_s': total / peer['seconds'],
        'ratio_vs_lerobot': peer['seconds'] / seconds,
        'size_ratio': size / peer['video_bytes'],
        'video_mb_per_hour': size / 1e6 / (total / _FPS / 3600),
    }


def _ours(sources: list['_Files'], out: Path, config: UnitConfig) -> tuple[float, int]:
    start = time.perf_counter()
    jobs: list[Any] = [
        _Job(source, config, out.with_name('units') / source.folder.name) for source in sources
    ]
    for done in run_pool(convert_files, jobs, len(_CAMERAS), 'measure again'):
        if done.error:
            raise ConfigError(f'the bench could not convert: {done.error}')
    assemble([read_unit(job.unit) for job in jobs], out, layout.V30, out.with_name('work'))
    seconds = time.perf_counter() - start
    return seconds, sum(path.stat().st_size for path in out.rglob('*.mp4'))


def _peer(root: Path, video: VideoConfig) -> Mapping[str, float]:
    """Let LeRobot do the same; infinite seconds would lie, so nothing is nothing."""
    python = os.environ.get(PEER)
    if not python:
        return {'seconds': math.nan, 'video_bytes': math.nan}
    full = video.filled()
    settings = {'fps': _FPS, 'vcodec': 'libsvtav1', 'g': full.gop, 'crf': full.crf}
    program = Path(__file__).with_name('lerobot_peer.py')
    words = [python, str(program), str(root / 'source'), str(root / 'peer'), json.dumps(settings)]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_PEER_LIMIT_S, check=True
        )
        found: Mapping[str, float] = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, IndexError, ValueError) as error:
        said = getattr(error, 'stderr', '') or ''
        raise ConfigError(f'{PEER}={python} can not run LeRobot: {error} {said[-300:]}') from None
    return found


def paint(folder: Path, frames: int, seed: int) -> Path:
    """Write JPEG images like a camera's (slow motion, noise) and numbers; return the folder."""
    rng = np.random.default_rng(seed)
    for number, camera in enumerate(_CAMERAS):
        (folder / camera).mkdir(parents=True)
        scene: Any = cv2.GaussianBlur(rng.integers(0, 255, (*_SIZE, 3), dtype=np.uint8), (0, 0), 9)
        scene = cv2.normalize(scene, scene, 0, 255, cv2.NORM_MINMAX)
        for frame in range(frames):
            image: Any = np.roll(scene, (frame * (number + 1), 2 * frame), axis=(0, 1)).astype(
                np.int16
            )
            image += rng.normal(0, 2, image.shape).astype(np.int16)
            path = folder / camera / f'{frame:06d}.jpg'
            quality = [cv2.IMWRITE_JPEG_QUALITY, 90]
            cv2.imwrite(str(path), np.clip(image, 0, 255).astype(np.uint8), quality)
    values = rng.normal(size=(frames, _DIMENSIONS)).astype(np.float32)
    numbers: dict[str, Any] = {'action': values, 'observation.state': values}
    np.savez(folder / 'numbers.npz', **numbers)
    return folder


@dataclass(frozen=True)
class _Files:
    """An episode of painted files; implements EpisodeSource."""

    folder: Path
    size: tuple[int, int]
    has_cloud: bool = False

    @property
    def facts(self) -> EpisodeFacts:
        names = self.state_names
        return EpisodeFacts(
            episode_id=f'bench-{self.folder.name}', task='bench', prompt='bench', kind='expert',
            outcome='', operator='', robot='bench', layout_id='0', names=names, fps=_FPS,
            frames=len(self._numbers()), stages=0,
        )  # fmt: skip

    @property
    def fingerprint(self) -> str:
        return str(self.folder)

    @property
    def state_names(self) -> tuple[str, ...]:
        return tuple(f'd{i}' for i in range(_DIMENSIONS))

    @property
    def cameras(self) -> Mapping[str, tuple[int, int]]:
        return dict.fromkeys(_CAMERAS, self.size)

    def raw(self) -> RawFrames:
        action = self._numbers().astype(np.float64)
        frames = len(action)
        return RawFrames(
            stamp_ns=np.arange(frames, dtype=np.int64) * (10**9 // _FPS),
            position=action,
            state=action,
            action=action,
            asked=action,
            clip=np.zeros(action.shape, np.uint8),
            source=np.ones(frames, np.uint8),
            intervention=np.zeros(frames, np.bool_),
            reward=np.full(frames, -0.001),
            terminal=np.arange(frames) == frames - 1,
        )

    def sights(self) -> Iterator[Sight]:
        for frame in range(self.facts.frames):
            paths = {c: self.folder / c / f'{frame:06d}.jpg' for c in _CAMERAS}
            yield Sight({c: path.read_bytes() for c, path in paths.items()}, None)

    def _numbers(self) -> Any:
        return np.load(self.folder / 'numbers.npz')['action']


@dataclass(frozen=True)
class _Job:
    source: _Files
    config: UnitConfig
    unit: Path


def convert_files(job: _Job) -> Done:
    """Convert one painted episode in a worker."""
    unit = make_unit(job.source, job.config, job.unit)
    return Done(unit.facts.episode_id, unit.facts.frames)
