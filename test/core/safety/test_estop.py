# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The latch protocol, message by message and over a lossy link."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hvd_ros.core.reasons import Reason
from hvd_ros.core.safety.estop import (
    Beat,
    GuardianLatch,
    MuxLatch,
    guardian_hear,
    guardian_reset,
    guardian_trigger,
    mux_hear,
    mux_trigger,
)


def from_guardian(latch):
    return Beat(latch.latched, latch.epoch, latch.reason, 0)


def from_mux(latch):
    return Beat(latch.stopped, latch.epoch or 0, str(latch.reason), 0)


def known(epoch=3):
    return mux_hear(MuxLatch(), Beat(False, epoch, '', 0))


def test_a_stop_of_the_mux_latches_the_guardian_and_holds_until_a_reset():
    mux, guardian = mux_trigger(known(3), Reason.ESTOP_BUTTON), GuardianLatch(epoch=3)
    guardian = guardian_hear(guardian, from_mux(mux))
    assert guardian.latched and guardian.reason == Reason.ESTOP_BUTTON
    for _ in range(5):
        mux = mux_hear(mux, from_guardian(guardian))
        assert mux.stopped and mux.reason is Reason.ESTOP_BUTTON
    guardian = guardian_reset(guardian)
    mux = mux_hear(mux, from_guardian(guardian))
    assert not mux.stopped and mux.epoch == 4


def test_an_unlatched_guardian_of_the_same_epoch_does_not_release_the_mux():
    mux = mux_trigger(known(3), Reason.ESTOP_BUTTON)
    assert mux_hear(mux, Beat(False, 3, '', 0)).stopped
    assert mux_hear(mux, Beat(False, 2, '', 0)).stopped


def test_an_estop_of_an_older_epoch_is_ignored():
    guardian = GuardianLatch(epoch=4)
    assert guardian_hear(guardian, Beat(True, 3, 'late', 0)) == guardian


def test_a_stop_of_the_guardian_stops_the_mux():
    mux = mux_hear(known(3), Beat(True, 3, 'estop_service', 0))
    assert mux.stopped and mux.reason is Reason.ESTOP_GUARDIAN
    assert mux_hear(MuxLatch(), Beat(True, 3, '', 0)).reason is Reason.ESTOP_LATCHED


def test_a_mux_that_stopped_before_it_knew_the_guardian_is_not_released_by_an_old_epoch():
    mux = mux_trigger(MuxLatch(), Reason.ESTOP_BUTTON)
    mux = mux_hear(mux, Beat(False, 7, '', 0))
    assert mux.stopped
    guardian = guardian_hear(GuardianLatch(epoch=7), from_mux(mux))
    assert guardian.latched
    assert not mux_hear(mux, from_guardian(guardian_reset(guardian))).stopped


def test_a_guardian_that_lost_its_file_is_taught_the_epoch_and_can_still_reset():
    mux = mux_trigger(known(5), Reason.ESTOP_BUTTON)
    guardian = GuardianLatch(latched=True, epoch=0, reason='estop_latched')
    guardian = guardian_hear(guardian, from_mux(mux))
    assert guardian.epoch == 5 and guardian.latched
    assert not mux_hear(mux, from_guardian(guardian_reset(guardian))).stopped


def test_the_first_reason_stays():
    mux = mux_trigger(mux_trigger(known(), Reason.ESTOP_BUTTON), Reason.ESTOP_SERVICE)
    assert mux.reason is Reason.ESTOP_BUTTON
    guardian = guardian_trigger(guardian_trigger(GuardianLatch(), 'first'), 'second')
    assert guardian.reason == 'first'


def test_a_reset_without_a_latch_grants_nothing():
    assert guardian_reset(GuardianLatch(epoch=2)) == GuardianLatch(epoch=2)


events = st.sampled_from(['stop_mux', 'stop_guardian', 'to_mux', 'to_guardian', 'restart'])


@settings(max_examples=300, deadline=None)
@given(st.lists(events, max_size=30))
def test_over_a_lossy_link_nothing_but_a_reset_releases(names):
    mux, guardian = known(0), GuardianLatch()
    stopped = False
    for name in names:
        if name == 'stop_mux':
            mux = mux_trigger(mux, Reason.ESTOP_BUTTON)
        elif name == 'stop_guardian':
            guardian = guardian_trigger(guardian, 'estop_service')
        elif name == 'to_mux':
            mux = mux_hear(mux, from_guardian(guardian))
        elif name == 'to_guardian':
            guardian = guardian_hear(guardian, from_mux(mux))
        else:
            # Only what was heard survives a mux; the guardian's file survives everything.
            mux = MuxLatch() if guardian.latched or not mux.stopped else mux
        stopped = stopped or mux.stopped
        if stopped and not guardian.latched:
            assert mux.stopped
    if mux.stopped or guardian.latched:
        guardian = guardian_hear(guardian, from_mux(mux))
        assert guardian.latched
        mux = mux_hear(mux, from_guardian(guardian))
        assert mux.stopped
        guardian = guardian_reset(guardian)
        assert not mux_hear(mux, from_guardian(guardian)).stopped
        assert not guardian_hear(guardian, from_mux(mux)).latched, 'the old stop is over'
