# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who plays an episode, as commands one a control step, and how it is played before a tape."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import numpy as np

from hvd_ros.core.errors import ContractMismatch, EpisodeError, HvdError
from hvd_ros.core.policy.history import steps_of
from hvd_ros.core.policy.policy import Policy, checked_chunk
from hvd_ros.core.robot.body import Array, Kind
from hvd_ros.sim.experts.catalogue import Moves
from hvd_ros.sim.generate.tape import Tape
from hvd_ros.sim.task_env import Result, TaskEnv

_STUCK_STEPS = 50
_MOVED = 0.1  # rad of any joint, or m or rad of the base


def policy_moves(env: TaskEnv, policy: Policy, seed: int) -> Moves:
    """
    Yield what a policy does: look, carry out `execute` steps of the answer, look again.

    It ends when nothing has moved for a while, as whoever stands beside a robot would end it: a
    lost policy would fill a dataset with frames in which it waits for its time to be over.
    """
    with _blame(policy):
        policy.reset(seed, env.prompt)
    moved, then = 0, _posture(env)
    for look in count():
        now, steps = _posture(env), look * policy.execute
        if np.abs(now - then).max() > _MOVED:
            moved, then = steps, now
        if steps - moved >= _STUCK_STEPS:
            return
        # Outside of the blame: what can not be shown is no fault of the policy.
        seen = env.observe(policy.needs)
        with _blame(policy):
            chunk = checked_chunk(policy, policy.act(seen), env.body)
        yield from steps_of(policy, chunk, lambda: env.observe(policy.needs))


def _posture(env: TaskEnv) -> Array:
    """Return joints and the place of the base; hands that open and close are no way ahead."""
    joints = env.position[env.body.mask(Kind.POSITION)]
    return np.concatenate((joints, env.data.qpos[:3]))


@contextmanager
def _blame(policy: Policy) -> Iterator[None]:
    """Turn whatever a policy raises into one line with its name."""
    try:
        yield
    except HvdError:
        raise
    except Exception as error:
        raise ContractMismatch(
            f"policy '{policy.name}' failed: {type(error).__name__}: {error}; play it with "
            '--workers 1 under a debugger'
        ) from error


def play(env: TaskEnv, moves: Moves, tape: Tape) -> Result:
    """Play an episode that has been reset to its end, before a tape; the tape is not sealed."""
    for asked in moves:
        tape.moment(asked)
        env.step(asked)
        if env.over:
            break
    if len(env.truths) < 2:
        raise EpisodeError(f'{env.task.name}: it ended before its first command')
    tape.moment(None)
    return env.result()
