# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a leader's arms, two sticks and a few buttons to one target for the whole body.

Sizes and order come from the robot description. Speeds and filters are in seconds, so that the
loop rate changes nothing.
"""

from dataclasses import dataclass
import math

import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.leader.buttons import Action, held
from hvd_ros.core.leader.torso import TorsoConfig, TorsoWish, step_torso
from hvd_ros.core.robot.body import Array, Body

BASE = ('base_vx', 'base_vy', 'base_wz')
TORSO = ('torso_joint1', 'torso_joint2', 'torso_joint3', 'torso_joint4')
GRIPPERS = ('left_gripper', 'right_gripper')
_GRIPS = (Action.GRIP_LEFT, Action.GRIP_RIGHT)
_LONGEST_DT_S = 0.05  # after a stall the setpoints go on, they do not catch up
_ADOPT_RAD = 0.1  # a torso this far from its setpoint was moved by somebody else
Stick = tuple[float, float]


@dataclass(frozen=True)
class TeleopConfig:
    """How the sticks and triggers feel."""

    gripper: str = 'toggle'  # toggle: a press opens or closes; ramp: moves while held
    gripper_per_s: float = 1.0  # [1/s] speed of the ramp
    arm_filter_s: float = 0.005  # [s] time constant of the low-pass on the arms
    stick_filter_s: float = 0.03  # [s] the same on the base
    speed_share: float = 1.0  # of the base speed limits at full deflection
    torso: TorsoConfig = TorsoConfig()


@dataclass(frozen=True, eq=False)
class TeleopInput:
    """One tick of the leader."""

    dt_s: float
    engaged: bool
    arms: Array | None  # leader joints (J,) [rad]; None while the leader is not heard
    pressed: frozenset[str]
    events: frozenset[Action]
    left_stick: Stick
    right_stick: Stick
    measured: Array  # robot (D,) in units of the command; NaN where unknown


class Teleop:
    """The mapping with its memory: torso setpoint, gripper targets, filters."""

    def __init__(
        self, body: Body, leader_joints: tuple[str, ...], config: TeleopConfig | None = None
    ) -> None:
        self._body = body
        self._config = config or TeleopConfig()
        self._arms = _find(body, leader_joints)
        self._base = _find(body, BASE)
        self._torso = _find(body, TORSO)
        self._grips = _find(body, GRIPPERS)
        _nothing_left_over(body, (*leader_joints, *BASE, *TORSO, *GRIPPERS))
        # Until the robot was heard: zero, or the nearest that the limits allow.
        self._values = np.clip(np.zeros(body.size), body.limits.low, body.limits.high)
        self._opening = [False, False]  # the way the grippers went last
        self._heard_arms = False
        self._owned = False  # the torso and gripper targets are ours to hold

    def forget(self) -> None:
        """Give up the held targets, because another source has moved the robot since."""
        self._owned = False

    def step(self, seen: TeleopInput) -> Array:
        """Return the target for the whole body (D,), finite and inside the limits."""
        dt_s = min(max(seen.dt_s, 0.0), _LONGEST_DT_S)
        if not seen.engaged:
            self._adopt(seen.measured)
        self._step_arms(seen.arms, dt_s)
        self._step_base(seen, dt_s)
        if seen.engaged:
            self._owned = True
            self._step_torso(seen, dt_s)
            for side in (0, 1):
                self._step_gripper(side, seen, dt_s)
        return self._values.copy()

    def _adopt(self, measured: Array) -> None:
        """Take over where the robot stands, unless we put it there and it merely sagged."""
        torso, grips = measured[self._torso], measured[self._grips]
        moved = np.abs(torso - self._values[self._torso]).max() > _ADOPT_RAD
        if np.isfinite(torso).all() and (moved or not self._owned):
            self._values[self._torso] = self._clip(torso, self._torso)
        if np.isfinite(grips).all() and not self._owned:
            self._opening = [bool(g > 0.5) for g in grips]
            # Fingers that hold something are half open, yet their target was closed. The mux lets
            # a gripper be until this target has come past the robot's own.
            ends = np.round(grips) if self._config.gripper == 'toggle' else grips
            self._values[self._grips] = self._clip(ends, self._grips)

    def _step_arms(self, arms: Array | None, dt_s: float) -> None:
        if arms is None:
            self._heard_arms = False  # the filter starts anew from what is heard next
            return
        old = self._values[self._arms] if self._heard_arms else arms
        self._heard_arms = True
        new = old + _share(dt_s, self._config.arm_filter_s) * (arms - old)
        self._values[self._arms] = self._clip(new, self._arms)

    def _step_base(self, seen: TeleopInput, dt_s: float) -> None:
        if not seen.engaged:
            self._values[self._base] = 0.0
            return
        right, up = seen.left_stick
        # Either translation or yaw, as a thumb cannot tell three directions apart.
        turning = held(seen.pressed, Action.TURN)
        wish = np.array([0.0, 0.0, -right] if turning else [up, -right, 0.0])
        top = self._body.limits.high[self._base] * self._config.speed_share
        old = np.where([turning, turning, not turning], 0.0, self._values[self._base])
        new = old + _share(dt_s, self._config.stick_filter_s) * (wish * top - old)
        # A filter never quite arrives at rest; a base has to.
        new[(wish == 0.0) & (np.abs(new) < 0.01 * top)] = 0.0
        self._values[self._base] = self._clip(new, self._base)

    def _step_torso(self, seen: TeleopInput, dt_s: float) -> None:
        right, up = seen.right_stick
        down = held(seen.pressed, Action.SQUAT) - held(seen.pressed, Action.STAND)
        limits = self._body.limits
        self._values[self._torso] = step_torso(
            self._values[self._torso],
            seen.measured[self._torso],
            TorsoWish(squat=float(down), lean=up, turn=-right),
            dt_s,
            limits.low[self._torso],
            limits.high[self._torso],
            self._config.torso,
        )

    def _step_gripper(self, side: int, seen: TeleopInput, dt_s: float) -> None:
        i = int(self._grips[side])
        if _GRIPS[side] in seen.events:
            self._opening[side] = not self._opening[side]
            if self._config.gripper == 'toggle':
                self._values[i] = float(self._opening[side])
        if self._config.gripper == 'ramp' and held(seen.pressed, _GRIPS[side]):
            way = self._config.gripper_per_s * dt_s * (1.0 if self._opening[side] else -1.0)
            self._values[i] = min(1.0, max(0.0, self._values[i] + way))

    def _clip(self, values: Array, indices: npt.NDArray[np.intp]) -> Array:
        low, high = self._body.limits.low[indices], self._body.limits.high[indices]
        return np.clip(values, low, high)


def _share(dt_s: float, constant_s: float) -> float:
    """Return the part of the way that a first-order low-pass covers in dt."""
    return 1.0 if constant_s <= 0.0 else -math.expm1(-dt_s / constant_s)


def _find(body: Body, names: tuple[str, ...]) -> npt.NDArray[np.intp]:
    missing = [name for name in names if name not in body.names]
    if missing:
        raise ContractMismatch(
            f"{body.name}: the JoyLo commands '{missing[0]}', which this robot does not have; "
            f'it has {", ".join(body.names)}; choose another robot or leader'
        )
    return np.array([body.index(name) for name in names], np.intp)


def _nothing_left_over(body: Body, names: tuple[str, ...]) -> None:
    extra = [name for name in body.names if name not in names]
    if extra:
        raise ContractMismatch(
            f"{body.name}: nothing on a JoyLo commands '{extra[0]}' "
            f'({len(extra)} such dimensions); choose a robot with {len(names)} dimensions'
        )
