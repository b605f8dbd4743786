# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""No joint state from bad, frozen or missing feedback."""

import math

from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vendor.intake import Intake
from hvd_ros.core.vendor.streams import JOINT_STREAMS, Wiring

WIRING = Wiring(load_body('r1'))
MS = 1_000_000


def offer(intake: Intake, stream: str, now_ms: int, *, stamp: int | None = None, value=0.1):
    position = [value] * WIRING.size(stream)
    stamp_ns = (now_ms if stamp is None else stamp) * MS
    return intake.offer(stream, stamp_ns, now_ms * MS, position, [], [])


def filled(now_ms: int = 1000) -> Intake:
    intake = Intake(WIRING, 100 * MS)
    for stream in JOINT_STREAMS:
        assert offer(intake, stream, now_ms) is not None
    return intake


def test_nothing_before_every_stream_was_heard() -> None:
    intake = Intake(WIRING, 100 * MS)
    for stream in JOINT_STREAMS:
        assert intake.joints(1000 * MS) is None
        assert intake.age_s(1000 * MS) == math.inf
        offer(intake, stream, 1000)
    assert intake.joints(1000 * MS) is not None


def test_one_silent_stream_silences_the_joint_state() -> None:
    intake = filled()
    for stream in JOINT_STREAMS[1:]:
        offer(intake, stream, 1101)
    assert intake.joints(1100 * MS) is not None
    assert intake.joints(1101 * MS) is None
    assert intake.silent(1101 * MS) == ['arm_left']
    assert intake.age_s(1101 * MS) == 0.101


def test_a_repeated_stamp_is_no_news() -> None:
    intake = filled()
    for now_ms in range(1005, 1105, 5):
        for stream in JOINT_STREAMS[1:]:
            offer(intake, stream, now_ms)
        assert offer(intake, 'arm_left', now_ms, stamp=1000) is None
    assert intake.silent(1105 * MS) == ['arm_left']


def test_a_robot_that_does_not_stamp_is_aged_by_arrival() -> None:
    intake = filled()
    assert offer(intake, 'torso', 1005, stamp=0) is not None
    assert offer(intake, 'torso', 1010, stamp=0) is not None


def test_bad_feedback_neither_shows_nor_counts_as_alive() -> None:
    intake = filled()
    assert offer(intake, 'torso', 1050, value=math.nan) is None
    assert intake.refused == {'torso': 1}
    assert intake.last_refusal == 'feedback torso: position[0] = nan'
    joints = intake.joints(1050 * MS)
    assert all(map(math.isfinite, joints.position))
    assert 'torso' in intake.silent(1101 * MS)
