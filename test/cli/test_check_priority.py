# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd doctor` says whether the command path goes first, and how to allow it."""

import os

import pytest

from hvd_ros.cli.checks.finding import Level
from hvd_ros.cli.checks.priority import check_priority

pytestmark = pytest.mark.ros


def test_a_refusal_names_the_limit_to_set():
    (found,) = check_priority({}, lambda: 'this user may not')
    assert found.level is Level.WARN
    assert 'rtprio 20' in found.fix


def test_a_grant_is_fine():
    (found,) = check_priority({}, lambda: '')
    assert found.level is Level.OK


def test_the_switch_is_named_where_it_is_off():
    (found,) = check_priority({'HVD_REALTIME': '0'}, lambda: '')
    assert found.level is Level.WARN
    assert 'HVD_REALTIME=0' in found.text


def test_the_look_leaves_this_process_as_it_was():
    before = os.sched_getscheduler(0)
    check_priority({})
    assert os.sched_getscheduler(0) == before
