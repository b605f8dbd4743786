# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Policy, replay and home: what asks for them, and what ends them."""

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.mux.state import MuxConfig, Pads, prepare
from hvd_ros.core.reasons import Reason
from test.core.mux.mux_rig import (
    AHEAD,
    BODY,
    HOME,
    JOINTS,
    MS,
    TICK_NS,
    Rig,
    at,
    base_of,
    bring_to,
)

PARK = np.array(BODY.pose('park'))


def test_a_policy_is_asked_for_and_needs_a_fresh_chunk():
    rig = Rig()
    rig.ticks(3)
    assert rig.ask(Mode.POLICY).reason is Reason.NEVER_HEARD
    rig.tick(chunks=(rig.chunk([HOME] * 4),))
    rig.ticks(30)
    assert rig.ask(Mode.POLICY).reason is Reason.STALE_POLICY
    rig.tick(chunks=(rig.chunk([HOME] * 4),))
    assert rig.ask(Mode.POLICY).granted
    decision = rig.tick()
    assert (decision.mode, decision.source) == (Mode.POLICY, Source.POLICY)


def test_a_chunk_moves_nothing_unless_somebody_asked_for_policy():
    rig = Rig()
    for _ in range(20):
        decision = rig.tick(chunks=(rig.chunk([at(base_vx=0.3)] * 16),))
    assert decision.mode is Mode.IDLE and (base_of(decision) == 0.0).all()


def test_a_policy_moves_only_while_the_deadman_is_held():
    rig = Rig()
    rig.start_policy([at(base_vx=0.3)] * 16)
    assert base_of(rig.ticks(15))[0] > 0.1
    rig.deadman = False
    decision = rig.tick()
    assert decision.refusal is Reason.DEADMAN_RELEASED and not rig.state.moving
    assert base_of(decision)[0] < 0.16
    rig.deadman = True
    rig.tick(chunks=(rig.chunk([at(base_vx=0.3)] * 16),))
    assert rig.state.moving, 'a pause, not an end'


def test_silent_or_stuck_pads_are_a_released_deadman():
    rig = Rig()
    rig.start_policy([HOME] * 16)
    rig.ticks(10, pads=False)
    assert rig.state.moving
    assert rig.tick(pads=False).refusal is Reason.STALE_BUTTONS and not rig.state.moving
    rig = Rig()
    rig.start_policy([HOME] * 16)
    decision = rig.tick(pads=Pads(True, True, False, rig.now_ns + TICK_NS))
    assert decision.refusal is Reason.STUCK_BUTTON and not rig.state.moving


def test_the_deadman_can_be_waived_on_the_twin_only():
    rig = Rig(require_deadman=False)
    rig.deadman = False
    rig.start_policy([HOME] * 16)
    rig.tick()
    assert rig.state.moving
    with pytest.raises(ConfigError, match='require_deadman'):
        prepare(BODY, MuxConfig(hardware='real', require_deadman=False))


def test_a_policy_is_stale_after_two_and_a_half_periods_the_base_brakes():
    rig = Rig()
    rig.start_policy([at(base_vx=0.3)] * 16)
    assert rig.ticks(24).mode is Mode.POLICY
    decision = rig.tick()
    assert (decision.mode, rig.state.reason) == (Mode.HOLD, Reason.STALE_POLICY)
    assert base_of(rig.ticks(30))[0] == 0.0
    rig.tick(chunks=(rig.chunk([at(base_vx=0.3)] * 16),))
    assert rig.tick().mode is Mode.HOLD, 'coming back is not enough'


def test_a_chunk_that_ran_out_is_expired():
    rig = Rig()
    rig.start_policy([HOME] * 2)
    rig.ticks(25)
    assert (rig.state.mode, rig.state.reason) == (Mode.HOLD, Reason.CHUNK_EXPIRED)


def test_duplicate_and_late_chunks_do_not_replace_the_one_in_force():
    rig = Rig()
    rig.start_policy([HOME] * 16)
    duplicate = rig.chunk([at(base_vx=0.3)] * 16, seq=rig.chunk_seq)
    decision = rig.tick(chunks=(duplicate,))
    assert decision.refusal is Reason.OLD_SEQUENCE and base_of(decision)[0] == 0.0
    late = rig.chunk([at(base_vx=0.3)] * 16, delay_ns=2_000 * MS)
    assert rig.tick(chunks=(late,)).refusal is Reason.CHUNK_EXPIRED


def test_the_trace_names_chunk_and_step_and_never_starts_at_index_0():
    rig = Rig()
    rig.tick(chunks=(rig.chunk([HOME] * 8, delay_ns=130 * MS),))
    rig.ask(Mode.POLICY)
    decision = rig.tick()
    assert (decision.chunk_seq, decision.chunk_step) == (1, 1)


def test_an_engaged_operator_takes_over_from_policy_and_policy_does_not_come_back():
    rig = Rig()
    rig.start_policy([HOME] * 16)
    rig.tick(frames=(rig.frame(engaged=False),))
    assert rig.drive(AHEAD).source is Source.TELEOP
    decision = rig.tick(frames=(rig.frame(engaged=False),), chunks=(rig.chunk([HOME] * 16),))
    assert decision.mode is Mode.HOLD
    assert rig.ask(Mode.POLICY).granted


def test_a_policy_can_not_be_asked_for_under_an_engaged_operator():
    rig = Rig().engage()
    rig.drive(AHEAD, chunks=(rig.chunk([HOME] * 16),))
    assert rig.ask(Mode.POLICY).reason is Reason.MODE_REFUSED
    assert rig.ask(Mode.HOLD).granted
    assert rig.drive(AHEAD, 5).mode is Mode.HOLD, 'asked to hold, it holds'


def test_replay_needs_fresh_commands_and_ends_without():
    rig = Rig()
    rig.tick()
    assert rig.ask(Mode.REPLAY).reason is Reason.NEVER_HEARD
    rig = bring_to(Mode.REPLAY)
    assert rig.state.moving and rig.decision.source is Source.REPLAY
    rig.ticks(12)
    assert (rig.state.mode, rig.state.reason) == (Mode.HOLD, Reason.STALE_REPLAY)


def test_home_reaches_the_pose_slowly_and_holds():
    rig = bring_to(Mode.HOME)
    for _ in range(2000):
        rig.tick(keepalive_ns=rig.now_ns)
        if rig.state.mode is Mode.HOLD:
            break
    assert rig.state.reason is Reason.ARRIVED
    assert np.allclose(rig.decision.values[JOINTS], PARK[JOINTS], atol=0.011)
    steps = np.abs(np.diff([d.values for d in rig.sent[1:]], axis=0))[:, JOINTS]
    assert (steps <= 0.26 * BODY.limits.velocity[JOINTS] * 0.01).all()


def test_home_ends_when_nobody_watches():
    rig = Rig()
    rig.tick()
    assert rig.ask(Mode.HOME, 'park').reason is Reason.KEEPALIVE_LOST
    rig = bring_to(Mode.HOME)
    rig.ticks(48)
    assert rig.state.mode is Mode.HOME
    rig.ticks(2)
    assert (rig.state.mode, rig.state.reason) == (Mode.HOLD, Reason.KEEPALIVE_LOST)


def test_home_may_need_the_deadman_as_well():
    rig = Rig(home_deadman=True)
    rig.tick(keepalive_ns=rig.now_ns)
    assert rig.ask(Mode.HOME, 'park').granted
    rig.deadman = False
    rig.tick(keepalive_ns=rig.now_ns)
    assert not rig.state.moving and rig.decision.refusal is Reason.DEADMAN_RELEASED


def test_an_unknown_pose_is_named_with_the_valid_ones():
    rig = Rig()
    rig.tick()
    with pytest.raises(ConfigError, match='park'):
        rig.ask(Mode.HOME, 'prak')


def test_a_keepalive_without_home_moves_nothing():
    rig = Rig()
    for _ in range(5):
        rig.tick(keepalive_ns=rig.now_ns)
    assert rig.state.mode is Mode.IDLE
