# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A bundle as something that acts: observation in, absolute commands out, without PyTorch.

Everything that is numbers is in the graphs; here inputs are put in their form, noise is drawn by
NumPy from the seed, the loop over an `encode_step` sampler is run, and what was not learnt is held
still.
"""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean
from hvd_ros.core.policy import bundle
from hvd_ros.core.policy.bundle import Manifest
from hvd_ros.core.policy.history import History
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.seen import seen_cloud, seen_picture, seen_state
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.runtime.backend import Backend
from hvd_ros.runtime.choice import choose

Feed = dict[str, NDArray[Any]]


def open_bundle(
    folder: Path,
    body: Body,
    runtime: str = 'best',
    execute: int | None = None,
    tell: Callable[[str], object] | None = None,
) -> 'BundlePolicy':
    """
    Open a bundle for a body; it can act at once.

    `tell` is given one line that says which runtime was chosen and why. Raises ConfigError or
    ContractMismatch as core/policy/bundle.py says, and where the runtime can not run it.
    """
    manifest = bundle.load_manifest(folder, body)
    chosen = choose(folder, manifest, runtime)
    if tell is not None:
        tell(f'{folder.name}: {chosen.words}')
    steps = min(execute or manifest.execute, manifest.horizon)
    kind = LedBundlePolicy if bundle.ALONG in manifest.graphs else BundlePolicy
    return kind(manifest, chosen.backends, body, steps, chosen.name)


class BundlePolicy:
    """Implements core/policy/policy.py."""

    def __init__(
        self,
        manifest: Manifest,
        backends: Mapping[str, Backend],
        body: Body,
        execute: int,
        runtime: str = '',
    ) -> None:
        self.manifest, self.execute, self.runtime = manifest, execute, runtime
        self.horizon = manifest.horizon
        self._backends = dict(backends)
        there = bundle.observed_names(body)
        self._state_at = [there.index(name) for name in manifest.inputs.state]
        self._learnt = [body.index(name) for name in manifest.learnt]
        self._still = _Still(body, there)
        self._random = np.random.default_rng(0)
        self._prompt, self._sim_at = 0, np.arange(len(manifest.inputs.sim_state))
        self._past = History(manifest.inputs.history, manifest.step_s)

    @property
    def name(self) -> str:
        """Return how reports call it."""
        return self.manifest.name

    @property
    def needs(self) -> frozenset[Modality]:
        """Return what it looks at; the state always, since what was not learnt stays there."""
        seen = self.manifest.inputs
        asked = {
            Modality.SIM_STATE: seen.sim_state,
            Modality.CLOUD: seen.cloud_points,
            Modality.RGB: seen.cameras,
        }
        return frozenset({Modality.STATE} | {one for one, what in asked.items() if what})

    @property
    def cameras(self) -> tuple[str, ...]:
        """Return which cameras it looks through."""
        return tuple(self.manifest.inputs.cameras)

    @property
    def prompts(self) -> tuple[str, ...]:
        """Return the only prompts that it learnt."""
        return self.manifest.prompts

    @property
    def bundle_id(self) -> str:
        """Return which bundle it is."""
        return self.manifest.bundle_id

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
        self._random = np.random.default_rng(seed)
        prompts, seen = self.manifest.prompts, self.manifest.inputs
        if prompt not in prompts:
            raise ConfigError(
                f"bundle '{self.name}' never learnt '{prompt}'; {did_you_mean(prompt, prompts)}"
            )
        self._prompt = prompts.index(prompt)
        given = seen.sim_state_of.get(prompt, seen.sim_state)
        self._sim_at = np.array([seen.sim_state.index(name) for name in given], dtype=np.intp)

    def act(self, observation: Observation) -> Array:
        """Return a chunk (K, D) of absolute commands."""
        return self._commands(observation, self.sample(self._feed(observation) | self._noise()))

    def _commands(self, observation: Observation, chunk: NDArray[Any]) -> Array:
        """Return a chunk (1, K, A) of what was learnt with all dimensions."""
        learnt = chunk[0]
        commands = self._still.chunk(observation.state, len(learnt))
        commands[:, self._learnt] = learnt
        return commands

    def _noise(self) -> Feed:
        shape = self.manifest.sampler.noise
        return {'noise': self._random.standard_normal(shape).astype(np.float32)} if shape else {}

    def sample(self, feed: Feed) -> NDArray[Any]:
        """Return the commands (1, K, A) of what the graphs are fed, noise included."""
        if self.manifest.sampler.kind == bundle.WHOLE:
            return self._run(bundle.WHOLE, feed)['chunk']
        return self._loop(feed)

    def _loop(self, feed: Feed) -> NDArray[Any]:
        """Refine noise step by step after one context."""
        x = feed['noise']
        step = self._backends[bundle.STEP]
        step.hold(self._run(bundle.ENCODE, feed))
        for one in self.manifest.sampler.steps:
            at = {'x': x, 'time': np.full(1, one.time, np.float32)}
            said = step.run(at)['prediction'].astype(np.float32)
            x = np.float32(one.keep) * x + np.float32(one.gain) * said
        if bundle.FINISH not in self._backends:
            return x
        return self._run(bundle.FINISH, feed | {'x': x})['chunk']

    def _run(self, role: str, feed: Feed) -> dict[str, NDArray[Any]]:
        backend = self._backends[role]
        return backend.run({name: feed[name] for name in backend.inputs if name in feed})

    def _feed(self, observation: Observation) -> Feed:
        """Return what the graphs ask for; of nothing else anything is looked at."""
        seen = self.manifest.inputs
        self._past.add(observation)
        feed: Feed = {'state': self._moments(self._state)}
        if seen.sim_state:
            feed['sim_state'] = self._sim_state(observation)
        if seen.cloud_points:
            feed['cloud'] = self._cloud(observation)
        for camera, size in seen.cameras.items():
            feed[f'rgb.{camera}'] = self._moments(partial(self._picture, camera, size))
        if seen.prompt:
            feed['prompt'] = np.array([self._prompt], np.int64)
        return feed

    def _moments(self, look: Callable[[Observation], NDArray[Any]]) -> NDArray[Any]:
        """Return what is seen of (1, T, ...), oldest first, or of one moment (1, ...)."""
        seen = [look(one) for one in self._past.recent()]
        return seen[0][None] if len(seen) == 1 else np.stack(seen)[None]

    def _state(self, observation: Observation) -> NDArray[np.float32]:
        return seen_state(observation.state, self._state_at)

    def _sim_state(self, observation: Observation) -> NDArray[np.float32]:
        given = observation.sim_state
        if given is None:
            raise self._missing('the true state of a simulation; it can not act on a robot')
        if len(given) != len(self._sim_at):
            raise ContractMismatch(
                f"bundle '{self.name}' learnt with {len(self._sim_at)} numbers of sim_state, "
                f'given are {len(given)}; it belongs to another task'
            )
        # Things of other tasks are not there, and were zero where the policy learnt, too.
        known = np.zeros((1, len(self.manifest.inputs.sim_state)), np.float32)
        known[0, self._sim_at] = given
        return known

    def _cloud(self, observation: Observation) -> NDArray[np.float32]:
        if observation.cloud is None:
            raise self._missing('a cloud; start the cloud node, or look at its cameras')
        return seen_cloud(*observation.cloud, self.manifest.inputs.cloud_points)[None]

    def _picture(
        self, camera: str, size: tuple[int, int], observation: Observation
    ) -> NDArray[np.uint8]:
        picture = observation.images.get(camera)
        if picture is None:
            there = ', '.join(observation.images) or 'none'
            raise self._missing(f"the camera '{camera}'; given are {there}")
        return seen_picture(np.asarray(picture, np.uint8), size)

    def _missing(self, what: str) -> ContractMismatch:
        return ContractMismatch(f"bundle '{self.name}' was not shown what it looks at: {what}")


class LedBundlePolicy(BundlePolicy):
    """A bundle with a graph that can be led: implements Guided of core/policy/stitching.py."""

    def act_along(self, observation: Observation, tail: Array, weights: Array) -> Array:
        """Return a chunk (K, D) that agrees with `tail` (<= K, D) as much as `weights` say."""
        feed = self._feed(observation) | self._noise()
        steps, learnt = self.manifest.horizon, len(self._learnt)
        given, agree = np.zeros((1, steps, learnt), np.float32), np.zeros((1, steps), np.float32)
        count = min(len(tail), steps)
        given[0, :count] = tail[:count, self._learnt]
        agree[0, :count] = weights[:count]
        return self._commands(observation, self.sample_along(feed, given, agree))

    def sample_along(
        self, feed: Feed, tail: NDArray[np.float32], weights: NDArray[np.float32]
    ) -> NDArray[Any]:
        """Return the commands (1, K, A) that agree with `tail` (1, K, A) by weights (1, K)."""
        return self._run(bundle.ALONG, feed | {'tail': tail, 'weights': weights})['chunk']


class _Still:
    """What dimensions do that were not learnt: joints stay where they are, the base stands."""

    def __init__(self, body: Body, there: tuple[str, ...]) -> None:
        self._size = body.size
        self._to = [i for i, d in enumerate(body.dimensions) if d.kind is not Kind.VELOCITY]
        self._from = [there.index(f'{body.names[i]}.position') for i in self._to]

    def chunk(self, state: Array, steps: int) -> Array:
        commands = np.zeros((steps, self._size))
        commands[:, self._to] = np.asarray(state)[self._from]
        return commands
