# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The emulated arms and the real SDK, joined by a pseudo-terminal."""

import pytest

from hvd_ros.drivers.dynamixel.bus import DynamixelBus
from hvd_ros.drivers.dynamixel.twin import DynamixelTwin
from hvd_ros.drivers.joylo.arms import JoyloArms, JoyloArmsConfig

# Wider than on a real port: tests share two cores with each other.
REPLY_MARGIN_S = 0.1


@pytest.fixture
def arms_twin(tmp_path):
    with DynamixelTwin(tmp_path / 'a folder' / 'tty_joylo') as twin:
        yield twin


@pytest.fixture
def bus(arms_twin):
    bus = DynamixelBus(str(arms_twin.link), reply_margin_s=REPLY_MARGIN_S)
    bus.open()
    yield bus
    bus.close()


@pytest.fixture
def arms(arms_twin):
    config = JoyloArmsConfig(health_period_s=0.05, reply_margin_s=REPLY_MARGIN_S)
    with JoyloArms(str(arms_twin.link), arms_twin.calibration, config) as arms:
        yield arms
