# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A run of phase 2 as something that acts: observation in, absolute commands out.

Normalisation, the order of the state's numbers and the dimensions that were learnt come from the
run, never from where it acts; what does not fit is refused by name when it is opened.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
import torch
from torch import Tensor

from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean
from hvd_ros.core.policy.history import History
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.seen import seen_cloud, seen_picture, seen_state
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.robot.state import POSITION, STATE_FEATURES, VELOCITY, StateLayout
from hvd_training.data.batch import CLOUD, PROMPT, RGB, SIM_STATE, STATE, Observed
from hvd_training.data.loading.normaliser import Normaliser, normaliser
from hvd_training.objectives.registry import objective
from hvd_training.objectives.selection import BestOfN, advantages
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy
from hvd_training.policies.registry import entry
from hvd_training.train import contract, run_folder, value_run
from hvd_training.train.config import PolicyTrain, policy_from_json
from hvd_training.train.run_folder import RunFolder

_MODALITIES = {
    STATE: Modality.STATE,
    SIM_STATE: Modality.SIM_STATE,
    CLOUD: Modality.CLOUD,
    RGB: Modality.RGB,
}


def load_policy(
    path: Path, body: Body | None = None, device: str = 'cpu', execute: int | None = None
) -> 'TrainedPolicy':
    """
    Open a run of `hvd train-policy`; it can act at once.

    Raises ConfigError when it is no run, ContractMismatch when it is of another body or damaged.
    """
    folder = run_folder.open_run(path, run_folder.POLICY)
    config = policy_from_json(folder.config)
    network = open_network(folder, config, device)
    chosen = objective(config.objective_name).selection(config.objective)
    place = value_run.copy_of(path)
    sampler: ChunkPolicy | BestOfN = network
    if chosen is not None:
        if place is None:
            raise ContractMismatch(
                f"{path} chooses its actions by a value and has no folder 'value'; copy the run "
                'as a whole'
            )
        value = value_run.open_value(place, device)
        sampler = BestOfN(network, advantages(value.learner.model), chosen)
    return TrainedPolicy(folder, config, sampler, _body(folder, body), device, execute)


def open_network(folder: RunFolder, config: PolicyTrain, device: str = 'cpu') -> ChunkPolicy:
    """Return the network of a run with the weights that act, frozen."""
    shapes = contract.sizes_of(folder.about).shapes()
    network = entry(config.policy_name).build(config.policy, shapes)
    path = folder.path / run_folder.MODEL
    try:
        network.load_state_dict(load_file(path))
    except FileNotFoundError:
        raise ConfigError(
            f'{folder.path} has no {run_folder.MODEL} yet; it appears with the first checkpoint '
            '(--run.save_every)'
        ) from None
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ContractMismatch(
            f'{path} does not fit its {run_folder.CONFIG}: '
            f'{" ".join(str(error).split())[:200]}; the run is damaged, train it again'
        ) from None
    return network.to(device).eval().requires_grad_(False)


class TrainedPolicy:
    """Implements core/policy/policy.py."""

    def __init__(
        self,
        folder: RunFolder,
        config: PolicyTrain,
        sampler: ChunkPolicy | BestOfN,
        body: Body | None,
        device: str,
        execute: int | None,
    ) -> None:
        about = folder.about
        self._folder, self._sampler, self._device = folder, sampler, device
        self._about, self._config = about, config
        self.horizon = config.data.horizon
        self.execute = min(execute or config.execute, self.horizon)
        stats = contract.stats_from_json(folder.stats(), folder.path / run_folder.NORM_STATS)
        data = config.data
        self._scale: Normaliser = normaliser(
            stats, data.normalise, data.limit, about['actions'], data.horizon
        )
        self._state_at = _state_columns(about['state_names'], body)
        self._columns = [about['all_actions'].index(name) for name in about['actions']]
        self._still = _Still(about, body)
        self._generator = torch.Generator(device)
        self._prompt = 0
        self._sim_at = list(range(len(about['sim_names'])))
        self._past = History(data.history, 1 / about['fps'])

    @property
    def name(self) -> str:
        """Return how reports call it."""
        return self._folder.path.name

    @property
    def needs(self) -> frozenset[Modality]:
        """Return what it looks at; the state always, since chunks may start from it."""
        observe = self._config.data.observe
        seen = {
            modality
            for name, modality in _MODALITIES.items()
            if any(one == name or (name == RGB and one.startswith(RGB)) for one in observe)
        }
        return frozenset(seen | {Modality.STATE})

    @property
    def cameras(self) -> tuple[str, ...]:
        """Return which cameras it looks through."""
        return self._config.data.cameras

    @property
    def history(self) -> int:
        """Return how many moments it looks at."""
        return self._past.moments

    def look(self, observation: Observation) -> None:
        """Remember what is seen between two answers."""
        self._past.add(observation)

    def reset(self, seed: int, prompt: str) -> None:
        """Begin an episode; the same seed gives the same draws."""
        self._past.forget()
        self._generator.manual_seed(seed)
        if isinstance(self._sampler, BestOfN):
            self._sampler.reset(seed)
        self._sim_at = _sim_columns(self._about, prompt)
        prompts = self._about['prompts']
        if PROMPT in self._config.data.observe:
            if prompt not in prompts:
                raise ConfigError(
                    f"{self._folder.path} never learnt '{prompt}'; {did_you_mean(prompt, prompts)}"
                )
            self._prompt = prompts.index(prompt)

    def act(self, observation: Observation) -> Array:
        """Return a chunk (K, D) of absolute commands."""
        self._past.add(observation)
        state = self._state(observation)[None]
        seen = self._seen(observation)
        chunk = self._sample(seen, self._generator)
        learnt = self._scale.absolute(chunk.float().cpu().numpy(), state)[0]
        commands = self._still.chunk(state[0], len(learnt))
        commands[:, self._columns] = learnt
        return commands

    def _sample(self, seen: Observed, source: Source) -> Tensor:
        return self._sampler.sample(seen, source)

    def _state(self, observation: Observation) -> NDArray[np.float32]:
        return seen_state(observation.state, self._state_at)

    def _moments(self, look: Callable[[Observation], NDArray[Any]]) -> NDArray[Any]:
        """Return what is seen of (1, T, ...), oldest first, or of one moment (1, ...)."""
        seen = [look(one) for one in self._past.recent()]
        return seen[0][None] if len(seen) == 1 else np.stack(seen)[None]

    def _seen(self, observation: Observation) -> Observed:
        """Return the observation as batches have it, B = 1."""
        found: dict[str, Any] = {}
        for name in self._config.data.observe:
            if name == STATE:
                found[name] = self._scale.state.forward(self._moments(self._state))
            elif name == SIM_STATE:
                found[name] = self._sim_state(observation)
            elif name == CLOUD:
                found[name] = self._cloud(observation)
            elif name == PROMPT:
                found[name] = np.array([self._prompt])
            else:
                found[name] = self._moments(partial(self._picture, name.removeprefix(RGB)))
        return {key: torch.from_numpy(one).to(self._device) for key, one in found.items()}

    def _sim_state(self, observation: Observation) -> NDArray[np.float32]:
        if observation.sim_state is None or self._scale.sim_state is None:
            raise ConfigError(
                f'{self._folder.path} looks at the true state of a simulation, which was not '
                'given; it can not act on a robot'
            )
        known = np.zeros(len(self._about['sim_names']))
        if len(observation.sim_state) != len(self._sim_at):
            raise ContractMismatch(
                f'{self._folder.path} learnt with {len(self._sim_at)} numbers of sim_state, given '
                f'are {len(observation.sim_state)}; it belongs to another task'
            )
        # Things of other tasks are not there, and were zero where the policy learnt, too.
        known[self._sim_at] = observation.sim_state
        return self._scale.sim_state.forward(known[None])

    def _cloud(self, observation: Observation) -> NDArray[np.float32]:
        if observation.cloud is None:
            raise ConfigError(f'{self._folder.path} looks at a cloud, and none was given')
        return seen_cloud(*observation.cloud, self._config.data.cloud_points)[None]

    def _picture(self, camera: str, observation: Observation) -> NDArray[np.uint8]:
        picture = observation.images.get(camera)
        if picture is None:
            there = ', '.join(observation.images) or 'none'
            raise ConfigError(
                f"{self._folder.path} looks through the camera '{camera}', which shows nothing; "
                f'cameras that do: {there}'
            )
        height, width = self._about['pictures'][camera]
        return seen_picture(picture, (height, width))


class _Still:
    """What dimensions do that were not learnt: joints stay where they are, the base stands."""

    def __init__(self, about: dict[str, Any], body: Body | None) -> None:
        names = about['all_actions']
        self._size = len(names)
        dimensions = body.dimensions if body else ()
        rates = {d.name for d in dimensions if d.kind is Kind.VELOCITY}
        where = {name: i for i, name in enumerate(about['state_names'])}
        held = [
            (i, where[f'{name}.position'])
            for i, name in enumerate(names)
            if name not in rates and f'{name}.position' in where
        ]
        self._to = [i for i, _ in held]
        self._from = [j for _, j in held]

    def chunk(self, state: NDArray[np.float32], steps: int) -> Array:
        commands = np.zeros((steps, self._size))
        commands[:, self._to] = state[self._from]
        return commands


def _body(folder: RunFolder, body: Body | None) -> Body | None:
    """Return the body that acts, having checked that it is the one that was learnt on."""
    robot, layout = folder.about['robot'], folder.about['layout_id']
    if body is None:
        body = contract.body_of(robot)
    if body is not None and robot and layout != hex_id(body.layout_id):
        raise ContractMismatch(
            f"{folder.path} learnt on '{robot}' with layout {layout}, '{body.name}' has "
            f'{hex_id(body.layout_id)}; a policy acts on the body that it learnt on'
        )
    return body


def _sim_columns(about: dict[str, Any], prompt: str) -> list[int]:
    """Return where the numbers of a task stand among those of all tasks that were learnt."""
    names, task = about['sim_names'], about['tasks'].get(prompt)
    if not names:
        return []
    # Only here, so that a policy that looks at sensors needs no simulation.
    from hvd_ros.sim.sim_state import names_of
    from hvd_ros.sim.tasks.catalogue import TASKS, load_sim_task

    if task not in TASKS:
        return list(range(len(names)))
    own = names_of(load_sim_task(task))
    return [names.index(name) for name in own if name in names]


def _state_columns(names: list[str], body: Body | None) -> list[int]:
    """Return where the numbers of the state stand in what a body observes."""
    if body is None:
        return list(range(len(names)))
    features = STATE_FEATURES if body.urdf else (POSITION, VELOCITY)
    there = StateLayout(body, features).names
    missing = [name for name in names if name not in there]
    if missing:
        raise ContractMismatch(
            f"the policy looks at '{missing[0]}', which {body.name} does not observe; "
            f'{did_you_mean(missing[0], there)}'
        )
    return [there.index(name) for name in names]
