# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_training.data.statistics.summary import (
    QUANTILES,
    Histogram,
    Moments,
    exact_summary,
    summary,
)


def streamed(values, cuts):
    parts = np.split(values, cuts)
    moments = Moments(values.shape[1])
    for part in parts:
        moments.add(part)
    histogram = Histogram(moments)
    for part in parts:
        histogram.add(part)
    return summary(moments, histogram)


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(2, 400), seed=st.integers(0, 99), shift=st.sampled_from([0.0, 1e6, -3e4]))
def test_pieces_give_what_numpy_gives_of_the_whole(rows, seed, shift):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 3)) * [1, 0.01, 5] + shift
    found = streamed(values, sorted(rng.integers(0, rows, 3)))
    np.testing.assert_allclose(found['mean'], values.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found['std'], values.std(axis=0), rtol=1e-6)
    np.testing.assert_array_equal(found['min'], values.min(axis=0))
    np.testing.assert_array_equal(found['max'], values.max(axis=0))
    assert found['count'].tolist() == [rows]


@pytest.mark.parametrize('name', QUANTILES)
def test_quantiles_of_a_stream_are_those_of_numpy_to_a_thousandth_of_the_range(name):
    values = np.random.default_rng(1).normal(size=(50_000, 2))
    found = streamed(values, [100, 30_000])[name]
    wanted = np.quantile(values, QUANTILES[name], axis=0)
    np.testing.assert_allclose(found, wanted, atol=np.ptp(values) * 1e-3)


def test_missing_numbers_are_left_out():
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    for found in (streamed(values, [1]), exact_summary(values)):
        assert found['mean'].tolist() == [2.0, 0.0]
        assert found['max'].tolist() == [3.0, 0.0]
        assert np.isfinite([found[name] for name in QUANTILES]).all()


def test_exact_quantiles_are_numpys():
    values = np.random.default_rng(2).normal(size=(37, 2))
    found = exact_summary(values)
    np.testing.assert_allclose(found['q10'], np.quantile(values, 0.1, axis=0))
