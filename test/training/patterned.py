# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Weights that two implementations can both be given without a file: they follow from a name.

NumPy promises that the stream of RandomState never changes.
"""

import math
from zlib import crc32

import numpy as np


def numbers(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return normal numbers that belong to a name."""
    drawn = np.random.RandomState(crc32(name.encode())).standard_normal(shape)
    return np.asarray(drawn, np.float32)


def weights(name: str, shape: tuple[int, ...], gain: float = 1.0) -> np.ndarray:
    """Return what a weight of this name is: tame enough for deep networks, variances positive."""
    drawn = numbers(name, shape)
    if name.endswith('running_var'):
        return 0.5 + np.abs(drawn)
    if len(shape) < 2:
        return 0.1 * drawn + float(name.endswith('weight'))
    return drawn * np.float32(gain / math.sqrt(math.prod(shape[1:])))
