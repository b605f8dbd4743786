# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
import time
from types import ModuleType

import numpy as np
import pytest

from hvd_ros.core.leader.calibration import nominal_calibration
from hvd_ros.core.leader.weight import MASSES_KG, SCALE, LeaderWeight
from hvd_ros.core.robot.description import load_body

CALIBRATION = nominal_calibration()
BODY = load_body('r1')


@pytest.fixture(scope='module')
def pinocchio() -> ModuleType:
    """Return the independent library, where it is installed."""
    return pytest.importorskip('pinocchio')


@pytest.fixture(scope='module')
def reference(pinocchio):
    """Return pinocchio's model of the robot with the leader's point masses and nothing else."""
    model = pinocchio.buildModelFromUrdf(str(BODY.urdf))
    for i in range(model.njoints):
        model.inertias[i] = pinocchio.Inertia.Zero()
    for side in ('left', 'right'):
        for link, mass in MASSES_KG.items():
            frame = model.frames[model.getFrameId(f'{side}_{link}')]
            point = pinocchio.Inertia(mass, frame.placement.translation, np.zeros((3, 3)))
            model.inertias[frame.parentJoint] += point
    return model


def test_weight_agrees_with_pinocchio(pinocchio, reference):
    weight = LeaderWeight(BODY, CALIBRATION.names)
    data = reference.createData()
    at_q = [reference.joints[reference.getJointId(n)].idx_q for n in CALIBRATION.names]
    at_v = [reference.joints[reference.getJointId(n)].idx_v for n in CALIBRATION.names]
    rng = np.random.default_rng(3)
    for _ in range(50):
        q = rng.uniform(CALIBRATION.low, CALIBRATION.high)
        full = pinocchio.neutral(reference)
        full[at_q] = q
        want = pinocchio.computeGeneralizedGravity(reference, data, full)[at_v] * SCALE
        np.testing.assert_allclose(weight.torque_nm(q), want, atol=1e-9)


def test_weight_is_within_reach_of_the_motors_and_cheap():
    weight = LeaderWeight(BODY, CALIBRATION.names)
    stretched = np.zeros(12)
    torque = weight.torque_nm(stretched)
    assert 0.05 < np.abs(torque).max() < 1.04  # two motors stall at 1.04 N m
    start = time.thread_time()
    for _ in range(100):
        weight.torque_nm(stretched)
    assert (time.thread_time() - start) / 100 < 0.002
