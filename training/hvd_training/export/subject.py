# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A run opened to be exported: its network, its scales, and how it acts in PyTorch.

`eager` goes the way of train/loading.py step by step, so that what is compared with a graph is
what was evaluated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
import torch
from torch import nn

from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.robot.body import Body
from hvd_training.data.batch import SIM_STATE, STATE
from hvd_training.data.loading.normaliser import Normaliser, normaliser
from hvd_training.objectives.registry import objective
from hvd_training.objectives.selection import BestOfN, advantages
from hvd_training.policies.draws import GivenDraws
from hvd_training.policies.policy import ChunkPolicy
from hvd_training.train import contract, run_folder, value_run
from hvd_training.train.config import PolicyTrain, policy_from_json
from hvd_training.train.loading import open_network
from hvd_training.train.run_folder import RunFolder

Feeds = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Subject:
    """Everything of a run that is numbers."""

    folder: RunFolder
    config: PolicyTrain
    body: Body
    policy: ChunkPolicy
    sampler: ChunkPolicy | BestOfN
    value: nn.Module | None  # of a policy that chooses by value
    scale: Normaliser

    @property
    def about(self) -> dict[str, Any]:
        """Return run.json."""
        return self.folder.about

    @property
    def keys(self) -> tuple[str, ...]:
        """Return what a graph of it is fed with, noise apart."""
        observe = tuple(self.config.data.observe)
        needs_state = STATE not in observe and len(self.scale.moved)
        return ((STATE,) if needs_state else ()) + observe

    def eager(self, feeds: Feeds) -> NDArray[np.float64]:
        """Return the commands (1, K, A) of raw inputs and a noise, by PyTorch and NumPy."""
        seen = {
            key: torch.from_numpy(np.asarray(self._normal(key, feeds[key])))
            for key in self.config.data.observe
        }
        noise = torch.from_numpy(feeds['noise']) if 'noise' in feeds else torch.zeros(0)
        chunk = self.sampler.sample(seen, GivenDraws(noise))
        state = feeds[STATE] if STATE in feeds else np.zeros((1, 0), np.float32)
        now = state[:, -1] if state.ndim == 3 else state  # commands start from the newest moment
        return self.scale.absolute(chunk.float().numpy(), now)

    def noise_shape(self, feeds: Feeds) -> tuple[int, ...]:
        """Return the shape of the noise that a chunk takes; several draws are one flat row."""
        counted = GivenDraws()
        seen = {
            key: torch.from_numpy(np.asarray(self._normal(key, feeds[key])))
            for key in self.config.data.observe
        }
        self.sampler.sample(seen, counted)
        if len(counted.shapes) == 1:
            return counted.shapes[0]
        total = sum(int(np.prod(shape)) for shape in counted.shapes)
        return (1, total) if total else ()

    def _normal(self, key: str, values: NDArray[Any]) -> NDArray[Any]:
        if key == STATE:
            return self.scale.state.forward(values)
        if key == SIM_STATE:
            assert self.scale.sim_state is not None
            return self.scale.sim_state.forward(values)
        return values


def open_subject(path: Path) -> Subject:
    """Open a run of `hvd train-policy`; raises as train/loading.py, and for an unknown robot."""
    folder = run_folder.open_run(path, run_folder.POLICY)
    config = policy_from_json(folder.config)
    body = contract.body_of(folder.about['robot'])
    if body is None:
        raise ConfigError(
            f"{path} learnt on '{folder.about['robot']}', of which there is no robot description; "
            'a bundle commands a body, add its description to config/robots'
        )
    if folder.about['layout_id'] != hex_id(body.layout_id):
        raise ContractMismatch(
            f"{path} learnt on '{body.name}' with layout {folder.about['layout_id']}, its "
            f'description has {hex_id(body.layout_id)} now; a policy acts on the body that it '
            'learnt on'
        )
    policy = open_network(folder, config)
    sampler, value = _sampler(path, config, policy)
    stats = contract.stats_from_json(folder.stats(), path / run_folder.NORM_STATS)
    data = config.data
    scale = normaliser(stats, data.normalise, data.limit, folder.about['actions'], data.horizon)
    return Subject(folder, config, body, policy, sampler, value, scale)


def _sampler(
    path: Path, config: PolicyTrain, policy: ChunkPolicy
) -> tuple[ChunkPolicy | BestOfN, nn.Module | None]:
    chosen = objective(config.objective_name).selection(config.objective)
    if chosen is None:
        return policy, None
    if chosen.choose != 'argmax':
        raise ConfigError(
            f"{path} chooses its actions by chance ('{chosen.choose}'), which a graph can not; "
            'only the best of N can be exported, train with --objective.choose argmax'
        )
    place = value_run.copy_of(path)
    if place is None:
        raise ContractMismatch(f"{path} chooses its actions by a value and has no folder 'value'")
    model = value_run.open_value(place, 'cpu').learner.model.eval().requires_grad_(False)
    return BestOfN(policy, advantages(model), chosen), model
