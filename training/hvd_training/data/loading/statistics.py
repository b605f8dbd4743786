# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Normalisation statistics of data that comes without a file of them."""

from collections.abc import Mapping
import hashlib
import json
from pathlib import Path

from hvd_training.data.source import Column
from hvd_training.data.statistics.norm_stats import FLOOR, NormStats, Representation, raise_floor
from hvd_training.data.statistics.summary import Histogram, Moments, as_lists, summary

_PIECE = 1 << 18  # rows that are taken in at once


def stats_of_arrays(
    arrays: Mapping[str, Column], names: Mapping[str, tuple[str, ...]], path: Path
) -> NormStats:
    """Compute what `hvd dataset stats` would, of absolute actions, each counted once."""
    stats, still = {}, {}
    for key, array in arrays.items():
        pieces = range(0, len(array), _PIECE)
        moments = Moments(array.shape[1])
        for first in pieces:
            moments.add(array[first : first + _PIECE])
        histogram = Histogram(moments)
        for first in pieces:
            histogram.add(array[first : first + _PIECE])
        stats[key] = summary(moments, histogram)
        still[key] = raise_floor(stats[key], names[key], FLOOR)
    content = json.dumps({key: as_lists(one) for key, one in stats.items()}, sort_keys=True)
    sha256 = hashlib.sha256(content.encode()).hexdigest()
    return NormStats('', Representation(), dict(names), stats, still, sha256, path)
