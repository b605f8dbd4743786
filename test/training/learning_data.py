# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small datasets to learn from: numbers only, of a body of three dimensions that nobody built."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hvd_training.data.assemble import assemble
from hvd_training.data.dataset import Dataset
from hvd_training.data.facts import StageEnd
from hvd_training.data.lerobot import layout
from hvd_training.data.source import RawFrames
from hvd_training.data.statistics import norm_stats
from hvd_training.data.statistics.norm_stats import ABSOLUTE, Representation
from hvd_training.data.unit import UnitConfig, make_unit
from test.training.made_source import MadeSource

NO_CLOUD = UnitConfig(cloud='off')


@dataclass(frozen=True)
class Numbers(MadeSource):
    """
    An episode without pictures: the state wanders, the action leads it back.

    A good one ends with reward 1; a bad one acts the other way and ends with 0.
    """

    good: bool = True
    has_cloud: bool = False
    gap_before: int = 0  # frame before which the recording paused
    constant: float | None = None  # every number of every action

    @property
    def cameras(self) -> dict[str, tuple[int, int]]:
        return {}

    @property
    def facts(self):
        end = StageEnd(self.frames - 1, 0, 1.0 if self.good else 0.0)
        outcome = 'success' if self.good else 'failure'
        return replace(super().facts, stages=1, ends=(end,), outcome=outcome)

    def raw(self) -> RawFrames:
        raw = super().raw()
        rng = np.random.default_rng(self.number)
        state = np.cumsum(rng.normal(size=(self.frames, 2)), axis=0)
        sign = -1.0 if self.good else 1.0
        action = np.concatenate([sign * state, rng.normal(size=(self.frames, 1))], axis=1)
        if self.constant is not None:
            action = np.full_like(action, self.constant)
        reward = np.full(self.frames, -0.001)
        reward[-1] = float(self.good)
        stamp = raw.stamp_ns.copy()
        if self.gap_before:
            stamp[self.gap_before :] += 5_000_000_000
        return replace(
            raw, state=state, action=action, position=action, asked=action, reward=reward,
            stamp_ns=stamp,
        )  # fmt: skip


def good_and_bad(count: int = 8, frames: int = 14, first: int = 0) -> list[Numbers]:
    """Return experts that succeed and rollouts that fail, in turn."""
    return [
        Numbers(first + i, frames + i % 3, 'expert' if i % 2 == 0 else 'rollout', good=i % 2 == 0)
        for i in range(count)
    ]


def dataset(
    folder: Path,
    sources: Sequence[MadeSource],
    how: Representation | None = None,
    like: Path | None = None,
    format_: str = layout.V30,
) -> Path:
    """Write a dataset with statistics of its own, or those of another one."""
    units = [make_unit(s, NO_CLOUD, folder.with_name('units') / folder.name / s.facts.episode_id)
             for s in sources]  # fmt: skip
    assemble(units, folder, format_, folder.with_name(f'{folder.name}.work'))
    data = Dataset(folder)
    if like is not None:
        norm_stats.use(data, Dataset(like))
    else:
        norm_stats.save(norm_stats.compute(data, how or Representation(ABSOLUTE)), data)
    return folder
