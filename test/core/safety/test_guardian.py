# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""When the guardian sends zeros to the chassis, and when it keeps still."""

from dataclasses import replace

from hvd_ros.core.safety.guardian import GuardianRules, Watch, decide, heard_chassis

MS = 1_000_000
RULES = GuardianRules()
T0 = 1_000 * MS


def rolling(beat=True):
    watch = Watch(beat_ns=T0 if beat else None)
    return heard_chassis(watch, T0, moving=True)


def test_a_moving_chassis_that_goes_silent_gets_zeros_at_150_ms():
    watch = replace(rolling(), beat_ns=None)
    assert not decide(watch, T0 + 149 * MS, False, RULES)[1]
    assert decide(watch, T0 + 150 * MS, False, RULES)[1]


def test_a_chassis_whose_last_target_was_zero_is_left_alone():
    watch = heard_chassis(Watch(beat_ns=T0), T0, moving=False)
    for later in (150, 1000, 100_000):
        assert not decide(watch, T0 + later * MS, True, RULES)[1]


def test_a_silent_mux_stops_a_chassis_that_others_keep_driving():
    watch = rolling()
    for ms in range(0, 300, 10):
        watch = heard_chassis(watch, T0 + ms * MS, moving=True)
        watch, send = decide(watch, T0 + ms * MS, False, RULES)
        assert send is (ms >= 150)


def test_a_mux_that_was_never_heard_does_not_stop_somebody_else():
    watch = rolling(beat=False)
    watch = heard_chassis(watch, T0 + 1000 * MS, moving=True)
    assert not decide(watch, T0 + 1010 * MS, False, RULES)[1]


def test_a_latched_estop_stops_a_moving_chassis_at_once():
    assert decide(rolling(), T0, True, RULES)[1]


def test_zeros_go_on_for_a_while_and_end():
    watch = rolling()
    sent = []
    for ms in range(0, 7000, 20):
        watch, send = decide(watch, T0 + ms * MS, False, RULES)
        sent.append(send)
    assert sum(sent) * 20 >= 5000 and not sent[-1]


def test_zeros_end_when_somebody_drives_again():
    watch, send = decide(rolling(), T0 + 200 * MS, False, RULES)
    assert send
    watch = replace(heard_chassis(watch, T0 + 210 * MS, moving=True), beat_ns=T0 + 210 * MS)
    watch, send = decide(watch, T0 + 220 * MS, False, RULES)
    assert not send
    watch = heard_chassis(watch, T0 + 230 * MS, moving=False)
    assert not decide(watch, T0 + 900 * MS, False, RULES)[1]
