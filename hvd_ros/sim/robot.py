# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The R1's physics with the habits of the vendor's trackers, on a clock that the caller owns.

Arms, torso and grippers run after their targets at a bounded speed and stop when the stream does;
the chassis repeats its last target for ever, and does not start before it was told how fast it
may accelerate. No ROS, no wall time: the same calls give the same bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import mujoco
import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import HvdError
from hvd_ros.core.robot import swerve
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.sim import scene as scenes
from hvd_ros.sim.trackers import Trackers, finite

STROKE_MM = 100.0


class SimulationBroken(HvdError):
    """The physics blew up; what it says from now on means nothing."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What a group of motors reports: rad, rad/s, N m; grippers mm of opening, mm/s, N."""

    position: Array
    velocity: Array
    effort: Array


class Stage(Protocol):
    """A scene that begins in a state of its own, and in which more than physics acts."""

    @property
    def model(self) -> mujoco.MjModel:
        """The robot in the scene."""
        ...

    @property
    def data(self) -> mujoco.MjData:
        """How it begins, and how it stands."""
        ...

    def stepped(self) -> None:
        """Take note of one physics step."""
        ...


class SimRobot:
    """One simulated R1 in a scene at a pose of its description, or as a stage has it."""

    def __init__(
        self,
        body: Body,
        start: str = 'park',
        base_pose: tuple[float, float, float] = (0.0, 0.0, 0.0),
        scene: str = 'floor',
        stage: Stage | None = None,
    ) -> None:
        # _check says what MuJoCo would write into MUJOCO_LOG.TXT in whatever folder we run from.
        mujoco.set_mju_user_warning(lambda text: None)
        self._stage = stage
        self.model = scenes.build(body, scene).compile() if stage is None else stage.model
        self.data = mujoco.MjData(self.model) if stage is None else stage.data
        self.timestep_s = float(self.model.opt.timestep)
        # Views: asking MuJoCo for them costs as much as what is done with them.
        self._ctrl, self._qpos = self.data.ctrl, self.data.qpos
        self._warnings = self.data.warning.number
        self._trackers = Trackers(self.model, body)
        self._fingers = _fingers(self.model)
        self._owed_s = 0.0
        self._base_target = self._base_command = (0.0, 0.0, 0.0)  # command: after the limit
        self._acceleration = (0.0, 0.0, 0.0)
        self._steer: Array = np.zeros(3)
        kinematics = BodyKinematics(body)
        joints = kinematics.tree.joints
        self._names = [n for n in joints if 'steer' not in n and 'wheel' not in n]
        # Every joint has one position and one velocity, so both live at the same index.
        self._at = np.array([self.model.joint(n).qposadr[0] for n in self._names])
        if stage is None:
            self._place(kinematics, body.pose(start), base_pose)

    def set_arm_target(self, side: str, q: npt.ArrayLike) -> None:
        """Aim an arm at joint angles [rad]; must be streamed. Refuses NaN and wrong sizes."""
        self._trackers.aim(f'{side}_arm', f'{side} arm', q)

    def set_torso_target(self, q: npt.ArrayLike) -> None:
        """Aim the torso at joint angles [rad]; must be streamed."""
        self._trackers.aim('torso', 'torso', q)

    def set_gripper_stroke(self, side: str, stroke_mm: float) -> None:
        """Aim a gripper at an opening, 0 closed to 100 open; must be streamed."""
        # Each finger travels half of the opening.
        self._trackers.aim(f'{side}_gripper', f'{side} gripper', [stroke_mm / 2000])

    def set_base_target(self, vx: float, vy: float, wz: float) -> None:
        """Drive with a twist in base_link [m/s, m/s, rad/s], until told otherwise."""
        finite('base', np.array([vx, vy, wz], dtype=np.float64), (3,))
        self._base_target = float(vx), float(vy), float(wz)

    def set_base_acceleration_limit(self, ax: float, ay: float, aw: float) -> None:
        """Allow the base to change its twist this fast [m/s^2, m/s^2, rad/s^2]; starts at zero."""
        finite('base acceleration', np.array([ax, ay, aw], dtype=np.float64), (3,))
        self._acceleration = abs(float(ax)), abs(float(ay)), abs(float(aw))

    def step(self, dt_s: float) -> None:
        """Let dt_s pass, in whole physics steps; a remainder is owed to the next call."""
        self._owed_s += dt_s
        steps = int(self._owed_s / self.timestep_s + 1e-9)
        self._owed_s -= steps * self.timestep_s
        for _ in range(steps):
            self._drive()
            self._trackers.advance(self._ctrl)
            mujoco.mj_step(self.model, self.data)
            if self._stage is not None:
                self._stage.stepped()
        self._check()

    def arm(self, side: str) -> Reading:
        """Read an arm as the robot reports it: its joints, then the gripper as one more."""
        joints, gripper = self._read(f'{side}_arm'), self.gripper(side)
        return Reading(
            np.concatenate((joints.position, gripper.position)),
            np.concatenate((joints.velocity, gripper.velocity)),
            np.concatenate((joints.effort, gripper.effort)),
        )

    def torso(self) -> Reading:
        """Read the torso's joints."""
        return self._read('torso')

    def gripper(self, side: str) -> Reading:
        """Read a gripper's opening; one element each."""
        one, two = self._fingers[side]
        force = self.data.actuator_force[self._trackers.servos[f'{side}_gripper']]
        position, velocity = self.data.qpos, self.data.qvel
        return Reading(
            np.array([1000 * (position[one] + position[two])]),
            np.array([1000 * (velocity[one] + velocity[two])]),
            force.copy(),
        )

    @property
    def base_pose(self) -> tuple[float, float, float]:
        """Where base_link truly is: x, y [m], yaw [rad]."""
        x, y, yaw = self.data.qpos[:3]
        return float(x), float(y), float(yaw)

    @property
    def base_twist(self) -> tuple[float, float, float]:
        """How base_link truly moves, in its own axes."""
        vx, vy, wz = _turned(self.data.qvel[:3].tolist(), -self.data.qpos[2])
        return vx, vy, wz

    def wheels(self) -> tuple[Array, Array]:
        """Read steering angles [rad] and wheel speeds [m/s]: front left, front right, rear."""
        # Steering follows the command; a wheel rolls with what the base really does along it.
        vx, vy, wz = self.base_twist
        along_x = (vx - wz * swerve.WHEELS[:, 1]) * np.cos(self._steer)
        along_y = (vy + wz * swerve.WHEELS[:, 0]) * np.sin(self._steer)
        return self._steer.copy(), along_x + along_y

    def joint_state(self) -> tuple[list[str], Array, Array]:
        """Return names, positions and velocities of every free joint, base and mimics aside."""
        return list(self._names), self.data.qpos[self._at].copy(), self.data.qvel[self._at].copy()

    def _drive(self) -> None:
        if self._base_command != self._base_target:
            ramp = zip(self._base_command, self._base_target, self._acceleration, strict=True)
            vx, vy, wz = (_towards(now, asked, a * self.timestep_s) for now, asked, a in ramp)
            self._base_command = vx, vy, wz
            self._steer, _ = swerve.inverse(vx, vy, wz, self._steer)
        self._ctrl[:3] = _turned(self._base_command, self._qpos[2])

    def _read(self, part: str) -> Reading:
        servos = self._trackers.servos[part]
        at = self.model.actuator_trnid[servos, 0]
        at = self.model.jnt_dofadr[at]
        # A motor also carries the weight that the model compensates.
        effort = self.data.actuator_force[servos] + self.data.qfrc_gravcomp[at]
        return Reading(self.data.qpos[at].copy(), self.data.qvel[at].copy(), effort)

    def _place(
        self, kinematics: BodyKinematics, pose: Array, base_pose: tuple[float, float, float]
    ) -> None:
        tree, model, data = kinematics.tree, self.model, self.data
        joints = dict(zip(tree.joints, kinematics.joint_positions(pose), strict=True))
        data.qpos[:3] = base_pose
        data.qpos[self._at] = [joints[n] for n in self._names]
        for side, (one, two) in self._fingers.items():
            data.qpos[two] = data.qpos[one]
            data.ctrl[self._trackers.servos[f'{side}_gripper']] = data.qpos[one]
        for part in ('left_arm', 'right_arm', 'torso'):
            servos = self._trackers.servos[part]
            data.ctrl[servos] = data.qpos[model.jnt_qposadr[model.actuator_trnid[servos, 0]]]
        mujoco.mj_forward(model, data)

    def _check(self) -> None:
        # mj_step does not raise: it counts a warning and starts over from the initial state.
        if self._warnings.any():
            name = mujoco.mjtWarning(int(self._warnings.argmax())).name
            raise SimulationBroken(
                f'the simulated robot broke ({name} at {self.data.time:.3f} s); restart it '
                'and report the command that came before'
            )


def _fingers(model: mujoco.MjModel) -> dict[str, tuple[int, int]]:
    joints = {s: [f'{s}_gripper_finger_joint{i}' for i in (1, 2)] for s in ('left', 'right')}
    return {
        side: (int(model.joint(one).qposadr[0]), int(model.joint(two).qposadr[0]))
        for side, (one, two) in joints.items()
    }


def _towards(now: float, asked: float, change: float) -> float:
    return now + min(max(asked - now, -change), change)


def _turned(twist: Sequence[float], yaw: float) -> tuple[float, float, float]:
    c, s = float(np.cos(yaw)), float(np.sin(yaw))
    vx, vy, wz = twist
    return c * vx - s * vy, s * vx + c * vy, wz
