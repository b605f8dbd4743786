# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the robot's own status topics mean, in words.

The vendor reports numbers (remote-control mode, trouble codes); the operator needs to read why
the base does not drive and which motor is at fault.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math

MODE_COMMANDS = 5  # the only remote-control mode in which the chassis listens

_MODES = {
    2: 'remote control is in mode 2 (brake)',
    3: 'remote control is in mode 3 (manual, or switched off)',
    255: 'remote control reports mode 255 (invalid)',
}
NOT_CONNECTED = 'no connection to the robot'
NOT_CONTROLLED = 'the remote control has not been heard'
NO_CHASSIS = 'the chassis sends no feedback'
# What to do about a closed chassis gate, by how its reason begins.
_BASE_FIXES = {
    NOT_CONNECTED: 'switch the robot on, then check cable, address and port: hvd doctor',
    NOT_CONTROLLED: 'switch on robot and remote control; a robot needs 30 s after power on',
    NO_CHASSIS: "start the chassis driver of the robot's own software",
    'remote control': 'set the remote control to mode 5',
}
_SWITCH = 'switch it on and set all switches to position 1 (mode 5)'

# Trouble codes of the arm drives; the other drives use the same list.
TROUBLE = {
    0: 'disabled',
    1: 'disabled',
    2: 'disconnected',
    3: 'position jump',
    4: 'sustained high current',
    5: 'excess torque',
    6: 'command timeout from the control unit',
    7: 'position limit',
    8: 'speed limit',
    9: 'torque limit',
    10: 'over-voltage',
    11: 'under-voltage',
    12: 'overcurrent',
    13: 'power stage too hot',
    14: 'winding too hot',
    15: 'communication lost',
    16: 'overload',
    17: 'serial fault',
    18: 'serial fault',
    19: 'serial fault',
    20: 'serial fault',
}
HOT = (13, 14)


@dataclass(frozen=True)
class Trouble:
    """One entry of a vendor status message."""

    part: str  # which status topic
    name: str
    code: int
    description: Sequence[str] = ()


@dataclass(frozen=True)
class VendorStatus:
    """The newest word of each status topic; None where nothing was heard."""

    battery_percent: float | None = None
    battery_voltage: float | None = None
    mode: int | None = None
    trouble: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Health:
    """What RobotHealth carries."""

    battery_percent: float  # [%] NaN when unknown
    battery_voltage: float  # [V] NaN when unknown
    base_ready: bool
    base_reason: str
    faults: tuple[str, ...]


def health(status: VendorStatus, *, connected: bool, chassis_heard: bool) -> Health:
    """Judge the vendor's status: may the base drive, and what is at fault."""
    reason = _base_reason(status.mode, connected, chassis_heard)
    return Health(
        battery_percent=_number(status.battery_percent),
        battery_voltage=_number(status.battery_voltage),
        base_ready=not reason,
        base_reason=reason,
        faults=tuple(fault_line(t) for t in status.trouble),
    )


def base_fix(reason: str) -> str:
    """Return what a person does about a base_reason; nothing for one that is not ours."""
    return next((fix for head, fix in _BASE_FIXES.items() if reason.startswith(head)), '')


def fault_line(trouble: Trouble) -> str:
    """Return one readable line; a hot motor starts with its reason code, like any other fault."""
    text = TROUBLE.get(trouble.code, 'unknown code')
    kind = 'over_temperature' if trouble.code in HOT else 'motor_fault'
    said = '; '.join(s for s in trouble.description if s)
    tail = f': {said}' if said else ''
    return f'{kind}: {trouble.part} {trouble.name}: {text} (code {trouble.code}){tail}'


def _base_reason(mode: int | None, connected: bool, chassis_heard: bool) -> str:
    if not connected:
        return NOT_CONNECTED
    if mode is None:
        return f'{NOT_CONTROLLED}; is the robot up (about 30 s after power on)?'
    if mode != MODE_COMMANDS:
        text = _MODES.get(mode, f'remote control is in mode {mode}')
        return f'{text}; {_SWITCH}'
    if not chassis_heard:
        return NO_CHASSIS
    return ''


def _number(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else math.nan
