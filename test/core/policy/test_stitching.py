# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Chunks that follow each other: what stands, what is averaged, what a policy is led by."""

import math

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.seams import Spoken, played, seam_jerk
from hvd_ros.core.policy.stitching import (
    ENSEMBLE,
    NEWEST,
    RTC,
    Stitcher,
    Stitching,
    check_stitching,
    prefix_weights,
)
from hvd_ros.core.robot.body import Kind
from hvd_ros.core.robot.description import load_body

BODY = load_body('r1')
JOINTS = BODY.mask(Kind.POSITION)
STEP_NS = 100_000_000
H = 8


class Plain:
    name, needs, execute = 'plain', frozenset({Modality.STATE}), 1

    def __init__(self):
        self.asked = []

    def reset(self, seed, prompt):
        pass

    def act(self, observation):
        self.asked.append('act')
        return np.full((H, BODY.size), 2.0)


class Led(Plain):
    def act_along(self, observation, tail, weights):
        self.asked.append((tail, weights))
        return np.full((H, BODY.size), 3.0)


def look(at_ns):
    return Observation(stamp_ns=at_ns, state=np.zeros(1))


def constant(value):
    return np.full((H, BODY.size), value)


def test_newest_lets_the_last_word_stand():
    stitcher = Stitcher(BODY, Stitching(NEWEST))
    stitcher.join(0, constant(1.0))
    assert (stitcher.join(STEP_NS, constant(2.0)) == 2.0).all()


def test_ensemble_weighs_the_oldest_most_as_act_does():
    decay = 0.3
    stitcher = Stitcher(BODY, Stitching(ENSEMBLE, decay=decay))
    for i, value in enumerate((1.0, 5.0)):
        assert (stitcher.join(i * STEP_NS, constant(value)) != 99.0).all()
    joined = stitcher.join(2 * STEP_NS, constant(9.0))
    weights = np.exp(-decay * np.arange(3))
    assert joined[0] == pytest.approx(np.dot(weights, [1, 5, 9]) / weights.sum())
    # The oldest ends two steps before the newest: there the others alone are averaged.
    weights = np.exp(-decay * np.arange(1, 3))
    assert joined[-2] == pytest.approx(np.dot(weights, [5, 9]) / weights.sum())
    assert joined[-1] == pytest.approx(9.0)


def test_ensemble_compares_what_was_said_of_one_moment_not_of_one_index():
    stitcher = Stitcher(BODY, Stitching(ENSEMBLE))
    line = np.outer(np.arange(H), np.ones(BODY.size))
    stitcher.join(0, line)
    # Half a step later the same line: the joints agree at every moment that both tell of.
    joined = stitcher.join(STEP_NS // 2, line + 0.5)
    assert joined[: H - 1, JOINTS] == pytest.approx((line + 0.5)[: H - 1, JOINTS])


def test_a_new_rollout_remembers_nothing():
    stitcher = Stitcher(BODY, Stitching(ENSEMBLE))
    stitcher.join(0, constant(1.0))
    stitcher.forget()
    assert (stitcher.join(STEP_NS, constant(2.0)) == 2.0).all()


def test_rtc_hands_over_what_is_under_way_at_the_steps_of_the_answer():
    stitcher, policy = Stitcher(BODY, Stitching(RTC)), Led()
    stitcher.act(policy, look(0), 1)
    assert policy.asked == ['act'], 'with nothing under way there is nothing to agree with'
    line = np.outer(np.arange(H), np.ones(BODY.size))
    stitcher.join(0, line)
    stitcher.act(policy, look(2 * STEP_NS), 1)
    tail, weights = policy.asked[-1]
    assert tail == pytest.approx(line[2:])
    assert weights.shape == (H - 2,) and weights[0] == 1.0
    stitcher.act(policy, look(20 * STEP_NS), 1)
    assert policy.asked[-1] == 'act', 'what is over leads nobody'


def test_rtc_is_refused_for_a_policy_that_can_not_be_led():
    check_stitching(RTC, Led())
    check_stitching(ENSEMBLE, Plain())
    with pytest.raises(ConfigError, match="'newest' or 'ensemble'"):
        check_stitching(RTC, Plain())


def test_a_way_that_is_none_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'ensemble'"):
        Stitcher(BODY, Stitching('ensembel'))


def test_prefix_weights_are_equation_5_of_real_time_chunking():
    horizon, delay, execute = 10, 3, 2
    weights = prefix_weights(horizon, delay, execute)
    assert list(weights[:delay]) == [1.0] * delay
    assert list(weights[horizon - execute :]) == [0.0] * execute
    for i in range(delay, horizon - execute):
        c = (horizon - execute - i) / (horizon - execute - delay + 1)
        assert weights[i] == pytest.approx(c * (math.exp(c) - 1) / (math.e - 1))
    assert (np.diff(weights) <= 0).all()


@pytest.mark.parametrize(('length', 'delay', 'execute'), [(1, 5, 1), (3, 0, 9), (4, 4, 4)])
def test_prefix_weights_stand_whatever_is_asked(length, delay, execute):
    weights = prefix_weights(length, delay, execute)
    assert weights.shape == (length,)
    assert ((weights >= 0) & (weights <= 1)).all()


def smooth(at_s):
    """Return a wave that every chunk tells of truly."""
    rows = np.zeros((len(at_s), BODY.size))
    rows[:, JOINTS] = 0.3 * np.sin(at_s)[:, None]
    return rows


def waves(late_ns=70_000_000):
    steps = np.arange(16) * 0.1
    told = [smooth(k * 0.1 + 0.1 + steps) for k in range(20)]  # rows are reached as steps end
    return [Spoken(k * STEP_NS, k * STEP_NS + late_ns, rows) for k, rows in enumerate(told)]


def test_by_stamp_a_true_chunk_has_no_seam_and_by_index_it_jumps_back_by_what_it_took():
    targets, seams = played(waves(), BODY)
    naive, same = played(waves(), BODY, by_stamp=False)
    assert list(seams) == list(same) and len(seams) == 19
    at = 0.07 + np.arange(len(targets)) * 0.01
    # Linear between steps of 0.1 s: off by at most h^2/8 of the curvature, at seams by as much.
    off = np.abs(targets[4:, JOINTS] - smooth(at)[4:, JOINTS])
    assert off.max() < 2 * 0.3 * 0.01 / 8
    lag = smooth(at + 0.1)[:, JOINTS] - naive[:, JOINTS]
    assert np.abs(lag).max() > 0.01
    assert seam_jerk(targets, seams, BODY) < 0.5 * seam_jerk(naive, seams, BODY)


def test_jerk_of_a_cubic_is_its_third_derivative():
    at = np.arange(200) * 0.01
    targets = np.outer(at**3, np.ones(BODY.size))
    assert seam_jerk(targets, np.array([50, 120]), BODY) == pytest.approx(6.0, rel=1e-6)
    assert math.isnan(seam_jerk(targets, np.array([], dtype=np.intp), BODY))
