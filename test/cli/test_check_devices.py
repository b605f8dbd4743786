# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Device checks on a made-up /dev and /sys."""

import os

import pytest

from hvd_ros.cli.checks.devices import (
    check_groups,
    check_joycons,
    check_latency,
    check_serial,
    check_udev,
)


def put(root, path, text=''):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def levels(findings):
    return [str(found.level) for found in findings]


def hid(root, name, product):
    put(root, f'sys/class/hidraw/{name}/device/uevent', f'HID_ID=0005:0000057E:{product}\nX=1\n')
    put(root, f'dev/{name}')


def test_an_empty_machine_is_fine(tmp_path):
    for check in (check_serial, check_latency, check_joycons):
        assert levels(check(tmp_path)) == ['ok']


def test_a_port_without_our_rule_is_found(tmp_path):
    put(tmp_path, 'dev/ttyUSB0')
    found = check_serial(tmp_path)
    assert levels(found) == ['ok', 'warn']
    assert '/dev/tty_joylo does not exist' in found[1].text
    put(tmp_path, 'dev/tty_joylo')
    assert levels(check_serial(tmp_path)) == ['ok']


def test_a_port_that_may_not_be_opened_is_a_failure(tmp_path, monkeypatch):
    port = put(tmp_path, 'dev/ttyUSB0')
    monkeypatch.setattr(os, 'access', lambda path, mode: path != port)
    found = check_serial(tmp_path)[0]
    assert (found.level, str(port) in found.text) == ('fail', True)
    assert 'group' in found.fix


@pytest.mark.parametrize(('latency', 'level'), [('1', 'ok'), ('2', 'fail'), ('16', 'fail')])
def test_the_ftdi_default_latency_is_too_slow(tmp_path, latency, level):
    put(tmp_path, 'sys/bus/usb-serial/devices/ttyUSB3/latency_timer', latency + '\n')
    (found,) = check_latency(tmp_path)
    assert found.level == level
    assert found.text.startswith(f'ttyUSB3: USB latency {latency} ms')


def test_one_joycon_of_two_is_a_warning(tmp_path):
    hid(tmp_path, 'hidraw4', '00002006')
    found = check_joycons(tmp_path)
    assert levels(found) == ['ok', 'warn']
    assert 'Joy-Con (R) is not connected' in found[1].text
    hid(tmp_path, 'hidraw5', '00002007')
    assert levels(check_joycons(tmp_path)) == ['ok', 'ok']


def test_other_hid_devices_and_damaged_entries_are_passed_over(tmp_path):
    put(tmp_path, 'sys/class/hidraw/hidraw0/device/uevent', 'HID_ID=0003:0000046D:0000C52B')
    put(tmp_path, 'sys/class/hidraw/hidraw1/device/uevent', 'HID_ID=nonsense')
    put(tmp_path, 'sys/class/hidraw/hidraw2/device/uevent', '')
    assert 'no Joy-Con' in check_joycons(tmp_path)[0].text


def test_groups_are_named_with_the_command():
    (found,) = check_groups(['audio', 'dialout'], user_id=1000)
    assert found.level == 'warn'
    assert found.fix.startswith('sudo usermod -aG plugdev $USER')
    assert levels(check_groups(['dialout', 'plugdev'], user_id=1000)) == ['ok']
    assert levels(check_groups([], user_id=0)) == ['ok']


def test_udev_rules_are_recognised(tmp_path):
    assert levels(check_udev(tmp_path)) == ['warn']
    put(tmp_path, 'etc/udev/rules.d/99-hvd.rules')
    assert levels(check_udev(tmp_path)) == ['ok']
