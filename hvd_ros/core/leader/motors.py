# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which motors make which joint of the JoyLo arms: the one table of ids, pairs and nominal signs.

A joint with two motors names its master first. Signs and ticks here are those of the published
build and of our twin; a real pair of arms is calibrated, which overrules both.
"""

from dataclasses import dataclass
import math

TICKS_PER_TURN = 4096
RAD_PER_TICK = 2.0 * math.pi / TICKS_PER_TURN


@dataclass(frozen=True)
class LeaderJoint:
    """One joint of the leader, named as the dimension of the body that it commands."""

    name: str
    motors: tuple[int, ...]  # ids, master first
    sign: int  # +1 if the tick grows with the joint angle
    neutral_tick: int  # nominal tick at the neutral pose
    motion: str  # how a person turns it in the positive direction, from the neutral pose


LEADER_JOINTS: tuple[LeaderJoint, ...] = (
    LeaderJoint('left_arm_joint1', (0, 1), -1, 1024, 'swing the whole arm backward'),
    LeaderJoint('left_arm_joint2', (2, 3), -1, 1024, 'swing the upper arm inward'),
    LeaderJoint('left_arm_joint3', (4,), 1, 2048, 'swing the forearm inward'),
    LeaderJoint('left_arm_joint4', (5,), 1, 2048, 'twist the forearm clockwise, seen from above'),
    LeaderJoint('left_arm_joint5', (6,), 1, 2048, 'bend the wrist so that the hand goes backward'),
    LeaderJoint('left_arm_joint6', (7,), 1, 2048, 'twist the wrist clockwise, seen from above'),
    LeaderJoint('right_arm_joint1', (8, 9), -1, 3072, 'swing the whole arm forward'),
    LeaderJoint('right_arm_joint2', (10, 11), -1, 1024, 'swing the upper arm inward'),
    LeaderJoint('right_arm_joint3', (12,), 1, 2048, 'swing the forearm inward'),
    LeaderJoint(
        'right_arm_joint4', (13,), 1, 2048, 'twist the forearm clockwise, seen from above'
    ),
    LeaderJoint(
        'right_arm_joint5', (14,), -1, 2048, 'bend the wrist so that the hand goes forward'
    ),
    LeaderJoint('right_arm_joint6', (15,), 1, 2048, 'twist the wrist clockwise, seen from above'),
)

NEUTRAL_POSE = 'park'  # the pose of the robot description at which arms hang relaxed
