# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A policy for tests of the graph: it waves an arm and rolls forward, and fails on request.

What it does wrong stands in the file that WAVER_FAULT names, and may change while it runs.
"""

import os
from pathlib import Path
import threading

import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.tasks import load_task

SPEED = 0.2  # [m/s] forward
WAVE = 0.3  # [rad] of the first joint of the left arm
HORIZON = 8
PROMPTS = (load_task('pen_insert').prompt, 'wave')


class Waver:
    """Implements Policy."""

    name = 'waver'
    execute = 4
    prompts = PROMPTS

    def __init__(self, *, needs=(Modality.STATE,), body='r1'):
        self.needs = frozenset(needs)
        self.body = load_body(body)
        self.layout_id = self.body.layout_id
        self.resets = []
        self._now = 0
        self._hang = threading.Event()

    def reset(self, seed, prompt):
        if prompt not in PROMPTS:
            raise ConfigError(f"waver knows no '{prompt}'")
        self.resets.append((seed, prompt))

    def act(self, observation):
        fault = self.fault()
        rows = self.rows(observation)
        if fault == 'nan':
            rows[2, 5] = np.nan
        elif fault == 'short':
            rows = rows[:2]
        elif fault == 'wrong':
            rows = rows[:, :-1]
        elif fault == 'raise':
            raise RuntimeError('the card fell off the bus')
        elif fault == 'late':
            self._hang.wait(1.2)
        elif fault == 'hang':
            self._hang.wait(3600)
        return rows

    def rows(self, observation):
        """Go on from where the joints are told to be, as a function of time."""
        at_s = observation.stamp_ns / 1e9 + 0.1 * np.arange(HORIZON)
        rows = np.tile(self.body.pose('home'), (HORIZON, 1))
        rows[:, self.body.index('left_arm_joint1')] += WAVE * np.sin(at_s % (2 * np.pi))
        rows[:, self.body.index('base_vx')] = SPEED
        return rows

    @staticmethod
    def fault():
        path = os.environ.get('WAVER_FAULT', '')
        return Path(path).read_text().strip() if path and Path(path).exists() else ''


class Looker(Waver):
    """Needs eyes."""

    def __init__(self):
        super().__init__(needs=(Modality.STATE, Modality.RGB, Modality.CLOUD))


class Knower(Waver):
    """Knows what only a simulation knows."""

    def __init__(self):
        super().__init__(needs=(Modality.STATE, Modality.SIM_STATE))


class Stranger(Waver):
    """Of another body."""

    def __init__(self):
        super().__init__(body='r1pro')
