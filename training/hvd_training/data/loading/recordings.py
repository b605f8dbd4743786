# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One dataset as training sees it, whoever wrote it: arrays of rows, and what is known of episodes.

Our folders, foreign LeRobot folders and OGBench files become this; behind it nobody asks again
which of them a number came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.labels.labels import Mark
from hvd_ros.core.labels.rewards import rewards
from hvd_training.data.facts import EpisodeFacts
from hvd_training.data.loading.pictures import Pictures
from hvd_training.data.reader import DatasetReader
from hvd_training.data.source import Column
from hvd_training.data.statistics.norm_stats import NormStats

_PIECE = 1 << 18  # rows that are looked through at once


class Role(StrEnum):
    """What a dataset is for; the HVD repository has the latter two."""

    ANY = 'any'  # episodes of kind expert are demonstrations, all others are not
    OPTIMAL = 'optimal'  # everything is a demonstration
    MIXED = 'mixed'  # good and bad; nothing in it counts as a demonstration


@dataclass(frozen=True, eq=False)
class Recordings:
    """N rows of E episodes; a row whose `left` is 0 is an observation without an action."""

    root: Path
    role: Role
    state: Column  # (N, S)
    action: Column  # (N, D) absolute
    reward: Column  # (N,)
    terminated: Column  # (N,) bool, nothing comes after this step
    left: Column  # (N,) actions from here to the end of the run of frames, this one included
    ahead: Column  # (N,) rows by which an observation of the same run follows at most
    episode: Column  # (N,) number in `facts`
    facts: tuple[EpisodeFacts, ...]
    state_names: tuple[str, ...]
    action_names: tuple[str, ...]
    stats: NormStats
    content: str  # hash of the numbers
    stats_made: bool = False  # it came without statistics; these are of its own numbers
    sim_state: Column | None = None  # (N, P)
    sim_names: tuple[str, ...] = ()
    reader: DatasetReader | None = None  # of images and clouds
    pictures: Mapping[str, Pictures] = field(default_factory=dict)  # by camera, where asked for

    @property
    def rows(self) -> int:
        """Return N."""
        return len(self.action)

    @property
    def layout_id(self) -> str:
        """Which body's dimensions the actions are."""
        return self.facts[0].layout_id

    @property
    def robot(self) -> str:
        """Name of the robot description; empty for data of no robot of ours."""
        return self.facts[0].robot

    def expert(self, by_success: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return which episodes (E,) are demonstrations."""
        if by_success:
            return np.array([facts.success for facts in self.facts])
        if self.role is Role.ANY:
            return np.array([facts.kind == 'expert' for facts in self.facts])
        return np.full(len(self.facts), self.role is Role.OPTIMAL)


def run_starts(data: Recordings) -> NDArray[np.int64]:
    """Return of each row (N,) the row at which its run of frames begins."""
    left, episode = np.asarray(data.left), np.asarray(data.episode)
    rows = np.arange(data.rows)
    begins = np.ones(data.rows, dtype=np.bool_)
    begins[1:] = (episode[1:] != episode[:-1]) | (left[1:] != left[:-1] - 1)
    found: NDArray[np.int64] = np.maximum.accumulate(np.where(begins, rows, 0))
    return found


def settled(data: Recordings) -> Recordings:
    """
    Return it with the score that closes an episode paid on the last frame of the episode.

    A stage that stays half done is marked where it became that, and a recording goes on for a
    moment after the last stage. Paid there, a score would come on top of what states that look the
    same are still worth, and what follows would be worth nothing.
    """
    reward = np.array(data.reward, dtype=np.float32)
    stops = np.searchsorted(data.episode, np.arange(len(data.facts)), side='right')
    begin = 0
    for facts, stop in zip(data.facts, stops.tolist(), strict=True):
        paid = [end for end in facts.ends if end.score > 0]
        closing = max(paid, key=lambda end: (end.frame, end.stage), default=None)
        if closing and (closing.score < 1 or closing.stage == facts.stages - 1):
            ends = [replace(e, frame=stop - begin - 1) if e is closing else e for e in facts.ends]
            marks = [Mark(e.frame, e.stage, e.score, 'resolved') for e in ends]
            reward[begin:stop] = rewards(marks, stop - begin)
        begin = stop
    return replace(data, reward=reward)


def relabelled(data: Recordings, step_reward: float) -> Recordings:
    """Return it with rewards of BEHAVIOR-1K: 1 where a success ends, else `step_reward`."""
    reward = np.full(data.rows, step_reward, dtype=np.float32)
    success = np.array([facts.success for facts in data.facts])
    reward[np.asarray(data.terminated) & success[np.asarray(data.episode)]] = 1.0
    return replace(data, reward=reward)


def only_success_ends(data: Recordings) -> Recordings:
    """Return it with every end that is no success as a time limit, behind which life goes on."""
    success = np.array([facts.success for facts in data.facts])
    ended = np.asarray(data.terminated) & success[np.asarray(data.episode)]
    return replace(data, terminated=ended)


def refuse_holes(data: Recordings) -> Recordings:
    """Return it, or raise ContractMismatch naming the first number that is none."""
    columns = {'state': data.state, 'action': data.action, 'reward': data.reward}
    if data.sim_state is not None:
        columns['sim_state'] = data.sim_state
    for name, column in columns.items():
        for first in range(0, data.rows, _PIECE):
            bad = np.argwhere(~np.isfinite(column[first : first + _PIECE]))
            if len(bad):
                raise ContractMismatch(_hole(data, name, first + int(bad[0][0]), bad[0][1:]))
    return data


def _hole(data: Recordings, name: str, row: int, where: Column) -> str:
    episode = int(data.episode[row])
    frame = row - int(np.searchsorted(data.episode, episode))
    names = {'state': data.state_names, 'action': data.action_names, 'sim_state': data.sim_names}
    of = f" of '{names[name][int(where[0])]}'" if len(where) else ''
    return (
        f'{data.root}: {name}{of} is no number at frame {frame} of episode {episode} '
        f'({data.facts[episode].episode_id}); leave that episode out and convert again'
    )
