# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""E-stop beats everything and ends only by a reset."""

import numpy as np
import pytest

from hvd_ros.core.mux.command import Mode
from hvd_ros.core.mux.state import Pads
from hvd_ros.core.reasons import Reason
from hvd_ros.core.safety.estop import Beat
from test.core.mux.mux_rig import AHEAD, JOINTS, TICK_NS, Rig, base_of, bring_to


@pytest.mark.parametrize('mode', [Mode.IDLE, Mode.TELEOP, Mode.POLICY, Mode.REPLAY, Mode.HOME])
def test_an_estop_beats_every_mode_in_the_same_tick(mode):
    rig = bring_to(mode)
    rig.stop()
    held = rig.decision.values[JOINTS]
    decision = rig.tick(frames=(rig.frame(AHEAD),))
    assert decision.mode is Mode.ESTOP
    assert (base_of(decision) == 0.0).all(), 'the base stops hard'
    if decision.engaged:
        assert np.array_equal(decision.values[JOINTS], held), 'the joints hold'
    assert decision.engaged is (mode is not Mode.IDLE)
    assert not rig.state.moving


@pytest.mark.parametrize(
    ('press', 'reason'),
    [
        ('button', Reason.ESTOP_BUTTON),
        ('service', Reason.ESTOP_SERVICE),
        ('guardian', Reason.ESTOP_GUARDIAN),
    ],
)
def test_every_way_to_press_the_estop_stops_and_says_so(press, reason):
    rig = bring_to(Mode.TELEOP)
    if press == 'service':
        rig.stop()
    if press == 'guardian':
        rig.guardian = Beat(True, 0, 'estop_service', 0)
    pads = Pads(True, False, press == 'button', rig.now_ns + TICK_NS)
    decision = rig.tick(frames=(rig.frame(AHEAD),), pads=pads)
    assert decision.mode is Mode.ESTOP and rig.state.reason is reason
    assert decision.refusal is reason


def test_a_restarted_mux_stays_stopped_under_an_old_latch_until_a_reset():
    rig = Rig()
    rig.guardian = Beat(True, 4, 'estop_button', 0)
    rig.tick(frames=(rig.frame(engaged=False),))
    assert rig.drive(AHEAD, 20).mode is Mode.ESTOP
    assert rig.state.reason is Reason.ESTOP_LATCHED
    assert rig.ask(Mode.HOLD).reason is Reason.ESTOP_LATCHED
    rig.guardian = Beat(False, 5, '', 0)
    assert rig.drive(AHEAD, 20).mode is Mode.IDLE, 'the engaged operator must let go first'
    rig.engage()


def test_a_reset_leads_to_hold_where_the_joints_were_driven_and_nothing_starts():
    rig = bring_to(Mode.TELEOP)
    rig.stop()
    rig.drive(AHEAD, 5)
    assert rig.drive(AHEAD, 20).mode is Mode.ESTOP
    rig.guardian = Beat(False, 1, '', 0)
    decision = rig.drive(AHEAD, 20)
    assert decision.mode is Mode.HOLD and decision.engaged


def test_an_estop_asked_for_as_a_mode_is_granted():
    rig = bring_to(Mode.TELEOP)
    assert rig.ask(Mode.ESTOP).granted
    assert rig.tick().mode is Mode.ESTOP
