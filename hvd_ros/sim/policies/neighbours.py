# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A policy that does what an expert did when things stood most alike: no training, no framework.

It knows where things are (privileged), remembers experts' episodes frame by frame, and answers
with the next steps of a most similar frame. Without many experts it is often lost, so its rollouts
are of every grade, as those of a young policy are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.episodes.actions import action_at
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.errors import ConfigError, ContractMismatch, EpisodeError, did_you_mean
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.robot.body import Array
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.state import StateLayout

SCHEMA = 1
_COLUMNS = ('state', 'sim_state', 'action', 'left')
_STILL = 1e-2  # least deviation; a number that stands still must not shout


@dataclass(frozen=True)
class NeighboursConfig:
    """How it looks and how it acts."""

    execute: int = 8  # steps of an answer
    nearest: int = 1  # one of so many frames is followed
    privileged: float = 1.0  # weight of what only a simulation knows
    follow: float = 0.0  # share of the difference in posture that is kept


@dataclass(frozen=True, eq=False)
class Memory:
    """The frames of one task's experts."""

    prompt: str
    state: Array  # (N, S)
    sim_state: Array  # (N, P)
    action: Array  # (N, D) what was sent
    left: NDArray[np.int64]  # (N,) frames to the end of the episode, this one included


class Neighbours:
    """Implements Policy."""

    name = 'neighbours'
    needs = frozenset({Modality.STATE, Modality.SIM_STATE})

    def __init__(
        self,
        memories: Sequence[Memory],
        layout_id: int,
        config: NeighboursConfig | None = None,
    ) -> None:
        self.config = config or NeighboursConfig()
        self.layout_id = layout_id
        self.memories = {memory.prompt: memory for memory in memories}
        self._looks = {prompt: _Look(m, self.config) for prompt, m in self.memories.items()}
        self._prompt = ''
        self._rng = np.random.default_rng(0)

    @property
    def execute(self) -> int:
        """How many steps of an answer are carried out."""
        return self.config.execute

    def reset(self, seed: int, prompt: str) -> None:
        """Remember the task of a prompt."""
        if prompt not in self.memories:
            raise ConfigError(f"no memory of '{prompt}': {did_you_mean(prompt, self.memories)}")
        self._prompt, self._rng = prompt, np.random.default_rng((seed, 3))

    def act(self, observation: Observation) -> Array:
        """Return the next steps of one of the most similar frames (execute, D)."""
        memory, look = self.memories[self._prompt], self._looks[self._prompt]
        assert observation.sim_state is not None
        near = look.nearest(observation.state, observation.sim_state, self.config.nearest)
        row = int(near[self._rng.integers(len(near))])
        steps = np.minimum(np.arange(self.config.execute), memory.left[row] - 1)
        answer: Array = memory.action[row + steps]
        return answer


class _Look:
    """Finds frames that are alike."""

    def __init__(self, memory: Memory, config: NeighboursConfig) -> None:
        whole = np.hstack((memory.state, memory.sim_state))
        weight = np.ones(whole.shape[1])
        weight[memory.state.shape[1] :] = config.privileged
        self._scale = weight / np.maximum(whole.std(axis=0), _STILL)
        self._rows = (whole * self._scale).astype(np.float32)
        self._squares = (self._rows**2).sum(axis=1)

    def nearest(self, state: Array, sim_state: Array, count: int) -> NDArray[np.intp]:
        seen = (np.concatenate((state, sim_state)) * self._scale).astype(np.float32)
        far = self._squares - 2 * (self._rows @ seen)
        return np.argsort(far, kind='stable')[:count]


def fit_neighbours(
    folders: Sequence[Path], seed: int = 0, config: NeighboursConfig | None = None
) -> Neighbours:
    """Remember recorded episodes; they need the state of the simulation."""
    tasks: dict[str, list[tuple[Array, Array, Array]]] = {}
    ids = set()
    for folder in folders:
        with Episode.open(folder) as episode:
            tasks.setdefault(episode.meta.prompt, []).append(_frames(episode))
            ids.add((episode.meta.robot, episode.meta.layout_id))
    if len(ids) != 1:
        raise ContractMismatch(f'episodes of {len(ids)} bodies; fit each by itself')
    memories = [_memory(prompt, rows) for prompt, rows in tasks.items()]
    return Neighbours(memories, int(ids.pop()[1], 16), config)


def _memory(prompt: str, rows: Sequence[tuple[Array, Array, Array]]) -> Memory:
    state, sim_state, action = (np.vstack(part) for part in zip(*rows, strict=True))
    left = np.concatenate([np.arange(len(r[0]), 0, -1) for r in rows])
    return Memory(prompt, state, sim_state, action, left)


def _frames(episode: Episode) -> tuple[Array, Array, Array]:
    found = episode.sim_state()
    if found is None:
        raise EpisodeError(
            f'{episode.folder}: the state of the simulation was not recorded; leave out '
            '--no-sim-state, or name another --policy'
        )
    table, body = episode.table(), load_body(episode.meta.robot)
    layout = StateLayout(body)
    pairs = zip(table.position, table.velocity, strict=True)
    state = np.array([layout.state(position, velocity) for position, velocity in pairs])
    return state, found[1], action_at(table, body)


def save_neighbours(path: Path, policy: Neighbours) -> Path:
    """Write a policy so that a crash leaves no half of it."""
    arrays: dict[str, Any] = {}
    for i, memory in enumerate(policy.memories.values()):
        arrays |= {f'{i}.{name}': getattr(memory, name) for name in _COLUMNS}
    about = {
        'schema': SCHEMA,
        'layout_id': f'{policy.layout_id:016x}',
        'prompts': list(policy.memories),
        'config': policy.config.__dict__,
    }
    arrays['about'] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    fresh = path.with_name(path.name + '.new')
    with fresh.open('wb') as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return path


def load_neighbours(path: Path) -> Neighbours:
    """Read what save_neighbours wrote; no pickle."""
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(file['about'].tobytes())
        memories = [
            Memory(prompt, *(file[f'{i}.{name}'] for name in _COLUMNS))
            for i, prompt in enumerate(about['prompts'])
        ]
    return Neighbours(memories, int(about['layout_id'], 16), NeighboursConfig(**about['config']))
