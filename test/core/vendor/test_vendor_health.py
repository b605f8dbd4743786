# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The vendor's numbers become words that say why the base does not move."""

import math

import pytest

from hvd_ros.core.vendor.health import TROUBLE, Trouble, VendorStatus, fault_line, health


def base_reason(mode: int | None, *, connected: bool = True, chassis: bool = True) -> str:
    judged = health(VendorStatus(mode=mode), connected=connected, chassis_heard=chassis)
    assert judged.base_ready == (judged.base_reason == '')
    return judged.base_reason


@pytest.mark.parametrize(
    ('mode', 'word'),
    [(2, 'brake'), (3, 'manual'), (255, 'invalid'), (7, 'mode 7'), (None, 'not been heard')],
)
def test_only_mode_five_lets_the_base_drive(mode: int | None, word: str) -> None:
    assert word in base_reason(mode)
    assert base_reason(5) == ''


def test_a_silent_robot_is_not_ready() -> None:
    assert 'no connection' in base_reason(5, connected=False)
    assert 'no feedback' in base_reason(5, chassis=False)


def test_unknown_battery_is_nan_not_zero() -> None:
    judged = health(VendorStatus(), connected=True, chassis_heard=True)
    assert math.isnan(judged.battery_percent) and math.isnan(judged.battery_voltage)
    known = VendorStatus(battery_percent=80.0, battery_voltage=48.5)
    judged = health(known, connected=True, chassis_heard=True)
    assert (judged.battery_percent, judged.battery_voltage) == (80.0, 48.5)


def test_every_code_has_a_readable_line() -> None:
    for code, text in TROUBLE.items():
        line = fault_line(Trouble('arm_left', 'joint3', code, ('said so',)))
        kind = 'over_temperature' if code in (13, 14) else 'motor_fault'
        assert line == f'{kind}: arm_left joint3: {text} (code {code}): said so'
    assert 'unknown code (code 99)' in fault_line(Trouble('torso', 'm', 99))
