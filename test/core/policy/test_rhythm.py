# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Ages are of news, not of arrivals; warming up counts for nothing."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from hvd_ros.core.policy.rhythm import Freshness, Rhythm

NS = 1_000_000_000


class Look:
    """A frame with one stream."""

    def __init__(self, at_s, stamp_s, received_s, present=True):
        self.stamp_ns = round(at_s * NS)
        self._sample = SimpleNamespace(
            present=present, stamp_ns=round(stamp_s * NS), received_ns=round(received_s * NS)
        )

    def sample(self, stream):
        return self._sample


def test_a_sensor_that_repeats_itself_ages_although_it_arrives():
    fresh = Freshness(['cloud'])
    assert fresh.look(Look(1.0, 0.9, 0.95))['cloud'] == pytest.approx(0.05)
    assert fresh.look(Look(1.1, 0.9, 1.09))['cloud'] == pytest.approx(0.15)
    assert fresh.look(Look(1.2, 1.15, 1.19))['cloud'] == pytest.approx(0.01)


def test_a_clock_that_was_set_makes_nothing_old():
    fresh = Freshness(['cloud'])
    fresh.look(Look(1.0, 0.9, 0.95))
    assert fresh.look(Look(1.1, 0.9 - 3600.0, 1.09))['cloud'] == pytest.approx(0.01)


def test_what_was_never_heard_is_infinitely_old():
    assert Freshness(['cloud']).look(Look(1.0, 0.0, 0.0, present=False)) == {'cloud': math.inf}


def test_warm_up_answers_are_neither_spoken_nor_counted():
    rhythm = Rhythm(2)
    assert [rhythm.answered(9.0), rhythm.answered(8.0)] == [False, False]
    assert rhythm.warm
    assert rhythm.answered(0.02)
    assert rhythm.latency_s(99.0) == pytest.approx(0.02)


def test_percentiles_are_those_of_numpy_and_the_rate_is_of_the_last_seconds():
    rhythm, latencies = Rhythm(0), np.linspace(0.01, 0.05, 40)
    for i, latency in enumerate(latencies):
        rhythm.answered(latency)
        rhythm.spoke(i * NS // 10, latency + 0.01)
    now_ns = 40 * NS // 10 - 1
    assert rhythm.latency_s(99.0) == pytest.approx(np.percentile(latencies, 99.0))
    assert rhythm.age_s(50.0) == pytest.approx(np.percentile(latencies, 50.0) + 0.01)
    assert rhythm.rate_hz(now_ns) == pytest.approx(10.0)
    assert rhythm.rate_hz(now_ns + 3 * NS) == 0.0


def test_the_delay_in_steps_is_rounded_up_and_zero_before_anything_went_out():
    rhythm = Rhythm(0)
    assert rhythm.delay_steps(0.1) == 0
    rhythm.spoke(1, 0.11)
    assert rhythm.delay_steps(0.1) == 2
