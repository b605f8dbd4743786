# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Statistics of numbers in a stream: moments in one pass, quantiles in a second.

Nothing grows with the data. Moments are merged by the parallel form of Welford's rule, which does
not lose the deviation of a large mean; quantiles come from a histogram between the known extremes.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_training.data.source import Float

QUANTILES = {'q01': 0.01, 'q10': 0.10, 'q50': 0.50, 'q90': 0.90, 'q99': 0.99}
_BINS = 20_000


class Moments:
    """Count, mean, deviation and extremes per dimension; missing numbers are left out."""

    def __init__(self, size: int) -> None:
        self.count = np.zeros(size, dtype=np.int64)
        self.mean = np.zeros(size)
        self._squares = np.zeros(size)  # sum of squared distances from the mean
        self.low = np.full(size, np.inf)
        self.high = np.full(size, -np.inf)

    def add(self, rows: NDArray[Any]) -> None:
        """Take in values (n, size)."""
        values = np.asarray(rows, dtype=np.float64)
        there = np.isfinite(values)
        count = there.sum(axis=0)
        safe = np.maximum(count, 1)
        mean = np.where(there, values, 0).sum(axis=0) / safe
        squares = (np.where(there, values - mean, 0) ** 2).sum(axis=0)
        total = np.maximum(self.count + count, 1)
        step = mean - self.mean
        self._squares += np.where(count, squares + step**2 * self.count * count / total, 0)
        self.mean += step * count / total
        self.count += count
        self.low = np.minimum(
            self.low, np.where(there, values, np.inf).min(axis=0, initial=np.inf)
        )
        self.high = np.maximum(
            self.high, np.where(there, values, -np.inf).max(axis=0, initial=-np.inf)
        )

    @property
    def std(self) -> Float:
        """Return the deviation of the population."""
        return np.sqrt(self._squares / np.maximum(self.count, 1))


class Histogram:
    """Counts between known extremes per dimension."""

    def __init__(self, moments: Moments) -> None:
        there = moments.count > 0
        self._low = np.where(there, moments.low, 0.0)
        width = np.where(there, moments.high, 0.0) - self._low
        self._width = width
        self._scale = np.where(width > 0, _BINS / np.where(width > 0, width, 1), 0.0)
        self.counts = np.zeros((len(width), _BINS), dtype=np.int64)

    def add(self, rows: NDArray[Any]) -> None:
        """Count values (n, size)."""
        values = np.asarray(rows, dtype=np.float64)
        bins = (np.where(np.isfinite(values), values, self._low) - self._low) * self._scale
        bins = np.minimum(bins.astype(np.int64), _BINS - 1)
        for d in range(values.shape[1]):
            good = bins[np.isfinite(values[:, d]), d]
            self.counts[d] += np.bincount(good, minlength=_BINS)

    def quantile(self, share: float) -> Float:
        """Return the value below which this share lies, to a bin's width."""
        total = np.cumsum(self.counts, axis=1)
        wanted = share * total[:, -1]
        found = np.empty(len(total))
        for d, sums in enumerate(total):
            at = min(int(np.searchsorted(sums, wanted[d])), _BINS - 1)
            before = sums[at - 1] if at else 0
            inside = (wanted[d] - before) / max(sums[at] - before, 1)
            found[d] = self._low[d] + self._width[d] * (at + inside) / _BINS
        return found


def summary(moments: Moments, histogram: Histogram) -> dict[str, Float]:
    """Return min, max, mean, std, count and the quantiles, each (size,)."""
    there = moments.count > 0
    return {
        'min': np.where(there, moments.low, 0.0),
        'max': np.where(there, moments.high, 0.0),
        'mean': moments.mean,
        'std': moments.std,
        'count': np.atleast_1d(moments.count.max(initial=0)),
        **{name: histogram.quantile(q) for name, q in QUANTILES.items()},
    }


def exact_summary(rows: NDArray[Any]) -> dict[str, Float]:
    """Return the same of one array (n, size) that is at hand."""
    moments = Moments(rows.shape[1])
    moments.add(rows)
    values = np.asarray(rows, dtype=np.float64)
    values = np.where(np.isfinite(values), values, np.nan)
    empty = np.where(np.isnan(values).all(axis=0), 0.0, np.nan)
    quantiles = np.nanquantile(
        np.where(np.isnan(empty), values, 0.0), list(QUANTILES.values()), axis=0
    )
    found = summary(moments, Histogram(moments))
    return found | dict(zip(QUANTILES, quantiles, strict=True))


def as_lists(found: dict[str, Float], dtype: Any = np.float64) -> dict[str, Any]:
    """Return it as JSON takes it; the extremes of whole numbers and flags stay what they are."""
    whole = np.dtype(dtype) if np.dtype(dtype).kind in 'iub' else np.dtype(np.float64)
    types = {'count': np.dtype(np.int64), 'min': whole, 'max': whole}
    return {
        name: np.asarray(value).astype(types.get(name, np.float64)).tolist()
        for name, value in found.items()
    }
