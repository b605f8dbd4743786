# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Policies that are named on the command line of tests: module:attribute."""

import os
import signal

import numpy as np

from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.robot.description import load_body


class Still:
    """Holds the pose of the robot description, with one arm swinging as the seed says."""

    name = 'still'
    needs = frozenset({Modality.STATE})
    execute = 4

    def __init__(self):
        self.body = load_body('r1')

    def reset(self, seed, prompt):
        self.rng = np.random.default_rng(seed)

    def act(self, observation):
        steps = np.tile(self.body.pose('home'), (6, 1))
        steps[:, 0] += self.rng.uniform(-0.1, 0.1)
        return steps


class Frozen(Still):
    """Is lost."""

    def act(self, observation):
        return np.tile(self.body.pose('home'), (6, 1))


class Turning(Frozen):
    """Turns on the spot, slowly but steadily."""

    def act(self, observation):
        steps = super().act(observation)
        steps[:, 9] = 0.1
        return steps


class Deadly(Still):
    """Kills its process, as running out of memory does."""

    def act(self, observation):
        os.kill(os.getpid(), signal.SIGKILL)


class Diverged(Still):
    """Answers with numbers that are none."""

    def act(self, observation):
        return np.full((6, 21), np.nan)


class Confused(Still):
    """Has a defect."""

    def act(self, observation):
        raise IndexError('list index out of range')


class Foreign(Still):
    """Was made for another body."""

    layout_id = 7


def nothing():
    """Make what is no policy."""
    return object()
