# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The body slows down and stops before it touches itself."""

import numpy as np
import pytest

from hvd_ros.core.mux.command import Clip
from hvd_ros.core.mux.keepout import STOP_M
from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.collision import SelfCollision
from test.core.mux.mux_rig import BASE, BODY, HOME, JOINTS, Rig, at

LOW, HIGH = BODY.limits.low, BODY.limits.high


def gap_distance(values):
    """Pretend that the hands meet when left_arm_joint1 reaches 0: 0.1 m per radian."""
    return 0.1 * values[0], 'left', 'right'


def test_the_body_slows_down_and_stops_before_it_touches_itself():
    rig = Rig(gap_distance)
    rig.engage()
    for k in range(200):
        rig.drive(at(left_arm_joint1=max(HOME[0] - 0.01 * k, -0.4)))
    gaps = np.array([gap_distance(d.values)[0] for d in rig.sent])
    assert 0.01 <= gaps.min() < 0.013
    speed = -np.diff(gaps) / 0.01 / 0.1
    assert speed[gaps[1:] < 0.015].max() < 0.6, 'slow near contact'
    assert rig.decision.refusal is Reason.SELF_COLLISION
    assert rig.decision.clip[0] & Clip.COLLISION
    assert rig.state.verdicts.collision is Reason.SELF_COLLISION
    steps = np.diff([d.values[0] for d in rig.sent])
    assert np.abs(np.diff(steps)).max() <= BODY.limits.acceleration[0] * 1e-4 + 1e-9


def test_moving_apart_is_always_allowed():
    start = at(left_arm_joint1=0.05)
    rig = Rig(gap_distance, start=start)
    rig.engage(start)
    assert gap_distance(rig.decision.values)[0] < 0.01
    for k in range(100):
        rig.drive(at(left_arm_joint1=0.05 + 0.003 * k))
    assert gap_distance(rig.decision.values)[0] > 0.02
    assert rig.state.verdicts.collision is Reason.NONE


def test_a_distance_that_is_not_a_number_stops():
    rig = Rig(lambda values: (float('nan'), '', ''))
    rig.engage()
    before = rig.decision.values[JOINTS]
    rig.drive(at(left_arm_joint1=0.0), 20)
    assert np.allclose(rig.decision.values[JOINTS], before)


@pytest.mark.parametrize('seed', range(2))
def test_no_operator_makes_the_sphere_model_of_the_r1_touch_itself(seed):
    random = np.random.default_rng(seed)
    distance = SelfCollision(BODY).distance
    rig = Rig(distance)
    rig.engage()
    leader, goal, refused = HOME.copy(), HOME, 0
    for k in range(200):
        if k % 100 == 0:
            touching = (random.uniform(LOW, HIGH) for _ in range(1000))
            goal = next(pose for pose in touching if distance(pose)[0] < -0.03)
            goal[BASE] = 0.0
        leader = leader + np.clip(goal - leader, -0.05, 0.05)
        refused += rig.drive(leader).refusal is Reason.SELF_COLLISION
        assert distance(rig.decision.values)[0] >= STOP_M - 1e-9
    assert refused > 0, 'without the guard it would have touched'
