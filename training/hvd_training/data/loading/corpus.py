# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
All datasets of a run as one: which rows a chunk may start from, and the chunks themselves.

Rows and episodes are numbered through, one dataset after the other. An episode is either learnt
from or held out, whole, and the same one in two datasets is learnt from once.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.seen import seen_cloud
from hvd_training.data.batch import CLOUD, PROMPT, RGB, SIM_STATE, STATE, Batch, Observed
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.normaliser import Normaliser
from hvd_training.data.loading.recordings import Recordings, run_starts
from hvd_training.data.reader import DatasetReader

Rows = NDArray[np.int64]


class Corpus:
    """Several recordings, normalised alike."""

    def __init__(
        self,
        parts: Sequence[Recordings],
        config: DataConfig,
        normaliser: Normaliser,
        columns: Sequence[int],
        prompts: Sequence[str],
    ) -> None:
        """Take the dimensions of an action that are learnt, and the prompts in their order."""
        self.parts, self.config, self.normaliser = tuple(parts), config, normaliser
        self.columns, self.prompts = tuple(columns), tuple(prompts)
        self.facts = tuple(facts for part in parts for facts in part.facts)
        self.offsets = np.cumsum([0, *(part.rows for part in parts)])
        self.episodes = np.cumsum([0, *(len(part.facts) for part in parts)])
        self.episode_of_rows = np.concatenate(
            [np.asarray(part.episode) + self.episodes[i] for i, part in enumerate(parts)]
        )
        self.rewards = np.concatenate([np.asarray(part.reward) for part in parts])
        self.terminated = np.concatenate([np.asarray(part.terminated) for part in parts])
        self.left = np.concatenate([np.asarray(part.left) for part in parts])
        by_success = config.expert == 'success'
        self.is_expert = np.concatenate([part.expert(by_success) for part in parts])
        # Of each row, where its run of frames begins: history does not look behind that.
        self._first = [run_starts(part) for part in parts] if config.history > 1 else []
        self._prompt = np.array([self.prompts.index(facts.prompt) for facts in self.facts])
        self._pool = ThreadPoolExecutor(config.readers, 'reader')
        self._mine = threading.local()

    def but(self, parts: Sequence[Recordings]) -> 'Corpus':
        """Return it with the same rows in another form."""
        return Corpus(parts, self.config, self.normaliser, self.columns, self.prompts)

    @property
    def picture_sizes(self) -> dict[str, tuple[int, int]]:
        """Return height and width of the images of each camera."""
        pictures = self.parts[0].pictures
        return {camera: (one.shape[1], one.shape[2]) for camera, one in pictures.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """Return the dimensions of an action that are learnt."""
        return tuple(self.parts[0].action_names[i] for i in self.columns)

    def chunks(self, rows: Rows, with_next: bool = True) -> Batch:
        """Return the chunks that start at these rows (B,), in their order."""
        part = np.searchsorted(self.offsets, rows, side='right') - 1
        found = None
        for number in np.unique(part):
            at = np.flatnonzero(part == number)
            piece = self._of(int(number), rows[at], with_next)
            if len(at) == len(rows):
                found = piece
                break
            found = _blank(piece, len(rows)) if found is None else found
            for key, values in piece.items():
                found[key][at] = values
        if found is None:
            raise ConfigError('a batch of nothing was asked for')
        return _batch(found)

    def clipped(self, rows: Rows) -> dict[str, float]:
        """Return the share of the numbers of these rows that normalising clips."""
        counts = np.zeros(4)
        part = np.searchsorted(self.offsets, rows, side='right') - 1
        for number in np.unique(part):
            data = self.parts[number]
            local = rows[part == number] - self.offsets[number]
            state, action = data.state[local], data.action[local][:, None, self.columns]
            beyond = self.normaliser.state.beyond(state), self.normaliser.beyond(action, state)
            counts += [beyond[0], state.size, beyond[1], action.size]
        return {'state': counts[0] / counts[1], 'action': counts[2] / counts[3]}

    def _of(self, number: int, rows: Rows, with_next: bool) -> dict[str, NDArray[Any]]:
        """Return arrays of rows of one part; keys with a dot are observations."""
        data, config = self.parts[number], self.config
        local = rows - self.offsets[number]
        left = np.asarray(data.left[local])
        real = np.minimum(left, config.horizon)
        steps = np.arange(config.horizon)
        inside = local[:, None] + np.minimum(steps, real[:, None] - 1)
        valid = steps < real[:, None]
        action = data.action[inside]
        if len(self.columns) != action.shape[-1]:
            action = action[..., self.columns]
        after = local + np.minimum(real, data.ahead[local])
        state = data.state[local]
        seen = self._seen(number, local)
        follows = self._seen(number, after) if with_next else seen
        episode = np.asarray(data.episode[local]) + self.episodes[number]
        return {
            'actions': self.normaliser.actions(action, state),
            'valid': valid,
            'rewards': np.where(valid, data.reward[inside], 0).astype(np.float32),
            'terminated': valid & data.terminated[inside],
            'expert': self.is_expert[episode],
            'episode': episode,
            'row': rows,
            **{f'now/{key}': values for key, values in seen.items()},
            **{f'next/{key}': values for key, values in follows.items()},
        }

    def _seen(self, number: int, local: Rows) -> dict[str, NDArray[Any]]:
        data, back = self.parts[number], self.back(number, local)
        seen: dict[str, NDArray[Any]] = {}
        for key in self.config.observe:
            if key == STATE:
                seen[key] = self.normaliser.state.forward(data.state[back])
            elif key == SIM_STATE and data.sim_state is not None and self.normaliser.sim_state:
                seen[key] = self.normaliser.sim_state.forward(data.sim_state[local])
            elif key == PROMPT:
                episode = np.asarray(data.episode[local]) + self.episodes[number]
                seen[key] = self._prompt[episode]
            elif key == CLOUD:
                seen[key] = np.stack(self._each(number, local, self._cloud))
            else:
                seen[key] = np.asarray(data.pictures[key.removeprefix(RGB)][back])
        return seen

    def back(self, number: int, local: Rows) -> Rows:
        """Return the rows (B, T) that are seen at once, oldest first; (B,) if it is one alone."""
        if self.config.history == 1:
            return local
        before = np.arange(1 - self.config.history, 1)
        rows: Rows = np.maximum(local[:, None] + before, self._first[number][local][:, None])
        return rows

    def _each(self, number: int, local: Rows, look: Any) -> list[NDArray[Any]]:
        """Look at rows in threads; a thread has readers of its own, since a video has a place."""

        def one(row: int) -> NDArray[Any]:
            readers = self._mine.__dict__.setdefault('readers', {})
            if number not in readers:
                readers[number] = DatasetReader(self.parts[number].root)
            return np.asarray(look(readers[number], row))

        return list(self._pool.map(one, local.tolist()))

    def _cloud(self, reader: DatasetReader, row: int) -> NDArray[np.float32]:
        return seen_cloud(*reader.cloud(row), self.config.cloud_points)


def _blank(piece: dict[str, NDArray[Any]], size: int) -> dict[str, NDArray[Any]]:
    return {key: np.empty((size, *v.shape[1:]), v.dtype) for key, v in piece.items()}


def _batch(found: dict[str, NDArray[Any]]) -> Batch:
    tensors = {key: torch.from_numpy(np.ascontiguousarray(v)) for key, v in found.items()}
    seen: dict[str, Observed] = {'now': {}, 'next': {}}
    plain = {}
    for key, tensor in tensors.items():
        when, _, name = key.partition('/')
        if name:
            seen[when][name] = tensor
        else:
            plain[key] = tensor
    return Batch(observation=seen['now'], next_observation=seen['next'], **plain)
