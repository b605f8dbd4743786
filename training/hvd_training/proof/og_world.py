# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
OGBench tasks: play and noisy trajectories as all data, what led to the goal as demonstrations.

In Data, imperfect are the trajectories of 'play' and rollouts those of 'noisy'; experts are slices
of 'play' that end at the goal, at most so many.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core.policy.observation import Observation
from hvd_ros.sim.seeds import seeds_for
from hvd_training.evaluate.outcome import Ending, Outcome
from hvd_training.proof import og_collect as og
from hvd_training.proof.cell import Cell, Data, Scale, digest_of
from hvd_training.train.loading import TrainedPolicy, load_policy

_BEFORE = 100  # rows of a demonstration before the goal


@dataclass(frozen=True)
class OgWorld:
    """Implements World in a workplace."""

    root: Path
    trajectories: int = 100  # of each kind that are collected together
    steps: int = og.STEPS

    def datasets(self, data: Data, scale: Scale) -> list[str]:
        """Return demonstrations, and all trajectories."""
        (task,) = data.tasks
        play = self._file(task, 'play', data)
        shown = play.with_name(f'{play.stem}.shown{data.experts}.npz')
        if not shown.is_file():
            with np.load(play) as file:
                og.save(shown, og.successes(dict(file), _BEFORE, data.experts))
        mixed = [play] * bool(data.imperfect)
        mixed += [self._file(task, 'noisy', data)] * bool(data.rollouts)
        return [f'optimal:{shown}', *(f'mixed:{path}' for path in mixed)]

    def outcomes(self, cell: Cell, run: Path) -> Sequence[Outcome]:
        """Play the test episodes."""
        (task,) = cell.data.tasks
        policy, env = load_policy(run), og.make_env(task)
        try:
            seeds = seeds_for(cell.scale.purpose, cell.scale.episodes)
            return [play(policy, env, task, seed) for seed in seeds]
        finally:
            env.close()

    def _file(self, task: str, kind: str, data: Data) -> Path:
        env_name = og.environment_name(task)
        name = digest_of([env_name, kind, self.trajectories, self.steps, data.seed])
        raw = self.root / 'ogbench' / f'{env_name}.{kind}.{name}.npz'
        if not raw.is_file():
            og.save(raw, og.collect(env_name, kind, self.trajectories, data.seed, self.steps))
        known = raw.with_name(f'{task}.{kind}.{name}.npz')
        if not known.is_file():
            with np.load(raw) as file:
                og.save(known, og.labelled(dict(file), task))
        return known


def play(policy: TrainedPolicy, env: Any, task: str, seed: int) -> Outcome:
    """Play one episode: look, carry out a part of the chunk, look again."""
    seen, _ = env.reset(seed=seed)
    policy.reset(seed, task)
    steps, reached, over = 0, False, False
    while not over:
        chunk = policy.act(Observation(0, np.asarray(seen, np.float64)))
        for action in chunk[: policy.execute]:
            bounded = np.clip(action, -1, 1).astype(np.float32)
            seen, _, terminated, truncated, info = env.step(bounded)
            steps += 1
            reached |= bool(info['success'])
            over = bool(terminated or truncated)
            if over:
                break
    score = (float(reached),)
    return Outcome(task, 'usual', seed, Ending.PLAYED, score, (steps,), steps / og.RATE_HZ)
