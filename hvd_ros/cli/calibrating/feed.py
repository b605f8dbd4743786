# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages as a watch takes them; those of the graph and those of a bag have the same fields."""

import math
from typing import Any

from hvd_ros.core.calibration.watch import Watch


def joints(watch: Watch, message: Any) -> None:
    """Hand over a JointState."""
    positions = (float(position) for position in message.position)
    watch.joints(stamp_ns(message), dict(zip(message.name, positions, strict=False)))


def picture(watch: Watch, camera: str, message: Any) -> None:
    """Hand over a CompressedImage."""
    watch.picture(camera, stamp_ns(message), bytes(message.data))


def odometry(watch: Watch, message: Any) -> None:
    """Hand over an Odometry."""
    at, turn = message.pose.pose.position, message.pose.pose.orientation
    watch.base(at.x, at.y, 2.0 * math.atan2(turn.z, turn.w))


def stamp_ns(message: Any) -> int:
    """Return the header stamp as a number."""
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
