# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How the chunk of now follows the chunk of before.

The mux plays every chunk by the stamp of its observation, so time never jumps at a seam; but two
chunks may want different things of the same moment. `newest` lets the last word stand, `ensemble`
averages all that was said of a moment (temporal ensembling, ACT), `rtc` tells the policy what is
under way, and it samples a chunk that agrees (real-time chunking, arXiv 2506.07339).
"""

from collections import deque
from dataclasses import dataclass
import math
from typing import Protocol, runtime_checkable

import numpy as np

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.mux.chunks import Plan, over, step_from
from hvd_ros.core.policy.observation import Observation
from hvd_ros.core.policy.policy import Policy
from hvd_ros.core.robot.body import Array, Body, Kind

NEWEST, ENSEMBLE, RTC = 'newest', 'ensemble', 'rtc'
HOW = (NEWEST, ENSEMBLE, RTC)


@runtime_checkable
class Guided(Protocol):
    """A policy whose sampling can be led: the part of Policy that `rtc` needs on top."""

    def act_along(self, observation: Observation, tail: Array, weights: Array) -> Array:
        """
        Return a chunk (H, D) that agrees with `tail` (K, D) where `weights` (K,) are 1.

        `tail` is what is under way, at the steps of the answer; at weight 0 it says nothing.
        """
        ...


@dataclass(frozen=True)
class Stitching:
    """How chunks are joined."""

    how: str = NEWEST
    step_s: float = 0.1
    decay: float = 0.01  # of ensemble: a chunk older by one weighs exp(decay) times as much


class Stitcher:
    """Remembers the chunks of one rollout."""

    def __init__(self, body: Body, config: Stitching) -> None:
        """Raise ConfigError for a way that is none."""
        if config.how not in HOW:
            raise ConfigError(f"stitching '{config.how}': {did_you_mean(config.how, HOW)}")
        self._config = config
        self._interpolated = body.mask(Kind.POSITION).astype(np.float64)
        self._said: deque[Plan] = deque(maxlen=256)  # as the policy said them, oldest first
        self._sent: Plan | None = None

    def forget(self) -> None:
        """Begin a rollout: what was said before was not done."""
        self._said.clear()
        self._sent = None

    def act(self, policy: Policy, observation: Observation, delay_steps: int) -> Array:
        """Ask a policy, along with what is under way if that is how it is done."""
        if self._config.how == RTC and self._sent is not None and isinstance(policy, Guided):
            times = observation.stamp_ns + self._steps(len(self._sent.rows))
            tail = self._covered(self._sent, times)
            if len(tail):
                # Asked anew as soon as it has answered, it carries out what passes meanwhile.
                weights = prefix_weights(len(tail), delay_steps, max(delay_steps, 1))
                return policy.act_along(observation, tail, weights)
        return policy.act(observation)

    def join(self, observation_ns: int, rows: Array) -> Array:
        """Return the chunk (H, D) to be sent for what a policy answered."""
        said = self._plan(observation_ns, rows)
        self._said.append(said)
        while over(self._said[0], observation_ns):
            self._said.popleft()
        sent = self._averaged(said) if self._config.how == ENSEMBLE else rows
        self._sent = self._plan(observation_ns, sent)
        return sent

    def _averaged(self, said: Plan) -> Array:
        total = np.zeros_like(said.rows)
        weight = np.zeros((len(said.rows), 1))
        times = said.start_ns + self._steps(len(said.rows))
        for older, plan in enumerate(self._said):
            share = math.exp(-self._config.decay * older)  # the oldest weighs most
            found = said.rows if plan is said else self._covered(plan, times)
            total[: len(found)] += share * found
            weight[: len(found)] += share
        return np.asarray(total / weight)

    def _covered(self, plan: Plan, times: np.ndarray) -> Array:
        """Return what a chunk says of the steps from some times on (K, D), as far as it goes."""
        rows = []
        for at_ns in times:
            found = step_from(plan, int(at_ns))
            if found is None:
                break
            rows.append(found)
        return np.array(rows) if rows else np.zeros((0, plan.rows.shape[1]))

    def _plan(self, observation_ns: int, rows: Array) -> Plan:
        return Plan(0, observation_ns, self._config.step_s * 1e9, rows, self._interpolated)

    def _steps(self, count: int) -> np.ndarray:
        return np.round(np.arange(count) * self._config.step_s * 1e9).astype(np.int64)


def prefix_weights(length: int, delay: int, execute: int) -> Array:
    """
    Return how much a new chunk must agree with the tail of the last one, per step (length,).

    1 while the new one is still being thought of (`delay` steps), then falling to 0 at the last
    `execute` steps, which are free: equation 5 of real-time chunking.
    """
    delay = min(max(delay, 0), length)
    end = max(length - max(execute, 1), delay)
    step = np.arange(length)
    left = (end - step) / (end - delay + 1)
    soft = left * np.expm1(np.maximum(left, 0.0)) / math.expm1(1.0)
    return np.where(step < delay, 1.0, np.where(step < end, soft, 0.0))


def check_stitching(how: str, policy: Policy) -> None:
    """Raise ConfigError when a policy can not be stitched so."""
    if how == RTC and not isinstance(policy, Guided):
        raise ConfigError(
            f"stitching 'rtc': policy '{policy.name}' can not be led while it samples; choose "
            f"'{NEWEST}' or '{ENSEMBLE}'"
        )
