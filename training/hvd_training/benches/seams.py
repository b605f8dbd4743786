# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How rough the seams between chunks are, for every way of stitching, in one world for all.

The policy is one whose distribution is known: two ways of going on with one smooth motion, each
with smooth deviations, and the flow that draws from exactly that, in closed form. So what differs
is the stitching and not what a network happened to learn. It is asked every 0.1 s and answers
after a while that varies, as it does on a computer with other work; the mux plays what arrived.
"""

from dataclasses import dataclass
import math

import numpy as np
import torch
from torch import Tensor

from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.seams import Spoken, played, seam_jerk
from hvd_ros.core.policy.stitching import ENSEMBLE, NEWEST, RTC, Stitcher, Stitching
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_training.policies.heads.flow import NoiseAtOne
from hvd_training.policies.heads.leading import sample_along

LATENCY_S, STEP_S = (0.04, 0.12), 0.1  # from, to; of an answer and of a chunk
HORIZON = 16
_DELAY = math.ceil(max(LATENCY_S) / STEP_S)
_SPEED, _SWING = 1.5, 0.3  # of the motion [rad/s of its phase], [rad]
_APART = 0.01  # half the distance of the two ways [rad]
_SPREAD, _LENGTH = 0.005, 3.0  # of the deviations: [rad], steps that they stay alike
_UNIT = 0.1  # one normalised unit [rad]


def measure(body: Body, rollouts: int, asked: int = 100) -> dict[str, float]:
    """
    Return the jerk at the seams [rad/s^3] of every way, and its ratio to switching.

    A rollout is `asked` questions long. `seam_jerk_ratio` is that of the default.
    """
    spoken = {
        how: [_rollout(body, how, seed, asked) for seed in range(rollouts)]
        for how in (NEWEST, ENSEMBLE, RTC)
    }
    found = {how: _jerk(body, some) for how, some in spoken.items()}
    switching = _jerk(body, spoken[NEWEST], by_stamp=False)
    figures = {'seam_jerk_index0_rad_s3': switching}
    figures |= {f'seam_jerk_{how}_rad_s3': jerk for how, jerk in found.items()}
    figures |= {f'seam_jerk_ratio_{how}': jerk / switching for how, jerk in found.items()}
    return figures | {'seam_jerk_ratio': found[Stitching().how] / switching}


def _jerk(body: Body, rollouts: list[list[Spoken]], by_stamp: bool = True) -> float:
    squares = []
    for spoken in rollouts:
        targets, seams = played(spoken, body, STEP_S, by_stamp=by_stamp)
        squares.append(seam_jerk(targets, seams, body) ** 2)
    return math.sqrt(float(np.mean(squares)))


def _rollout(body: Body, how: str, seed: int, asked: int) -> list[Spoken]:
    """Return the chunks of one rollout."""
    policy, stitcher = Known(body), Stitcher(body, Stitching(how, STEP_S))
    policy.reset(seed, '')
    took_s = np.random.default_rng(seed).uniform(*LATENCY_S, size=asked)
    spoken = []
    for i in range(asked):
        at_ns = round(i * STEP_S * 1e9)
        rows = stitcher.act(policy, Observation(at_ns, np.zeros(0)), _DELAY)
        arrived_ns = at_ns + round(took_s[i] * 1e9)
        spoken.append(Spoken(at_ns, arrived_ns, stitcher.join(at_ns, rows)))
    return spoken


class Known:
    """Implements Policy and Guided: draws from a distribution that is known."""

    name, needs, execute = 'known', frozenset({Modality.STATE}), 1

    def __init__(self, body: Body) -> None:
        self._joints, self._size = np.flatnonzero(body.mask(Kind.POSITION)), body.size
        self._phase = np.linspace(0, 2 * np.pi, len(self._joints), endpoint=False)
        self._head = NoiseAtOne(clean=True, steps=10)
        self._generator = torch.Generator()

    def reset(self, seed: int, prompt: str) -> None:
        """Begin a rollout."""
        self._generator.manual_seed(seed)

    def act(self, observation: Observation) -> Array:
        """Draw a chunk."""
        drawn = self._head.sample(
            self._flow(observation), self._shape, self._generator, torch.device('cpu')
        )
        return self._commands(drawn)

    def act_along(self, observation: Observation, tail: Array, weights: Array) -> Array:
        """Draw a chunk that agrees with a tail."""
        given = torch.zeros(self._shape)
        given[0, : len(tail)] = torch.from_numpy(tail[:, self._joints] / _UNIT)
        agree = torch.zeros(1, HORIZON)
        agree[0, : len(weights)] = torch.from_numpy(weights)
        flow = self._flow(observation)
        drawn = sample_along(self._head, flow, self._shape, self._generator, given, agree)
        return self._commands(drawn)

    @property
    def _shape(self) -> tuple[int, int, int]:
        return (1, HORIZON, len(self._joints))

    def _flow(self, observation: Observation) -> 'Flow':
        at_s = observation.stamp_ns / 1e9 + STEP_S * np.arange(HORIZON)[:, None]
        path = _SWING * np.sin(_SPEED * at_s + self._phase)
        ways = np.stack([path - _APART, path + _APART]) / _UNIT
        return Flow(torch.from_numpy(ways).float())

    def _commands(self, chunk: Tensor) -> Array:
        rows = np.zeros((HORIZON, self._size))
        rows[:, self._joints] = chunk[0].double().numpy() * _UNIT
        return rows


@dataclass(frozen=True, eq=False)
class Flow:
    """The clean chunk that a noised one is expected to be of, E[action | x, t], exactly."""

    ways: Tensor  # (2, K, D) means, equally likely

    def __call__(self, x: Tensor | None, time: Tensor | None) -> Tensor:
        """Return (1, K, D)."""
        assert x is not None
        assert time is not None
        t = float(time[0])
        alike = _alike()
        of_x = (1 - t) ** 2 * alike + t**2 * torch.eye(HORIZON) + 1e-6 * torch.eye(HORIZON)
        off = x - (1 - t) * self.ways  # (2, K, D)
        solved = torch.linalg.solve(of_x, off)
        share = torch.softmax(-0.5 * (off * solved).sum(dim=(1, 2)), dim=0)
        clean = self.ways + (1 - t) * alike @ solved
        mixed: Tensor = (share[:, None, None] * clean).sum(dim=0, keepdim=True)
        return mixed


def _alike() -> Tensor:
    """Return the covariance of the deviations (K, K), normalised."""
    step = torch.arange(HORIZON, dtype=torch.float32)
    far = (step[:, None] - step) / _LENGTH
    return (_SPREAD / _UNIT) ** 2 * torch.exp(-0.5 * far**2)
