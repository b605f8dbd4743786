# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The guarded run to a pose against the closed form of minimum jerk."""

import numpy as np
import pytest

from hvd_ros.core.mux.home import advance, arrived, depart
from test.core.mux.mux_rig import BASE, BODY, HOME, JOINTS

PARK = np.array(BODY.pose('park'))
DT = 0.01


def travel(speed=0.25):
    run = depart(HOME, PARK, BODY, speed)
    targets = [HOME]
    while run.elapsed_s < run.duration_s:
        run, target = advance(run, DT)
        targets.append(target)
    return run, np.array(targets)


def test_it_stays_within_its_share_of_the_limits_and_uses_it():
    _, targets = travel()
    speed = np.abs(np.diff(targets, axis=0)) / DT
    share = speed[:, JOINTS].max(axis=0) / BODY.limits.velocity[JOINTS]
    assert share.max() == pytest.approx(0.25, rel=0.01)
    acceleration = np.abs(np.diff(targets, n=2, axis=0)) / DT**2
    assert (acceleration[:, JOINTS] <= 0.26 * BODY.limits.acceleration[JOINTS]).all()


def test_halfway_in_time_is_halfway_in_space_and_the_end_is_the_pose():
    run, targets = travel()
    middle, _ = advance(depart(HOME, PARK, BODY, 0.25), run.duration_s / 2 - DT)
    assert advance(middle, DT)[1][JOINTS] == pytest.approx((0.5 * (HOME + PARK))[JOINTS])
    assert targets[-1][JOINTS] == pytest.approx(PARK[JOINTS])
    assert arrived(run, PARK, BODY)


def test_the_base_is_told_zero_whatever_it_did():
    rolling = HOME.copy()
    rolling[BASE] = 0.2
    _, target = advance(depart(rolling, PARK, BODY, 0.25), 1e9)
    assert (target[BASE] == 0.0).all()


def test_it_has_not_arrived_before_the_command_stands_in_the_pose():
    run, _ = travel()
    off = PARK.copy()
    off[0] += 0.02
    assert not arrived(run, off, BODY)
    assert not arrived(depart(HOME, PARK, BODY, 0.25), PARK, BODY), 'nor before it went'


def test_no_way_to_go_is_no_division_by_zero():
    run, target = advance(depart(PARK, PARK, BODY, 0.25), DT)
    assert np.isfinite(target).all() and arrived(run, PARK, BODY)
