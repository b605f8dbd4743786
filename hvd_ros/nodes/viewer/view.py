# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the page shows at one moment: the newest message of each stream and how old it is.

A stream that went silent keeps its last message here, so that the page can grey it out; only
`fresh` says whether it may be shown as the present.
"""

from collections.abc import Mapping
from dataclasses import dataclass
import math
from typing import Any

import numpy as np

from hvd_ros.core.robot.body import Array, Body, Kind

# Oldest age [s] at which a stream still shows the present: a few periods of its publisher.
LIMITS_S = {
    'mux': 0.5,
    'health': 0.5,
    'joints': 0.3,
    'odom': 0.3,
    'leader': 0.3,
    'command': 0.3,
    'recorder': 1.0,
    'policy': 2.0,
    'task': math.inf,  # said when it changes
}


@dataclass(frozen=True)
class Stream:
    """The newest message of one topic."""

    name: str  # a key of LIMITS_S
    topic: str
    message: Any = None  # None before the first
    age_s: float = math.inf  # steady clock

    @property
    def fresh(self) -> bool:
        """Whether the message shows the present."""
        return self.message is not None and self.age_s <= LIMITS_S[self.name]


@dataclass(frozen=True)
class View:
    """Everything that the page shows."""

    mux: Stream
    health: Stream
    joints: Stream
    odom: Stream
    leader: Stream
    command: Stream
    recorder: Stream
    policy: Stream = Stream('policy', 'policy/status')  # where one runs
    task: Stream = Stream('task', 'sim_robot/score')  # a task that the twin stands in

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Every stream, in the order of the page."""
        always = (self.mux, self.health, self.joints, self.odom, self.leader, self.command)
        # A graph without a recorder lacks nothing.
        return always if self.recorder.message is None else (*always, self.recorder)


def positions(message: Any) -> dict[str, float]:
    """Return the finite joint positions of a JointState by name; empty for no message."""
    if message is None:
        return {}
    pairs = zip(message.name, message.position, strict=False)
    return {name: value for name, value in pairs if math.isfinite(value)}


def measured(body: Body, joints: Mapping[str, float], odom: Any) -> Array:
    """Return what is measured in the order and units of the body; NaN where it is unknown."""
    values = body.values_of(joints)
    base = [i for i, d in enumerate(body.dimensions) if d.kind is Kind.VELOCITY]
    if odom is not None and len(base) == 3:
        twist = odom.twist.twist
        values[base] = (twist.linear.x, twist.linear.y, twist.angular.z)
    return values


def commanded(body: Body, message: Any) -> Array:
    """Return the values of a WholeBodyCommand; NaN where it drives nothing."""
    values = np.full(body.size, np.nan)
    if message is None or message.layout_id != body.layout_id or len(message.values) != body.size:
        return values
    sent = np.array(message.values, dtype=float)
    # An idle command carries no joint target, but the base always gets a number.
    driven = np.ones(body.size, dtype=bool) if message.engaged else body.mask(Kind.VELOCITY)
    values[driven] = sent[driven]
    return values


def planar(odom: Any) -> tuple[float, float, float]:
    """Return x [m], y [m] and yaw [rad] of an Odometry; the origin for none."""
    if odom is None:
        return 0.0, 0.0, 0.0
    p, q = odom.pose.pose.position, odom.pose.pose.orientation
    yaw = math.atan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
    return (p.x, p.y, yaw) if all(map(math.isfinite, (p.x, p.y, yaw))) else (0.0, 0.0, 0.0)
