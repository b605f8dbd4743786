# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The columns of a dataset: names, types, sizes, and how each follows from what was recorded.

Both LeRobot formats, the statistics, the checks and the reader take them from here. Names are
those of LeRobot, and beside them those of the HVD repository where the two differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.robot.state import STATE_FEATURES, check_features
from hvd_training.data.facts import EpisodeFacts, kind_code
from hvd_training.data.returns import chunk_returns, later, steps_left
from hvd_training.data.source import Column, RawFrames

STATE = 'observation.state'
NEXT_STATE = 'observation.next_state'
SIM_STATE = 'observation.sim_state'  # only where a simulation recorded it; no robot knows it
ACTION = 'action'
NEXT_ACTION = 'next_action'
ASKED = 'asked'
# What an action is of: the end of the step that begins with its frame (core/episodes/actions.py).
STEP_END = 'step_end'
IMAGES = 'observation.images.'
# Where a number may be missing: nobody asked for anything in that tick.
MAY_BE_NAN = (ASKED,)
INDEX_COLUMNS = ('timestamp', 'frame_index', 'episode_index', 'index', 'task_index')


@dataclass(frozen=True)
class Feature:
    """One column as LeRobot declares it."""

    dtype: str
    shape: tuple[int, ...]
    names: tuple[str, ...] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the entry of info.json."""
        names = None if self.names is None else list(self.names)
        return {'dtype': self.dtype, 'shape': list(self.shape), 'names': names}


@dataclass(frozen=True)
class ColumnsConfig:
    """What the numbers of a dataset mean; part of its identity."""

    state: tuple[str, ...] = STATE_FEATURES
    horizon: int = 20  # steps of an action chunk
    gamma: float = 1.0  # discount per step inside a chunk
    next_step: int = 20  # how many steps later next_action and observation.next_state are
    sim_state: tuple[str, ...] = ()  # names of observation.sim_state; none: no such column

    def __post_init__(self) -> None:
        check_features(self.state)
        if self.horizon < 1 or self.next_step < 1:
            raise ConfigError(
                f'horizon = {self.horizon}, next_step = {self.next_step}: both are at least 1'
            )
        if not 0 < self.gamma <= 1:
            raise ConfigError(f'gamma = {self.gamma} must lie in (0, 1]')


def features(
    names: Sequence[str], state_names: Sequence[str], sim_names: Sequence[str] = ()
) -> dict[str, Feature]:
    """Declare every column but the images, in the order of the file."""
    action = Feature('float32', (len(names),), tuple(names))
    state = Feature('float32', (len(state_names),), tuple(state_names))
    number, count, flag = (Feature(dtype, (1,)) for dtype in ('float32', 'int64', 'bool'))
    privileged = {SIM_STATE: Feature('float32', (len(sim_names),), tuple(sim_names))}
    return {
        STATE: state,
        **(privileged if sim_names else {}),
        ACTION: action,
        ASKED: action,
        'clip': Feature('uint8', action.shape, action.names),
        'source': count,
        'intervention': flag,
        'reward': number,
        'terminal': flag,
        'next.reward': number,
        'next.done': flag,
        NEXT_STATE: state,
        NEXT_ACTION: action,
        'chunk.return': number,
        'chunk.discount': number,
        'chunk.valid': count,
        'steps_left': count,
        'stage': count,
        'kind': count,
        'stamp_ns': count,
        'timestamp': number,
        'frame_index': count,
        'episode_index': count,
        'index': count,
        'task_index': count,
    }


def video_feature(height: int, width: int, info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of info.json for one camera."""
    names = ['height', 'width', 'channels']
    return {'dtype': 'video', 'shape': [height, width, 3], 'names': names, 'info': dict(info)}


def build_columns(raw: RawFrames, facts: EpisodeFacts, config: ColumnsConfig) -> dict[str, Column]:
    """Return every column that does not depend on the place of the episode in its dataset."""
    _complete(raw, facts)
    left = steps_left(raw.stamp_ns, facts.fps)
    total, discount, valid = chunk_returns(
        raw.reward, raw.terminal, left, config.horizon, config.gamma
    )
    columns: dict[str, Column] = {
        STATE: raw.state,
        ACTION: raw.action,
        ASKED: raw.asked,
        'clip': raw.clip,
        'source': raw.source,
        'intervention': raw.intervention,
        'reward': raw.reward,
        'terminal': raw.terminal,
        'next.reward': raw.reward,
        'next.done': raw.terminal,
        NEXT_STATE: later(raw.state, left, config.next_step),
        NEXT_ACTION: later(raw.action, left, config.next_step),
        'chunk.return': total,
        'chunk.discount': discount,
        'chunk.valid': valid,
        'steps_left': left,
        'stage': _stage(facts, raw.frames),
        'kind': np.full(raw.frames, kind_code(facts.kind)),
        'stamp_ns': raw.stamp_ns,
    }
    if config.sim_state:
        columns[SIM_STATE] = raw.sim_state
    dtypes = features(facts.names, range_names(raw.state.shape[1]), config.sim_state)
    return {name: np.asarray(c, dtype=dtypes[name].dtype) for name, c in columns.items()}


def range_names(size: int) -> tuple[str, ...]:
    """Stand in for names where only a size matters."""
    return tuple(map(str, range(size)))


def _complete(raw: RawFrames, facts: EpisodeFacts) -> None:
    """Refuse to write a number that nobody measured or sent."""
    if raw.frames < 1:
        raise ContractMismatch(f'{facts.episode_id}: no frame is left; leave the episode out')
    owed = ('state', 'sim_state', 'action', 'reward')
    for name, values in ((name, getattr(raw, name)) for name in owed):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            where = ', '.join(str(x) for x in bad[0])
            raise ContractMismatch(
                f'{facts.episode_id}: {name} has no value at frame, dimension {where} '
                f'(and {len(bad) - 1} more); cut the episode there or leave it out (--skip-bad)'
            )


def _stage(facts: EpisodeFacts, frames: int) -> Column:
    """Return the number of the stage that a frame belongs to; after the last end, one more."""
    ends = np.sort(np.array([end.frame for end in facts.ends], dtype=np.int64))
    return np.searchsorted(ends, np.arange(frames), side='left')
