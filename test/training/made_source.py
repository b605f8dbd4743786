# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Episodes that were never recorded: every number and pixel follows from frame and episode."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from hvd_training.data.facts import EpisodeFacts, StageEnd
from hvd_training.data.lerobot.video import VideoConfig
from hvd_training.data.source import RawFrames, Sight
from hvd_training.data.unit import Unit, UnitConfig, make_unit

NAMES = ('a', 'b', 'c')
STATES = ('a.position', 'b.position')
SMALL = UnitConfig(video=VideoConfig(crf=5))


def brightness(episode: int, frame: int) -> int:
    """Return the grey value that the whole image of a frame has."""
    return 20 + 7 * frame + 3 * episode


@dataclass(frozen=True)
class MadeSource:
    """Implements EpisodeSource."""

    number: int = 0
    frames: int = 12
    kind: str = 'expert'
    prompt: str = 'put the pen into the box'
    size: tuple[int, int] = (48, 64)
    has_cloud: bool = True
    layout_id: str = '0x1'
    ends: tuple[StageEnd, ...] | None = None

    @property
    def facts(self) -> EpisodeFacts:
        last = (StageEnd(self.frames // 2, 0, 0.5), StageEnd(self.frames - 1, 1, 1.0))
        return EpisodeFacts(
            episode_id=f'made-{self.number}',
            task='pen_insert',
            prompt=self.prompt,
            kind=self.kind,
            outcome='',
            operator='nobody',
            robot='made',
            layout_id=self.layout_id,
            names=NAMES,
            fps=10,
            frames=self.frames,
            stages=2,
            ends=last if self.ends is None else self.ends,
        )

    @property
    def fingerprint(self) -> str:
        return repr(self)

    @property
    def state_names(self) -> tuple[str, ...]:
        return STATES

    @property
    def cameras(self) -> dict[str, tuple[int, int]]:
        return {'head': self.size, 'left_wrist': self.size}

    def raw(self) -> RawFrames:
        t = np.arange(self.frames)
        action = np.stack([t + 100 * self.number, -t, np.sin(t)], axis=1).astype(float)
        reward = np.full(self.frames, -0.001)
        for end in self.facts.ends:
            reward[end.frame] = end.score
        return RawFrames(
            stamp_ns=t.astype(np.int64) * 100_000_000,
            position=action,
            state=action[:, :2] + 0.5,
            action=action,
            asked=np.where(t[:, None] % 2, action, np.nan),
            clip=np.zeros((self.frames, 3), dtype=np.uint8),
            source=np.ones(self.frames, dtype=np.uint8),
            intervention=t > self.frames - 3,
            reward=reward,
            terminal=t == self.frames - 1,
        )

    def sights(self):
        for frame in range(self.frames):
            xyz = np.full((5, 3), frame / 16, dtype=np.float32)
            cloud = xyz, np.full((5, 3), frame, dtype=np.uint8)
            yield Sight({camera: self.jpeg(camera, frame) for camera in self.cameras}, cloud)

    def jpeg(self, camera: str, frame: int) -> bytes:
        value = brightness(self.number, frame) + (3 if camera == 'head' else 0)
        image = np.full((*self.size, 3), value, dtype=np.uint8)
        return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def units_of(folder: Path, *sources: MadeSource, config: UnitConfig = SMALL) -> list[Unit]:
    """Convert sources into units below a folder."""
    return [make_unit(s, config, folder / s.facts.episode_id) for s in sources]


__all__ = ['MadeSource', 'brightness', 'replace', 'units_of']
