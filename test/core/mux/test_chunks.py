# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A chunk is played at the time that it was meant for."""

import numpy as np
import pytest

from hvd_ros.core.mux.chunks import plan, sample
from test.core.mux.mux_rig import BASE, BODY, HOME, MS, Rig

JOINT, GRIPPER = BODY.index('left_arm_joint1'), BODY.index('left_gripper')


def make(delay_ns=0, count=4):
    rig = Rig()
    rows = np.array([HOME] * count)
    rows[:, JOINT] = 0.1 * np.arange(count)
    rows[:, GRIPPER] = np.arange(count) % 2
    rows[:, BASE[0]] = 0.05 * np.arange(count)
    return plan(rig.chunk(rows, delay_ns), rig.ros_ns, rig.now_ns, BODY), rig.now_ns


def test_joints_are_interpolated_base_and_grippers_held_over_their_step():
    made, now = make()
    step, row = sample(made, now + 125 * MS)
    assert step == 1
    assert row[JOINT] == pytest.approx(0.125)
    assert row[BASE[0]] == 0.05
    assert row[GRIPPER] == 1.0


def test_a_chunk_that_took_a_while_does_not_begin_at_index_0():
    made, now = make(delay_ns=220 * MS)
    step, row = sample(made, now)
    assert step == 2
    assert row[JOINT] == pytest.approx(0.22)


def test_the_last_step_lasts_as_long_as_the_others_and_then_nothing():
    made, now = make()
    assert sample(made, now + 399 * MS)[1][JOINT] == pytest.approx(0.3)
    assert sample(made, now + 400 * MS) is None
    assert sample(made, now - 1) is None


def test_a_single_step_is_a_chunk():
    made, now = make(count=1)
    assert sample(made, now + 50 * MS)[0] == 0


def test_a_ros_clock_that_is_set_back_later_changes_nothing():
    # The plan knows no ROS time any more: only the steady clock goes in.
    made, now = make(delay_ns=100 * MS)
    assert made.start_ns == now - 100 * MS
