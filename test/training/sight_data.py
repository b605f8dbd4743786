# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small datasets with images and clouds: what is seen follows from episode and frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from hvd_training.data.assemble import assemble
from hvd_training.data.dataset import Dataset
from hvd_training.data.facts import StageEnd
from hvd_training.data.lerobot import layout
from hvd_training.data.source import RawFrames
from hvd_training.data.statistics import norm_stats
from hvd_training.data.statistics.norm_stats import ABSOLUTE, Representation
from test.training.made_source import SMALL, MadeSource, units_of

CAMERAS = ('head', 'left_wrist')


@dataclass(frozen=True)
class Sights(MadeSource):
    """An episode whose images have a bright square that moves with the frame."""

    size: tuple[int, int] = (32, 32)
    good: bool = True

    @property
    def facts(self):
        end = StageEnd(self.frames - 1, 0, 1.0 if self.good else 0.0)
        outcome = 'success' if self.good else 'failure'
        return replace(super().facts, stages=1, ends=(end,), outcome=outcome)

    def raw(self) -> RawFrames:
        raw = super().raw()
        reward = np.full(self.frames, -0.001)
        reward[-1] = float(self.good)
        return replace(raw, reward=reward)

    def jpeg(self, camera: str, frame: int) -> bytes:
        image = np.full((*self.size, 3), 60 + 5 * self.number, dtype=np.uint8)
        left = 2 * frame % (self.size[1] - 8)
        image[8:16, left : left + 8, CAMERAS.index(camera)] = 230
        return cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def dataset(folder: Path, sources: Sequence[MadeSource], like: Path | None = None) -> Path:
    """Write a dataset with statistics of its own, or those of another one."""
    units = units_of(folder.with_name('units') / folder.name, *sources, config=SMALL)
    assemble(units, folder, layout.V30, folder.with_name(f'{folder.name}.work'))
    data = Dataset(folder)
    if like is not None:
        norm_stats.use(data, Dataset(like))
    else:
        norm_stats.save(norm_stats.compute(data, Representation(ABSOLUTE)), data)
    return folder
