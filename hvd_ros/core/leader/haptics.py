# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the leader's motors push with when it is bilateral: a spring to the robot, and help.

Current along +q of a joint = spring towards the robot's measured angle - damping + a share of the
leader's own weight + a soft wall before the end of the joint. Everything is clipped last, so no
term can ask for more than the limit.
"""

from dataclasses import dataclass

import numpy as np

from hvd_ros.core.config import param
from hvd_ros.core.errors import CommandRejected
from hvd_ros.core.robot.body import Array

TORQUE_NM_PER_A = 0.354  # XL330-M288 at 5 V: 0.52 N m at 1.47 A


@dataclass(frozen=True)
class HapticsConfig:
    """How the leader feels. Currents are those of a whole joint, shared by its motors."""

    stiffness_ma_per_rad: float = param(
        250.0, 'Spring towards the robot pose.', low=0.0, high=1000.0, live=True
    )
    spring_limit_ma: float = param(
        150.0, 'Most that the spring pulls.', low=0.0, high=500.0, live=True
    )
    damping_ma_s_per_rad: float = param(
        30.0, 'Resistance to motion.', low=0.0, high=100.0, live=True
    )
    gravity_gain: float = param(
        0.6, 'Share of its own weight that the leader carries.', low=0.0, high=1.0, live=True
    )
    wall_margin_rad: float = param(
        0.1, 'Where the soft wall before a joint limit begins.', low=0.0, high=0.5, live=True
    )
    wall_ma_per_rad: float = param(
        2000.0, 'Stiffness of that wall.', low=0.0, high=5000.0, live=True
    )
    limit_ma: float = param(400.0, 'Most current of a joint.', low=0.0, high=1000.0, live=True)


@dataclass(frozen=True, eq=False)
class Haptics:
    """The current law for one pair of arms with joint ranges low..high [rad], shape (J,)."""

    low: Array
    high: Array
    config: HapticsConfig

    def current_ma(self, q: Array, dq: Array, robot_q: Array, weight_nm: Array) -> Array:
        """
        Return currents along +q [mA], shape (J,).

        weight_nm is the torque that holds the leader against gravity (LeaderWeight), shape (J,).
        Raises CommandRejected on anything not finite; the caller then lets the arms go limp.
        """
        c = self.config
        spring = np.clip(
            c.stiffness_ma_per_rad * (robot_q - q), -c.spring_limit_ma, c.spring_limit_ma
        )
        carry = c.gravity_gain * weight_nm / TORQUE_NM_PER_A * 1000.0
        inside_low = np.maximum(0.0, self.low + c.wall_margin_rad - q)
        inside_high = np.maximum(0.0, q - self.high + c.wall_margin_rad)
        wall = c.wall_ma_per_rad * (inside_low - inside_high)
        total = spring - c.damping_ma_s_per_rad * dq + carry + wall
        # The clip has hidden a robot at infinity.
        finite = np.isfinite(total) & np.isfinite(robot_q)
        if not finite.all():
            at = int(np.argmin(finite))
            raise CommandRejected(
                f'leader joint {at}: no finite current for q={q[at]}, dq={dq[at]}, '
                f'robot {robot_q[at]}; the arms go limp'
            )
        limited: Array = np.clip(total, -c.limit_ma, c.limit_ma)
        return limited
