# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A chunk is played at the time that it was meant for."""

import numpy as np
import pytest

from hvd_ros.core.mux.chunks import aim, over, plan, step_from
from test.core.mux.mux_rig import BASE, BODY, HOME, MS, Rig

JOINT, GRIPPER = BODY.index('left_arm_joint1'), BODY.index('left_gripper')


BEFORE = HOME.copy()
BEFORE[JOINT], BEFORE[BASE[0]] = -0.1, -0.05


def make(delay_ns=0, count=4, before=BEFORE):
    """Return a chunk whose first joint goes on where it was before, 0.1 a step."""
    rig = Rig()
    rows = np.array([HOME] * count)
    rows[:, JOINT] = 0.1 * np.arange(count)
    rows[:, GRIPPER] = np.arange(count) % 2
    rows[:, BASE[0]] = 0.05 * np.arange(count)
    said = rig.chunk(rows, delay_ns)
    return plan(said, rig.ros_ns, rig.now_ns, BODY, before, rig.now_ns), rig.now_ns


def test_a_row_is_reached_when_its_step_ends_in_a_straight_line():
    made, now = make()
    found = aim(made, now + 125 * MS)
    assert found.step == 1
    assert found.target[JOINT] == pytest.approx(0.025)
    assert found.target[BASE[0]] == pytest.approx(0.0125)
    assert found.target[GRIPPER] == pytest.approx(0.25)
    assert found.pace[[JOINT, BASE[0], GRIPPER]] == pytest.approx([1.0, 0.5, 10.0])
    for step in range(4):
        reached = aim(made, now + (step + 1) * 100 * MS - 1).target
        assert reached == pytest.approx(made.rows[step], abs=1e-6)


def test_a_chunk_that_took_a_while_does_not_begin_at_index_0():
    made, now = make(delay_ns=220 * MS)
    found = aim(made, now + 40 * MS)
    assert found.step == 2
    # From -0.1, where it was when the chunk came, to 0.2 within the 80 ms that were left.
    assert found.target[JOINT] == pytest.approx(0.05)
    assert aim(made, now + 130 * MS).target[JOINT] == pytest.approx(0.25)


def test_a_chunk_begins_where_the_command_stands_so_that_a_seam_is_no_jump():
    for delay in (0, 30, 99, 100, 170):
        made, now = make(delay_ns=delay * MS)
        assert aim(made, now).target == pytest.approx(BEFORE)


def test_where_nothing_was_sent_a_chunk_begins_with_its_row():
    made, now = make(before=None)
    assert aim(made, now).target == pytest.approx(made.rows[0])
    assert aim(made, now + 150 * MS).target[JOINT] == pytest.approx(0.05)


def test_the_last_row_is_reached_as_the_chunk_ends_and_then_nothing():
    made, now = make()
    assert aim(made, now + 399 * MS).target[JOINT] == pytest.approx(0.299)
    assert not over(made, now + 399 * MS)
    assert aim(made, now + 400 * MS) is None
    assert over(made, now + 400 * MS)
    assert aim(made, now - 1) is None


def test_a_single_step_is_a_chunk():
    made, now = make(count=1)
    assert aim(made, now + 50 * MS).step == 0


def test_of_a_step_that_begins_between_two_joints_are_interpolated_and_the_rest_is_held():
    made, now = make()
    row = step_from(made, now + 125 * MS)
    assert row[JOINT] == pytest.approx(0.125)
    assert (row[BASE[0]], row[GRIPPER]) == (0.05, 1.0)
    assert step_from(made, now + 400 * MS) is None


def test_a_ros_clock_that_is_set_back_later_changes_nothing():
    # The plan knows no ROS time any more: only the steady clock goes in.
    made, now = make(delay_ns=100 * MS)
    assert made.start_ns == now - 100 * MS
