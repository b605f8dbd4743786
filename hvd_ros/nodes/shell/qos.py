# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Quality-of-service profiles, by what a stream is for; docs/reference says who uses which."""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy


def _profile(
    reliability: ReliabilityPolicy, depth: int, durability: DurabilityPolicy
) -> QoSProfile:
    return QoSProfile(
        reliability=reliability,
        durability=durability,
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
    )


# Images and clouds: the newest counts, a lost one is not worth a retransmission.
SENSOR = _profile(ReliabilityPolicy.BEST_EFFORT, 1, DurabilityPolicy.VOLATILE)
# Colour and depth of one camera: they belong together by stamp, and one may be a picture ahead.
PAIRED = _profile(ReliabilityPolicy.BEST_EFFORT, 2, DurabilityPolicy.VOLATILE)
# Every sample of a fast stream, taken in handfuls: joints at the time of a picture.
SERIES = _profile(ReliabilityPolicy.BEST_EFFORT, 100, DurabilityPolicy.VOLATILE)
# Joint state, odometry, leader state: every consumer checks the age.
STATE = _profile(ReliabilityPolicy.BEST_EFFORT, 5, DurabilityPolicy.VOLATILE)
# Whole-body commands: a queue of one, so that an old command never follows a new one.
COMMAND = _profile(ReliabilityPolicy.RELIABLE, 1, DurabilityPolicy.VOLATILE)
# Status, latches, descriptions: a late joiner must see the last one.
LATCHED = _profile(ReliabilityPolicy.RELIABLE, 1, DurabilityPolicy.TRANSIENT_LOCAL)
# Traces, diagnostics, events: nothing may be lost in a short stall.
EVENTS = _profile(ReliabilityPolicy.RELIABLE, 50, DurabilityPolicy.VOLATILE)
# The recorder: everything, with room for a stall of a second, and without holding anybody up.
RECORD = _profile(ReliabilityPolicy.BEST_EFFORT, 250, DurabilityPolicy.VOLATILE)
RECORD_EVENTS = _profile(ReliabilityPolicy.RELIABLE, 250, DurabilityPolicy.VOLATILE)
