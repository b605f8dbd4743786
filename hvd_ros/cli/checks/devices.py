# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Devices and the right to use them: the JoyLo's serial port, its USB latency, the Joy-Cons, groups.

Everything is read below a root folder, so that a test can show a machine that has what ours lacks.
"""

from collections.abc import Iterable
import grp
import os
from pathlib import Path
import shutil

from hvd_ros.cli.checks.finding import Finding, fail, ok, warn
from hvd_ros.core.share import user_state_dir

_PORT = 'dev/tty_joylo'
_JOYCONS = {'00002006': 'Joy-Con (L)', '00002007': 'Joy-Con (R)'}
_NINTENDO = '0000057E'
_LATENCY_MS = 1  # 16 ms, the default of the FTDI driver, leaves 62 reads per second
_FULL_BYTES = 5e9


def check_serial(root: Path = Path('/')) -> list[Finding]:
    """Look for serial ports and whether this user may open them."""
    ports = [p for pattern in ('ttyUSB*', 'ttyACM*') for p in sorted((root / 'dev').glob(pattern))]
    if not ports:
        fix = 'for a real JoyLo plug in the U2D2; the twin needs none'
        return [ok('serial', f'no USB serial port is present ({fix})')]
    found = [_may_open('serial', port) for port in ports]
    if not (root / _PORT).exists():
        text = f'/{_PORT} does not exist, so the driver needs the port by name'
        found.append(warn('serial', text, 'install the udev rules: config/udev'))
    return found


def check_latency(root: Path = Path('/')) -> list[Finding]:
    """Read the latency timer of every FTDI adapter; it decides the rate of the leader."""
    found = []
    for timer in sorted((root / 'sys/bus/usb-serial/devices').glob('*/latency_timer')):
        port, latency_ms = timer.parent.name, int(timer.read_text())
        if latency_ms > _LATENCY_MS:
            text = f'{port}: USB latency {latency_ms} ms; 100 Hz needs {_LATENCY_MS} ms'
            fix = f'echo {_LATENCY_MS} | sudo tee /sys/bus/usb-serial/devices/{port}/latency_timer'
            found.append(fail('latency', text, fix + ' (the udev rule does it for ever)'))
        else:
            found.append(ok('latency', f'{port}: USB latency {latency_ms} ms'))
    return found or [ok('latency', 'no FTDI adapter is present')]


def check_joycons(root: Path = Path('/')) -> list[Finding]:
    """Look for Joy-Cons among the raw HID devices."""
    found, seen = [], set()
    for entry in sorted((root / 'sys/class/hidraw').glob('hidraw*')):
        uevent = (entry / 'device/uevent').read_text(encoding='utf-8', errors='replace')
        vendor, product = _hid_id(uevent)
        if vendor == _NINTENDO and product in _JOYCONS:
            seen.add(product)
            found.append(_may_open(_JOYCONS[product], root / 'dev' / entry.name))
    if not seen:
        fix = 'for a real JoyLo pair them by Bluetooth; the twin needs none'
        return [ok('joy-cons', f'no Joy-Con is connected ({fix})')]
    for product in _JOYCONS.keys() - seen:
        text = f'{_JOYCONS[product]} is not connected, the other one is'
        found.append(warn('joy-cons', text, 'press a button on it, or pair it again'))
    return found


def check_groups(groups: Iterable[str] | None = None, user_id: int | None = None) -> list[Finding]:
    """Check the groups that own serial ports and HID devices."""
    mine = set(_groups() if groups is None else groups)
    if (os.geteuid() if user_id is None else user_id) == 0:
        return [ok('groups', 'running as root, which may open every device')]
    missing = sorted({'dialout', 'plugdev'} - mine)
    if missing:
        fix = f'sudo usermod -aG {",".join(missing)} $USER, then log in again'
        return [warn('groups', f'this user is not in {", ".join(missing)}', fix)]
    return [ok('groups', 'this user is in dialout and plugdev')]


def check_udev(root: Path = Path('/')) -> list[Finding]:
    """Look for our udev rules among the installed ones."""
    folders = [root / 'etc/udev/rules.d', root / 'usr/lib/udev/rules.d', root / 'lib/udev/rules.d']
    rules = [path for folder in folders for path in folder.glob('*hvd*.rules')]
    if rules:
        return [ok('udev', f'rules are installed: {rules[0].name}')]
    fix = 'sudo cp config/udev/*.rules /etc/udev/rules.d/ && sudo udevadm control --reload'
    return [warn('udev', 'our udev rules are not installed (real devices only)', fix)]


def check_disk() -> list[Finding]:
    """Check that latches, logs and later episodes have room."""
    folder = user_state_dir()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    text = f'{free / 1e9:.1f} GB free at {folder}'
    if free < _FULL_BYTES:
        return [warn('disk', text, 'free some space; recording needs up to 25 GB an hour')]
    return [ok('disk', text)]


def _may_open(check: str, device: Path) -> Finding:
    if os.access(device, os.R_OK | os.W_OK):
        return ok(check, f'{device} may be opened')
    fix = 'join the group of the device (see groups) or install the udev rules'
    return fail(check, f'{device} may not be opened by this user', fix)


def _hid_id(uevent: str) -> tuple[str, str]:
    """Read HID_ID=bus:vendor:product; two empty words when there is none."""
    for line in uevent.splitlines():
        if line.startswith('HID_ID='):
            parts = line.removeprefix('HID_ID=').upper().split(':')
            if len(parts) == 3:
                return parts[1], parts[2]
    return '', ''


def _groups() -> list[str]:
    names = []
    for number in os.getgroups():
        try:
            names.append(grp.getgrgid(number).gr_name)
        except KeyError:
            continue  # a number without a name is none of those we look for
    return names
