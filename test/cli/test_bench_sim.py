# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The shape of `hvd bench sim`, and what it says of a peer that is not there."""

import math
import sys

import pytest

pytest.importorskip('mujoco')

from hvd_ros.cli.benches import sim as bench  # noqa: E402
from hvd_ros.core.errors import DeviceError  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402

# A stand-in for robosuite: an interpreter that finds it in a folder.
ROBOSUITE = """
import numpy as np


class Env:
    action_spec = np.zeros(3), np.ones(3)

    def reset(self):
        pass

    def step(self, action):
        assert ((action >= 0) & (action <= 1)).all()


def make(env_name, robots, control_freq, **settings):
    assert (robots, control_freq) == ('PandaOmron', 10)
    return Env()
"""


def test_the_bench_of_the_tasks_has_its_keys(monkeypatch):
    monkeypatch.delenv(bench.PEER, raising=False)
    figures = bench.measure(quick=True, minutes=None)
    for task in TASKS:
        assert figures[f'{task}_steps_per_s'] > 0
        factor = figures[f'{task}_real_time_factor']
        assert factor == pytest.approx(0.1 * figures[f'{task}_steps_per_s'])
        assert f'{task}_expert_success' in figures
    assert figures['pen_insert_expert_success'] == 1.0
    assert 0 < figures['pen_insert_cpu_s_per_episode'] < 20
    assert figures['memory_mb'] > 50
    assert math.isnan(figures['ratio_vs_robosuite'])


def test_a_peer_runs_in_the_interpreter_that_is_named(monkeypatch, tmp_path):
    (tmp_path / 'robosuite.py').write_text(ROBOSUITE)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    monkeypatch.setenv(bench.PEER, sys.executable)
    assert bench._peer(0.05) > 100


def test_a_peer_that_is_not_there_is_explained(monkeypatch, tmp_path):
    (tmp_path / 'robosuite.py').write_text("raise ImportError('no robosuite here')")
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    monkeypatch.setenv(bench.PEER, sys.executable)
    with pytest.raises(DeviceError, match=r'no robosuite here; it needs robosuite 1\.5'):
        bench._peer(0.05)
