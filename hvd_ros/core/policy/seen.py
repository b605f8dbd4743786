# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a policy is shown a cloud: the same points while learning and while acting."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def seen_cloud(xyz: NDArray[Any], rgb: NDArray[Any], points: int) -> NDArray[np.float32]:
    """Return a cloud as policies see it, (points, 6): metres and colours from 0 to 1."""
    # Stored farthest first, so the first n of them are the n that lie farthest apart.
    at = np.arange(points) % len(xyz)
    return np.concatenate(
        [np.asarray(xyz[at], np.float32), rgb[at].astype(np.float32) / 255], axis=1
    )
