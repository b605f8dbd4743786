# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How a policy does while it is being trained: a few episodes on validation seeds, in this process.

What is chosen by this (a checkpoint, a hyperparameter) is to be tested on test seeds afterwards;
they can not be asked for here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.policy.policy import Policy
from hvd_ros.core.robot.body import Body
from hvd_ros.sim.cameras import Look
from hvd_ros.sim.seeds import seeds_for
from hvd_ros.sim.task_env import TaskEnv
from hvd_training.evaluate.outcome import Ending, Outcome
from hvd_training.evaluate.players import PolicyPlayer, play
from hvd_training.evaluate.statistics import Interval, wilson


@dataclass(frozen=True)
class Validation:
    """What came of it."""

    outcomes: tuple[Outcome, ...]

    @property
    def played(self) -> list[Outcome]:
        """Return the episodes that have scores."""
        return [o for o in self.outcomes if o.played]

    @property
    def success(self) -> float:
        """Strict success; NaN when the physics broke in every episode."""
        return _mean([float(o.strict) for o in self.played])

    @property
    def score(self) -> float:
        """Normalised stage score."""
        return _mean([o.score for o in self.played])

    @property
    def interval(self) -> Interval:
        """Wilson's, of success."""
        rows = self.played
        return wilson(sum(o.strict for o in rows), len(rows)) if rows else Interval(0.0, 1.0)

    def as_metrics(self) -> dict[str, float]:
        """Return what a training log takes."""
        return {
            'validation/success': self.success,
            'validation/score': self.score,
            'validation/episodes': float(len(self.outcomes)),
            'validation/blow_ups': float(len(self.outcomes) - len(self.played)),
        }


class Validator:
    """Keeps the scenes from one validation to the next."""

    def __init__(
        self,
        tasks: Sequence[str],
        body: Body,
        episodes: int = 10,
        setting: str = 'usual',
        look: Look | None = None,
    ) -> None:
        self._envs = [TaskEnv(task, body, setting, look=look) for task in tasks]
        self._seeds, self._body = seeds_for('validation', episodes), body

    def validate(self, policy: Policy) -> Validation:
        """Play every task; raises ContractMismatch when the policy fails, naming the episode."""
        player = PolicyPlayer(policy, self._body)
        found = []
        for env in self._envs:
            for seed in self._seeds:
                outcome = play(player, env, seed)
                if outcome.ending is Ending.POLICY_ERROR:
                    raise ContractMismatch(
                        f"policy '{policy.name}' failed in {outcome.where}: {outcome.error}"
                    )
                found.append(outcome)
        return Validation(tuple(found))

    def close(self) -> None:
        """Give the graphics memory back."""
        for env in self._envs:
            env.close()


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float('nan')
