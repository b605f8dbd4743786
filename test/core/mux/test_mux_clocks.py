# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clocks may jump; the same inputs give the same outputs."""

import pytest

from hvd_ros.core.mux.command import Mode
from hvd_ros.core.reasons import Reason
from test.core.mux.mux_rig import HOME, TICK_NS, Rig, at


@pytest.mark.parametrize('jump_s', [-3600, 3600, -0.15, 86400 * 365])
def test_a_jump_of_the_ros_clock_never_disarms_a_watchdog(jump_s):
    rig = Rig().engage()
    rig.drive(at(base_vx=0.3), 40)
    rig.ros_ns += int(jump_s * 1e9)
    assert rig.ticks(12).mode is Mode.HOLD
    assert rig.state.reason is Reason.STALE_TELEOP
    rig = Rig()
    rig.start_policy([at(base_vx=0.3)] * 40)
    rig.tick()
    rig.ros_ns += int(jump_s * 1e9)
    rig.ticks(25)
    assert rig.state.mode is Mode.HOLD


def test_a_paused_ros_clock_does_not_disarm_a_watchdog():
    rig = Rig().engage()
    for _ in range(12):
        rig.ros_ns -= TICK_NS
        rig.tick()
    assert rig.state.reason is Reason.STALE_TELEOP


def test_the_same_inputs_give_the_same_outputs():
    runs = []
    for _ in range(2):
        rig = Rig().engage()
        for k in range(60):
            rig.drive(at(left_arm_joint1=HOME[0] - 0.01 * k, base_vy=0.1))
        runs.append([(d.values.tobytes(), d.clip.tobytes(), d.refusal) for d in rig.sent])
    assert runs[0] == runs[1]
