# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who plays an episode, as commands one a control step, and how it is played before a tape."""

from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.policy.policy import Policy, checked_chunk
from hvd_ros.sim.experts.catalogue import Moves
from hvd_ros.sim.generate.tape import Tape
from hvd_ros.sim.task_env import Result, TaskEnv


def policy_moves(env: TaskEnv, policy: Policy, seed: int) -> Moves:
    """Yield what a policy does: look, carry out `execute` steps of the answer, look again."""
    policy.reset(seed, env.prompt)
    while True:
        chunk = checked_chunk(policy, policy.act(env.observe(policy.needs)), env.body)
        yield from chunk[: policy.execute]


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
