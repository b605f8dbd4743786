# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for TaskEnv whose episodes take no time, and policies that behave badly in it."""

from types import SimpleNamespace

import numpy as np

from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.robot import SimulationBroken

BODY = load_body('r1')


class ScriptedEnv:
    """Three stages; the last command decides what they are worth."""

    def __init__(self, limit=20, breaks_at=None):
        self.task = SimpleNamespace(name='wipe_board')
        self.setting = SimpleNamespace(name='usual')
        self.body, self.prompt = BODY, 'wipe it'
        self.truths, self.commands, self.looks = [], [], []
        self._limit, self._breaks_at = limit, breaks_at

    def reset(self, seed):
        self.seed, self.truths, self.commands, self.looks = seed, [0], [], []

    def step(self, action):
        if len(self.commands) == self._breaks_at:
            raise SimulationBroken(f'seed {self.seed}: the physics broke')
        self.commands.append(np.array(action))
        self.truths.append(len(self.truths))

    def observe(self, needs):
        self.looks.append((len(self.commands), frozenset(needs)))
        privileged = np.zeros(3) if Modality.SIM_STATE in needs else None
        return Observation(len(self.commands) * 100_000_000, np.zeros(51), sim_state=privileged)

    @property
    def over(self):
        return len(self.commands) >= self._limit

    def result(self):
        return SimpleNamespace(
            scores=(1.0, 0.5, 1.0), stage_ends=(1, 2, 3), duration_s=len(self.commands) / 10
        )

    def close(self):
        pass


class Chunks:
    """Answers with chunks whose every step holds its own number."""

    name = 'chunks'
    needs = frozenset({Modality.STATE})

    def __init__(self, execute=4, horizon=6):
        self.execute, self._horizon, self.asked = execute, horizon, 0

    def reset(self, seed, prompt):
        self.begun, self.asked = (seed, prompt), 0

    def act(self, observation):
        self.asked += 1
        steps = 100 * self.asked + np.arange(self._horizon)
        return np.tile(steps[:, None], (1, BODY.size)).astype(float)


class Raises(Chunks):
    def act(self, observation):
        if observation.stamp_ns:
            raise ZeroDivisionError('no gradient today')
        return super().act(observation)


class SaysNan(Chunks):
    def act(self, observation):
        chunk = super().act(observation)
        chunk[3, 5] = np.nan
        return chunk


class WrongShape(Chunks):
    def act(self, observation):
        return super().act(observation)[:, :20]


class TooShort(Chunks):
    def act(self, observation):
        return super().act(observation)[:2]


class RaisesAtReset(Chunks):
    def reset(self, seed, prompt):
        raise KeyError('no such prompt')


class LooksAround(Chunks):
    needs = frozenset({Modality.STATE, Modality.RGB})


class OtherBody(Chunks):
    layout_id = 7


class Ends(Chunks):
    """Takes its process with it."""

    def act(self, observation):
        import os

        os._exit(9)
