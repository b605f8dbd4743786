# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the joints were: in between, never outside of what was heard."""

import numpy as np
import pytest

from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.joint_history import JointHistory, NotCovered

BODY = load_body('r1')
JOINTS = [d.joint for d in BODY.dimensions if d.joint]
SHOWN = np.array([bool(d.joint) for d in BODY.dimensions])
MS = 1_000_000


def filled(until_ms=500, step_ms=10, **options):
    """Return a history in which joint i stands at 1e-3 (i + 1) rad per ms."""
    history = JointHistory(BODY, **options)
    for at_ms in range(0, until_ms + 1, step_ms):
        history.put(at_ms * MS, {name: 1e-3 * (i + 1) * at_ms for i, name in enumerate(JOINTS)})
    return history


@pytest.mark.parametrize('at_ms', [0.0, 3.7, 100.0, 499.99, 500.0])
def test_joints_are_interpolated_at_the_stamp(at_ms):
    got = filled().at(round(at_ms * MS))
    want = BODY.values_of({n: 1e-3 * (i + 1) * at_ms for i, n in enumerate(JOINTS)})
    np.testing.assert_allclose(got[SHOWN], want[SHOWN], atol=1e-12)
    assert np.all(got[~SHOWN] == 0.0)


@pytest.mark.parametrize(
    ('at_ms', 'said'),
    [(521.0, '0.021 s after the newest'), (-21.0, '0.021 s before the oldest')],
)
def test_a_stamp_outside_of_what_was_heard_is_refused(at_ms, said):
    with pytest.raises(NotCovered, match=said):
        filled(tolerance_s=0.02).at(round(at_ms * MS))


@pytest.mark.parametrize(('at_ms', 'nearest_ms'), [(-19.0, 0), (519.0, 500)])
def test_just_outside_the_sample_at_that_end_holds(at_ms, nearest_ms):
    history = filled(tolerance_s=0.02)
    np.testing.assert_array_equal(history.at(round(at_ms * MS)), history.at(nearest_ms * MS))


def test_a_hole_is_not_bridged():
    history = filled(100)
    history.put(250 * MS, dict.fromkeys(JOINTS, 0.1))
    with pytest.raises(NotCovered, match='hole of 0.150 s'):
        history.at(200 * MS)
    history.at(250 * MS)  # its ends are known
    history.at(100 * MS)


def test_nothing_is_known_before_the_first_sample():
    with pytest.raises(NotCovered, match='joint_states'):
        JointHistory(BODY).at(0)


@pytest.mark.parametrize('broken', [{}, {JOINTS[3]: np.nan}, {JOINTS[3]: np.inf}])
def test_an_incomplete_or_impossible_sample_is_not_kept(broken):
    history = JointHistory(BODY)
    joints = {**dict.fromkeys(JOINTS, 0.0), **broken} if broken else {JOINTS[0]: 0.0}
    assert not history.put(0, joints)
    with pytest.raises(NotCovered):
        history.at(0)


def test_other_joints_and_base_velocities_do_not_matter():
    history = JointHistory(BODY)
    assert history.put(0, {**dict.fromkeys(JOINTS, 0.5), 'wheel_motor_joint1': np.nan})
    values = np.where(SHOWN, 0.25, np.nan)
    assert history.put_values(5 * MS, values)
    assert np.all(np.isfinite(history.at(2 * MS)))


def test_repeated_and_late_samples_change_nothing():
    history = filled(100)
    before = history.at(95 * MS)
    history.put(100 * MS, dict.fromkeys(JOINTS, 9.0))
    history.put(50 * MS, dict.fromkeys(JOINTS, 9.0))
    np.testing.assert_array_equal(history.at(95 * MS), before)


def test_a_clock_that_was_set_back_starts_a_new_history():
    history = filled(5000)
    history.put(1000 * MS, dict.fromkeys(JOINTS, 0.2))
    np.testing.assert_allclose(history.at(1000 * MS)[0], 0.2)
    with pytest.raises(NotCovered):
        history.at(4900 * MS)


def test_only_the_horizon_is_kept():
    history = filled(5000, horizon_s=1.0, tolerance_s=0.0)
    history.at(4000 * MS)
    with pytest.raises(NotCovered, match='before the oldest'):
        history.at(3990 * MS)
