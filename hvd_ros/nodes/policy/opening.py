# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Any policy by what stands behind `policy:=`, or a refusal before anything runs.

A bundle's folder, ws://HOST:PORT of `hvd serve`, KIND:PATH as `hvd eval` takes it, or
module:attribute. What brings them in is imported late: a robot needs only its own.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hvd_ros.core.episodes.streams import CAMERAS
from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.policy.policy import Policy, checked_policy, is_privileged
from hvd_ros.core.robot.body import Body

_SERVER = ('ws://', 'wss://')


def open_for_robot(spec: str, body: Body, hardware: str, runtime: str = 'best') -> Policy:
    """Make the policy; raises HvdError unless it may drive this body on this hardware."""
    if not spec:
        raise ConfigError(
            "parameter 'policy' is empty; name a bundle: hvd launch deploy policy:=NAME.bundle"
        )
    policy = checked_policy(_open(spec, body, runtime), spec, body)
    if hardware == 'real' and is_privileged(policy):
        raise ConfigError(
            f"policy '{spec}' looks at sim_state, which only a simulation knows; on a robot "
            'deploy one that sees sensors only'
        )
    return policy


def cameras_of(policy: Policy) -> tuple[str, ...]:
    """Return the cameras that a policy looks through; all of them unless it says so itself."""
    return tuple(getattr(policy, 'cameras', CAMERAS))


def identity_of(policy: Policy, spec: str) -> str:
    """Return what a chunk calls its author: the id of a bundle, else what was asked for."""
    return str(getattr(policy, 'bundle_id', '') or spec)


def check_prompt(policy: Policy, prompt: str) -> None:
    """Raise ConfigError when a policy says which prompts it knows and this is none of them."""
    known: Sequence[str] = tuple(getattr(policy, 'prompts', ()))
    if known and prompt not in known:
        raise ConfigError(
            f"policy '{policy.name}' does not know the prompt '{prompt}'; "
            f'{did_you_mean(prompt, known)}'
        )


def _open(spec: str, body: Body, runtime: str) -> Policy:
    found: Any
    if spec.startswith(_SERVER):
        from hvd_ros.runtime.client import open_remote

        found = open_remote(spec, body)
    elif Path(spec).is_dir():
        from hvd_ros.runtime.bundle_policy import open_bundle

        found = open_bundle(Path(spec), body, runtime)
    elif spec.endswith('.bundle'):
        raise ConfigError(f"there is no bundle '{spec}'; `hvd export RUN` makes one")
    else:
        from hvd_ros.sim.policies.opening import open_policy

        found = open_policy(spec, body)
    policy: Policy = found
    return policy
