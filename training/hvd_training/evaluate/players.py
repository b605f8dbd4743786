# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Whoever can play an episode: a policy that looks and answers, or an operator that knows the scene.

play() gives one of them one episode and says what came of it; what a policy does wrong is caught
here and nowhere else, so that it can not be taken for a score.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
import time
import traceback
from typing import Protocol

import numpy as np

from hvd_ros.core.errors import ConfigError, HvdError
from hvd_ros.core.policy.history import steps_of
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.policy import Policy, checked_chunk, checked_policy
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.sim.experts.catalogue import EXPERT, operator_moves
from hvd_ros.sim.ik import Solver
from hvd_ros.sim.robot import SimulationBroken
from hvd_ros.sim.task_env import TaskEnv
from hvd_training.evaluate.outcome import Ending, Outcome

Watch = Callable[[TaskEnv], None]


class PolicyFailed(Exception):
    """The player, not the simulation, did something wrong; the text says what."""


@dataclass
class Thinking:
    """How often and how long a player was asked."""

    calls: int = 0
    seconds: float = 0.0

    def timed(self, call: Callable[[], Array]) -> Array:
        """Ask, and count it."""
        start = time.perf_counter()
        answer = call()
        self.calls, self.seconds = self.calls + 1, self.seconds + time.perf_counter() - start
        return answer


class Player(Protocol):
    """Gives the commands of an episode that has just been reset."""

    @property
    def needs(self) -> frozenset[Modality]:
        """What it looks at."""
        ...

    def actions(self, env: TaskEnv, seed: int, thinking: Thinking) -> Iterator[Array]:
        """Yield one command (D,) a control step; raises PolicyFailed."""
        ...


class PolicyPlayer:
    """Plays any policy object, in chunks as the robot would."""

    def __init__(self, policy: Policy, body: Body) -> None:
        checked_policy(policy, getattr(policy, 'name', type(policy).__name__), body)
        self._policy = policy
        self.needs = policy.needs

    def actions(self, env: TaskEnv, seed: int, thinking: Thinking) -> Iterator[Array]:
        """Look, ask, carry out `execute` steps, look again."""
        with _blame():
            self._policy.reset(seed, env.prompt)
        while True:
            # Outside of the blame: what can not be observed is no fault of the policy.
            seen = _seen(env, self.needs)
            with _blame():
                answer = thinking.timed(lambda seen=seen: self._policy.act(seen))  # type: ignore[misc]
                chunk = checked_chunk(self._policy, answer, env.body)
            yield from steps_of(self._policy, chunk, lambda: _seen(env, self.needs))


@dataclass
class ExpertPlayer:
    """Lets the scripted expert of the task play; it knows where everything is."""

    body: Body
    needs: frozenset[Modality] = frozenset({Modality.SIM_STATE})
    _solver: Solver | None = field(default=None, repr=False)

    def actions(self, env: TaskEnv, seed: int, thinking: Thinking) -> Iterator[Array]:
        """Yield what the script wants; it ends when the script does."""
        self._solver = self._solver or Solver(self.body)
        rng = np.random.default_rng((seed, 1))
        moves = operator_moves(env.task.name, EXPERT, env, self._solver, rng)
        while True:
            with _blame():
                try:
                    action = thinking.timed(lambda: next(moves))
                except StopIteration:
                    return
            yield action


class _blame:  # noqa: N801 - reads as a statement: with _blame()
    """Turns whatever is raised inside into PolicyFailed with the place where it was."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or not isinstance(error, Exception):
            return
        if isinstance(error, HvdError):
            raise PolicyFailed(str(error)) from error
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise PolicyFailed(
            f'{type(error).__name__}: {error} ({place.filename}:{place.lineno})'
        ) from error


def _seen(env: TaskEnv, needs: frozenset[Modality]) -> Observation:
    """Look, and make sure that nothing is missing which a policy would take for darkness."""
    seen = env.observe(needs)
    shown = {
        Modality.STATE: True,
        Modality.RGB: bool(seen.images),
        Modality.DEPTH: bool(seen.depth_mm),
        Modality.CLOUD: seen.cloud is not None,
        Modality.SIM_STATE: seen.sim_state is not None,
    }
    missing = sorted(need for need in needs if not shown[need])
    if missing:
        raise ConfigError(f'{env.task.name} can not show {", ".join(missing)} in this simulation')
    return seen


def play(player: Player, env: TaskEnv, seed: int, watch: Watch | None = None) -> Outcome:
    """Play one episode; `watch` looks at its beginning and after every control step."""
    thinking = Thinking()
    task, setting = env.task.name, env.setting.name

    def ended(ending: Ending, error: str) -> Outcome:
        return Outcome(
            task, setting, seed, ending,
            calls=thinking.calls, thinking_s=thinking.seconds, error=error,
        )  # fmt: skip

    try:
        _steps(player, env, seed, thinking, watch)
    except PolicyFailed as error:
        return ended(Ending.POLICY_ERROR, str(error))
    except SimulationBroken as error:
        return ended(Ending.BLOW_UP, str(error))
    found = env.result()
    return Outcome(
        task=task,
        setting=setting,
        seed=seed,
        ending=Ending.PLAYED,
        scores=found.scores,
        stage_ends=found.stage_ends,
        duration_s=found.duration_s,
        calls=thinking.calls,
        thinking_s=thinking.seconds,
    )


def _steps(
    player: Player, env: TaskEnv, seed: int, thinking: Thinking, watch: Watch | None
) -> None:
    env.reset(seed)
    if watch:
        watch(env)
    for action in player.actions(env, seed, thinking):
        env.step(action)
        if watch:
            watch(env)
        if env.over:
            return
