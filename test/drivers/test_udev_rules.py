# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
import re

import pytest

from hvd_ros.core.share import share_file

ITEM = re.compile(r'([A-Z]+(?:\{[^}]+\})?)(==|\+=|=)"([^"]*)"')


def rules():
    text = share_file('config', 'udev', '99-hvd-ros.rules').read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith('#')]
    parsed = []
    for line in lines:
        items = [part.strip() for part in line.split(', ')]
        found = [ITEM.fullmatch(item) for item in items]
        assert all(found), line
        parsed.append({m[1]: (m[2], m[3]) for m in found})
    return parsed


def test_the_u2d2_gets_its_name_and_a_latency_of_1_ms():
    (rule,) = [r for r in rules() if r.get('SUBSYSTEM') == ('==', 'tty')]
    assert rule['ATTRS{idVendor}'] == ('==', '0403')
    assert rule['ATTRS{idProduct}'] == ('==', '6014')
    assert rule['SYMLINK'] == ('+=', 'tty_joylo')
    assert rule['ATTR{device/latency_timer}'] == ('=', '1')
    assert rule['ENV{ID_MM_DEVICE_IGNORE}'] == ('=', '1')


@pytest.mark.parametrize('product', ['2006', '2007'])
def test_joycons_are_readable(product):
    (rule,) = [r for r in rules() if r.get('KERNELS') == ('==', f'0005:057E:{product}.*')]
    assert rule['SUBSYSTEM'] == ('==', 'hidraw')
    assert rule['MODE'] == ('=', '0666')


def test_the_d435i_belongs_to_the_group_that_the_doctor_asks_for():
    (rule,) = [r for r in rules() if r.get('ATTRS{idVendor}') == ('==', '8086')]
    assert rule['ATTRS{idProduct}'] == ('==', '0b3a')
    assert (rule['SUBSYSTEMS'], rule['GROUP']) == (('==', 'usb'), ('=', 'plugdev'))
