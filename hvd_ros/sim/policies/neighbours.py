# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A policy that does what experts did when things stood most alike: no training, no framework.

It knows where things are (privileged) and remembers experts' episodes frame by frame. Of each of
the nearest episodes it takes the most similar frame, and answers with their next steps, bent by a
local linear fit to where things stand now. A few dozen experts make it good enough to succeed now
and then, so its rollouts are of every grade, as those of a young policy are.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
from typing import Any
import zipfile

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
_LEAST = 1e-9
_SPARE = 2  # steps of an answer behind those that are carried out


Names = tuple[str, ...]


@dataclass(frozen=True)
class NeighboursConfig:
    """How it looks and how it acts; weights are of numbers in units of their deviation."""

    execute: int = 8  # steps of an answer that are carried out
    episodes: int = 12  # that are asked, each for its most similar frame
    ridge: float = 0.02  # of the fit, in shares of the mean square; large: their plain mean
    privileged: float = 3.0  # weight of what only a simulation knows
    hands: float = 1.0  # times that: where things are from the hands
    room: float = 1.0  # times that: where the base is in the room
    rates: float = 0.1  # weight of velocities, which change more than they tell
    margin: float = 0.05  # how far the fit may leave what was really done


@dataclass(frozen=True, eq=False)
class Memory:
    """The frames of one task's experts."""

    prompt: str
    state: Array  # (N, S)
    sim_state: Array  # (N, P)
    action: Array  # (N, D) what was sent
    left: NDArray[np.int64]  # (N,) frames to the end of the episode, this one included
    sim_names: Names


class Neighbours:
    """Implements Policy."""

    name = 'neighbours'
    needs = frozenset({Modality.STATE, Modality.SIM_STATE})

    def __init__(
        self,
        memories: Sequence[Memory],
        robot: str,
        layout_id: int,
        config: NeighboursConfig | None = None,
    ) -> None:
        self.config = config or NeighboursConfig()
        self.robot, self.layout_id = robot, layout_id
        self.memories = {memory.prompt: memory for memory in memories}
        names = StateLayout(load_body(robot)).names
        self._looks = {
            prompt: _Look(memory, (names, memory.sim_names), self.config)
            for prompt, memory in self.memories.items()
        }
        self._prompt = ''

    @property
    def execute(self) -> int:
        """How many steps of an answer are carried out."""
        return self.config.execute

    @property
    def horizon(self) -> int:
        """How many steps an answer has; a robot goes on while it is asked again."""
        return self.config.execute + _SPARE

    def reset(self, seed: int, prompt: str) -> None:
        """Remember the task of a prompt; nothing is drawn, so every seed is the same."""
        if prompt not in self.memories:
            raise ConfigError(f"no memory of '{prompt}': {did_you_mean(prompt, self.memories)}")
        self._prompt = prompt

    def act(self, observation: Observation) -> Array:
        """Return the next steps that the fit gives (horizon, D)."""
        if observation.sim_state is None:
            raise ContractMismatch(
                f"policy '{self.name}' needs {Modality.SIM_STATE}, which was not shown"
            )
        return self._looks[self._prompt].answer(observation.state, observation.sim_state)


class _Look:
    """Finds the frames of one task that are alike, and fits their actions."""

    def __init__(
        self, memory: Memory, names: tuple[Names, Names], config: NeighboursConfig
    ) -> None:
        self._memory, self._config = memory, config
        whole = np.hstack((memory.state, memory.sim_state))
        self._scale = _weights(*names, config) / np.maximum(whole.std(axis=0), _STILL)
        self._rows = (whole * self._scale).astype(np.float32)
        self._squares = (self._rows**2).sum(axis=1)
        self._starts = np.flatnonzero(np.r_[True, memory.left[:-1] == 1])

    def answer(self, state: Array, sim_state: Array) -> Array:
        seen = np.concatenate((state, sim_state)) * self._scale
        near, far = self._nearest(seen.astype(np.float32))
        steps = np.arange(self._config.execute + _SPARE)
        steps = np.minimum(steps, self._memory.left[near][:, None] - 1)
        done = self._memory.action[near[:, None] + steps]  # (K, H, D)
        share = np.exp(-0.5 * (far / max(float(np.median(far)), _STILL)) ** 2) + _LEAST
        return self._fit(seen, near, share / share.sum(), done)

    def _nearest(self, seen: NDArray[np.float32]) -> tuple[NDArray[np.intp], Array]:
        """Return the best frame of the best episodes, and how far away they are."""
        square = self._squares - 2 * (self._rows @ seen)
        best = np.minimum.reduceat(square, self._starts)
        chosen = np.argsort(best, kind='stable')[: self._config.episodes]
        ends = np.append(self._starts[1:], len(square))
        frames = [
            self._starts[i] + int(np.argmin(square[self._starts[i] : ends[i]])) for i in chosen
        ]
        far = np.sqrt(np.maximum(best[chosen] + float(seen @ seen), 0.0))
        return np.array(frames), far.astype(np.float64)

    def _fit(self, seen: Array, near: NDArray[np.intp], share: Array, done: Array) -> Array:
        """Fit actions linearly to what was seen, by ridge regression in its dual form."""
        rows = self._rows[near].astype(np.float64)
        middle, mean = share @ rows, np.einsum('k,khd->hd', share, done)
        root = np.sqrt(share)[:, None]
        away, change = (rows - middle) * root, (done - mean).reshape(len(near), -1) * root
        gram = away @ away.T
        ridge = self._config.ridge * np.trace(gram) / len(near) + _LEAST
        dual = np.linalg.solve(gram + ridge * np.eye(len(near)), change)
        bent = mean + ((seen - middle) @ away.T @ dual).reshape(mean.shape)
        margin = self._config.margin
        answer: Array = np.clip(bent, done.min(axis=0) - margin, done.max(axis=0) + margin)
        return answer


def _weights(state: Names, sim_state: Names, config: NeighboursConfig) -> Array:
    rates = [config.rates if _is_rate(name) else 1.0 for name in state]
    known = [config.privileged * _weight(name, config) for name in sim_state]
    return np.array([*rates, *known])


def _weight(name: str, config: NeighboursConfig) -> float:
    if name.startswith('room.'):
        return config.room
    return config.hands if '.left.' in name or '.right.' in name else 1.0


def _is_rate(name: str) -> bool:
    """Whether a number of the state is one, by its name: of joints, and of the base."""
    return name.endswith('.velocity') or name.startswith('base_')


def fit_neighbours(folders: Sequence[Path], config: NeighboursConfig | None = None) -> Neighbours:
    """Remember recorded episodes; they need the state of the simulation."""
    found: dict[str, list[tuple[Names, tuple[Array, Array, Array]]]] = {}
    ids = set()
    for folder in folders:
        with Episode.open(folder) as episode:
            found.setdefault(episode.meta.prompt, []).append(_frames(episode))
            ids.add((episode.meta.robot, int(episode.meta.layout_id, 16)))
    if len(ids) != 1:
        raise ContractMismatch(f'{len(folders)} episodes of {len(ids)} bodies; one is needed')
    memories = [_memory(prompt, rows) for prompt, rows in found.items()]
    return Neighbours(memories, *ids.pop(), config)


def _memory(prompt: str, episodes: Sequence[tuple[Names, tuple[Array, Array, Array]]]) -> Memory:
    names = {found for found, _ in episodes}
    if len(names) > 1:
        raise ContractMismatch(f"'{prompt}': episodes differ in what the simulation told")
    rows = [columns for _, columns in episodes]
    state, sim_state, action = (np.vstack(part) for part in zip(*rows, strict=True))
    left = np.concatenate([np.arange(len(r[0]), 0, -1) for r in rows])
    return Memory(prompt, state, sim_state, action, left, names.pop())


def _frames(episode: Episode) -> tuple[Names, tuple[Array, Array, Array]]:
    found = episode.sim_state()
    if found is None:
        raise EpisodeError(
            f'{episode.folder}: the state of the simulation was not recorded; leave out '
            '--no-sim-state, or say with --policy who plays the rollouts'
        )
    table, layout = episode.table(), StateLayout(load_body(episode.meta.robot))
    pairs = zip(table.position, table.velocity, strict=True)
    state = np.array([layout.state(position, velocity) for position, velocity in pairs])
    return found[0], (state, found[1], action_at(table))


def save_neighbours(path: Path, policy: Neighbours) -> Path:
    """Write a policy so that a crash leaves no half of it."""
    arrays: dict[str, Any] = {
        f'{i}.{name}': getattr(memory, name)
        for i, memory in enumerate(policy.memories.values())
        for name in _COLUMNS
    }
    about = {
        'schema': SCHEMA,
        'robot': policy.robot,
        'layout_id': f'{policy.layout_id:016x}',
        'tasks': [[m.prompt, list(m.sim_names)] for m in policy.memories.values()],
        'config': asdict(policy.config),
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
    """Read what save_neighbours wrote, without pickle; ConfigError when it is something else."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(file['about'].tobytes())
            if about['schema'] != SCHEMA:
                raise ValueError(f'schema {about["schema"]}, this program reads {SCHEMA}')
            memories = [
                Memory(
                    prompt=prompt,
                    sim_names=tuple(names),
                    **{name: file[f'{i}.{name}'] for name in _COLUMNS},
                )
                for i, (prompt, names) in enumerate(about['tasks'])
            ]
        config = NeighboursConfig(**about['config'])
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise ConfigError(
            f'{path}: not a policy of neighbours ({error}); `hvd sim generate` writes one'
        ) from None
    return Neighbours(memories, about['robot'], int(about['layout_id'], 16), config)
