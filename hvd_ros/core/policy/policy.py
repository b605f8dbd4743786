# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a policy is: something that looks and answers with the next commands.

Scripted, nearest-neighbour, trained in PyTorch or an engine: whoever plays an episode or drives
the robot knows only this.
"""

from typing import Any, Protocol

import numpy as np

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.robot.body import Array, Body


class Policy(Protocol):
    """Anything that acts; reset() before the first act() of an episode."""

    @property
    def name(self) -> str:
        """How reports call it."""
        ...

    @property
    def needs(self) -> frozenset[Modality]:
        """What has to be in an observation beyond its stamp and prompt."""
        ...

    @property
    def execute(self) -> int:
        """How many steps of a chunk are carried out before the next act()."""
        ...

    def reset(self, seed: int, prompt: str) -> None:
        """Begin an episode; the same seed and observations give the same actions."""
        ...

    def act(self, observation: Observation) -> Array:
        """
        Return a chunk (H, D) of absolute commands in the order of the body, H >= execute.

        Row j is reached 0.1 s * (j + 1) after the observation, in a straight line from row to row.
        """
        ...


_MEMBERS = ('name', 'needs', 'execute', 'reset', 'act')


def checked_policy(policy: Any, called: str, body: Body) -> Policy:
    """Return what acts like a policy and for this body; raises ContractMismatch otherwise."""
    missing = [name for name in _MEMBERS if not hasattr(policy, name)]
    if missing:
        raise ContractMismatch(
            f"'{called}' is no policy: it has no {', '.join(missing)}; see "
            'hvd_ros/core/policy/policy.py'
        )
    theirs = getattr(policy, 'layout_id', body.layout_id)
    if theirs != body.layout_id:
        raise ContractMismatch(
            f"policy '{called}' is of a body with layout {theirs:016x}, '{body.name}' has "
            f'{body.layout_id:016x}; choose the one that it learnt on (--robot, robot:=, '
            '`hvd eval`: --body)'
        )
    checked: Policy = policy
    return checked


def is_privileged(policy: Policy) -> bool:
    """Say whether a policy needs what only a simulation knows; no robot may run such a one."""
    return Modality.SIM_STATE in policy.needs


def checked_chunk(policy: Policy, chunk: Array, body: Body) -> Array:
    """Return what a policy answered (H, D); raises ContractMismatch unless a body can do it."""
    steps = np.asarray(chunk, dtype=np.float64)
    if steps.ndim != 2 or steps.shape[1] != body.size or len(steps) < max(policy.execute, 1):
        raise ContractMismatch(
            f"policy '{policy.name}' answered with an array of shape {steps.shape}; needed are "
            f'{max(policy.execute, 1)} or more steps of {body.size} dimensions ({body.name})'
        )
    if not np.isfinite(steps).all():
        step, dimension = (int(i) for i in np.argwhere(~np.isfinite(steps))[0])
        raise ContractMismatch(
            f"policy '{policy.name}': step {step} of its chunk is {steps[step, dimension]} for "
            f"'{body.names[dimension]}'; an untrained or diverged network does this"
        )
    return steps
