# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A dial at nothing is nothing, turned up it does more, and it leans only if it is systematic."""

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.sim.experts.manner import EXPERT, Fault, FaultKind, Manner  # noqa: E402
from hvd_ros.sim.experts.mishaps import Mishaps  # noqa: E402
from hvd_ros.sim.tasks import facts  # noqa: E402

PLACE, AXES = np.array([0.8, 0.2, 0.7]), np.eye(3)


def mishaps(kind, strength, seed=0, systematic=False, manner='imperfect'):
    manner = Manner(manner, (Fault(kind, strength, systematic),))
    return Mishaps(manner, np.random.default_rng(seed))


def assert_nothing(found):
    place, axes = found.seen('pen', PLACE, AXES)
    np.testing.assert_array_equal(place, PLACE)
    np.testing.assert_array_equal(axes, AXES)
    assert found.felt(0.3) == 0.3
    for _ in range(20):
        np.testing.assert_array_equal(found.beside(), 0)
        assert found.pause() == 0
    for name in ('left', 'right', 'base'):
        np.testing.assert_array_equal(found.strayed(name, 30.0, 30.0), 0)
    assert found.overshoots(np.array([0.3, 0, 0])) == []
    assert (found.heaviness, found.slowness, found.late_steps) == (1, 1, 0)
    assert not found.opens_early(0.0)
    assert found.order(5) == [0, 1, 2, 3, 4]
    assert found.stops_at(5) is None


def test_an_expert_has_no_mishap():
    assert_nothing(Mishaps())
    assert_nothing(Mishaps(EXPERT, np.random.default_rng(3)))


@pytest.mark.parametrize('kind', FaultKind)
@pytest.mark.parametrize('systematic', [False, True])
def test_a_dial_at_nothing_is_nothing(kind, systematic):
    assert_nothing(mishaps(kind, 0.0, systematic=systematic))


@pytest.mark.parametrize('kind', FaultKind)
def test_once_it_was_noticed_nothing_goes_wrong_any_more(kind):
    found = mishaps(kind, 1.0, manner='correction')
    assert found.notices
    found.mend()
    assert_nothing(found)
    assert not mishaps(kind, 1.0).notices


def errors(strength, systematic=False):
    found = [mishaps('pose_error', strength, seed, systematic) for seed in range(400)]
    seen = [m.seen('pen', PLACE, AXES) for m in found]
    xy = np.array([place[:2] - PLACE[:2] for place, _ in seen])
    return xy, np.array([facts.yaw_of(axes) for _, axes in seen])


@pytest.mark.parametrize('strength', [0.2, 1.0])
def test_errors_of_the_eye_have_mean_zero_and_the_spread_of_the_dial(strength):
    xy, yaw = errors(strength)
    # Five standard errors of a mean and of a standard deviation of a normal sample.
    np.testing.assert_allclose(xy.mean(axis=0), 0, atol=5 * 0.045 * strength / 20)
    np.testing.assert_allclose(xy.std(axis=0), 0.045 * strength, rtol=5 / np.sqrt(2 * 400))
    np.testing.assert_allclose(yaw.std(), 0.5 * strength, rtol=5 / np.sqrt(2 * 400))


def test_a_systematic_error_of_the_eye_leans_the_same_way_in_every_episode():
    xy, yaw = errors(0.5, systematic=True)
    np.testing.assert_allclose(xy - xy[0], 0, atol=1e-15)
    assert (xy[0] < -0.01).all(), 'nearer, and towards the middle'
    other_side = PLACE * [1, -1, 1]
    seen = mishaps('pose_error', 0.5, systematic=True).seen('pen', other_side, AXES)[0]
    np.testing.assert_allclose(seen - other_side, [xy[0, 0], -xy[0, 1], 0])
    np.testing.assert_allclose(yaw, yaw[0])


def test_the_same_thing_seems_to_be_at_the_same_place_at_every_look():
    found = mishaps('pose_error', 1.0)
    first = found.seen('pen', PLACE, AXES)[0]
    other = found.seen('holder', PLACE, AXES)[0]
    np.testing.assert_array_equal(found.seen('pen', PLACE, AXES)[0], first)
    assert np.linalg.norm(other - first) > 1e-3


def test_a_systematic_misgrasp_stops_short_and_another_may_be_anywhere():
    short = np.array([mishaps('misgrasp', 1.0, s, True).beside() for s in range(20)])
    np.testing.assert_allclose(short, [[-0.08, 0, 0]] * 20)
    spread = np.array([mishaps('misgrasp', 1.0, s).beside() for s in range(200)])
    assert abs(np.sign(spread[:, 1]).mean()) < 0.3
    assert (spread[:, 0] <= 0).all(), 'never through the table'


def test_drift_grows_with_time_and_no_further():
    found = mishaps('drift', 0.5)
    far = [np.linalg.norm(found.strayed('left', t)) for t in (0.0, 5.0, 10.0, 20.0, 99.0)]
    np.testing.assert_allclose(far, [0, 0.015, 0.03, 0.06, 0.06])
    assert np.linalg.norm(found.strayed('left', 9) - found.strayed('right', 9)) > 1e-3


def test_systematic_drift_is_an_arm_that_sinks_under_its_load():
    found = mishaps('drift', 1.0, systematic=True)
    np.testing.assert_array_equal(found.strayed('left', 50.0, 0.0), 0)
    np.testing.assert_allclose(found.strayed('left', 50.0, 2.0), [0, 0, -0.09])
    np.testing.assert_allclose(found.strayed('right', 50.0, 9.0), [0, 0, -0.054])


def test_the_more_of_a_fault_the_more_goes_wrong():
    def worst(kind, what):
        return [np.mean([what(mishaps(kind, s, seed)) for seed in range(100)]) for s in (0.2, 1)]

    for kind, what in (
        ('early_release', lambda m: sum(m.opens_early(left) for left in np.arange(0, 0.4, 0.01))),
        ('late_release', lambda m: m.late_steps),
        ('hesitation', lambda m: sum(m.pause() for _ in range(200))),
        ('hesitation', lambda m: m.slowness),
        ('over_correction', lambda m: np.linalg.norm(m.overshoots(np.ones(3))[0])),
        ('over_correction', lambda m: m.heaviness),
        ('wrong_order', lambda m: m.order(6) != list(range(6))),
        ('giving_up', lambda m: -m.stops_at(6)[0]),
    ):
        little, much = worst(kind, what)
        assert much > little, kind


def test_a_swing_goes_past_the_goal_and_back_past_it():
    there, back = mishaps('over_correction', 1.0).overshoots(np.array([0.1, 0, 0]))
    assert there[0] > 0 > back[0]
    assert abs(back[0]) < abs(there[0]) < 0.08 + 1e-9


def test_a_wrong_order_holds_each_part_at_most_once():
    orders = [tuple(mishaps('wrong_order', 1.0, seed).order(5)) for seed in range(200)]
    assert all(len(set(order)) == len(order) <= 5 for order in orders)
    assert len(set(orders)) > 20
