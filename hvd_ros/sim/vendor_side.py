# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The vendor's software as the rest of the world sees it, played on a simulated body.

It adds to the body's own habits (see sim/robot.py) those of the software around it, because they
are what the command path must survive: a single target moves nothing, and three gates keep the
chassis still until all of them are open. Shells give it ROS 2 topics or rosbridge; it is told the
time.
"""

from collections.abc import Sequence
import math

import numpy as np

from hvd_ros.core.errors import CommandRejected
from hvd_ros.core.robot.body import Body
from hvd_ros.core.vendor.health import MODE_COMMANDS, TROUBLE
from hvd_ros.core.vendor.streams import ARMS, GRIPPERS, STREAMS
from hvd_ros.sim.fault_dial import FaultDial, Sample
from hvd_ros.sim.robot import SimRobot
from hvd_ros.sim.scene import SCENES
from hvd_ros.sim.task_stage import TaskStage
from hvd_ros.sim.tasks.catalogue import TASKS

# Where the robot may stand: furnished scenes, and the tasks.
PLACES = (*SCENES, *TASKS)
# What a fault can be aimed at beside the feedback streams: status, and what the robot is told.
LOSSY = ('bms', 'controller', *(f'target_{s}' for s in STREAMS))
# Two targets further apart than this are no stream; 10 Hz is enough for the real trackers.
STREAM_NS = 250_000_000
SPEED_LIMIT = np.array([1.5, 1.5, 3.0])  # m/s, m/s, rad/s
ACCELERATION_LIMIT = np.array([2.5, 1.0, 3.0])
FULL_VOLTS, EMPTY_VOLTS = 54.0, 42.0
IDLE_W, CAPACITY_WH = 120.0, 1680.0


class VendorSide:
    """One simulated robot behind the vendor's interface."""

    def __init__(
        self,
        body: Body,
        extra_faults: tuple[str, ...] = (),
        scene: str = 'floor',
        seed: int = 0,
        setting: str = 'usual',
    ) -> None:
        """Stand the robot in a furnished scene, or in the episode of a task with a seed."""
        self.about = {'scene': scene, 'seed': seed, 'setting': setting}
        self.stage = TaskStage(body, scene, seed, setting) if scene in TASKS else None
        self.robot = SimRobot(body, scene=scene, stage=self.stage)
        self.dial = FaultDial(STREAMS, LOSSY, extra_faults)
        self.speed_listeners = 0  # the chassis moves only while somebody listens to its speed
        self.charge_percent = 90.0
        self._chassis = np.zeros(3)
        self._acceleration = np.zeros(3)
        self._heard_ns: dict[str, int] = {}

    # What it is told

    def on_target(self, stream: str, values: Sequence[float], now_ns: int) -> None:
        """Take a target: joint angles [rad], a stroke [mm], or a chassis twist."""
        if self.dial.cut(f'target_{stream}', now_ns) or not all(map(math.isfinite, values)):
            return
        if stream == 'chassis':
            self._chassis = np.clip(np.array(values[:3]), -SPEED_LIMIT, SPEED_LIMIT)
        elif self._streamed(stream, now_ns):
            self._aim(stream, values)

    def on_acceleration(self, xyw: Sequence[float], now_ns: int) -> None:
        """Take the chassis acceleration limits; zero, the start value, forbids motion."""
        if not self.dial.cut('target_chassis', now_ns) and all(map(math.isfinite, xyw)):
            self._acceleration = np.clip(np.array(xyw), 0.0, ACCELERATION_LIMIT)

    def _streamed(self, stream: str, now_ns: int) -> bool:
        before_ns = self._heard_ns.get(stream)
        self._heard_ns[stream] = now_ns
        return before_ns is not None and now_ns - before_ns < STREAM_NS

    def _aim(self, stream: str, values: Sequence[float]) -> None:
        try:
            if stream in GRIPPERS:
                self.robot.set_gripper_stroke(_side(stream), values[0])
            elif stream in ARMS:
                self.robot.set_arm_target(_side(stream), values)
            else:
                self.robot.set_torso_target(values)
        except (CommandRejected, IndexError):
            pass  # the vendor's trackers drop what does not fit, without a word

    # What it does

    def step(self, dt_s: float, now_ns: int) -> None:
        """Let time pass."""
        moving = self.gates_open(now_ns)
        # A closed gate brakes as hard as the wheels can.
        limit = self._acceleration if moving else ACCELERATION_LIMIT
        self.robot.set_base_acceleration_limit(*limit)
        self.robot.set_base_target(*(self._chassis if moving else np.zeros(3)))
        self.robot.step(dt_s)
        used_wh = IDLE_W * dt_s / 3600.0
        self.charge_percent = max(0.0, self.charge_percent - 100.0 * used_wh / CAPACITY_WH)

    def gates_open(self, now_ns: int) -> bool:
        """Return whether the chassis obeys its target."""
        mode_ok = self.controller_mode(now_ns) == MODE_COMMANDS
        return mode_ok and self.speed_listeners > 0 and bool(np.all(self._acceleration > 0))

    # What it says

    def controller_mode(self, now_ns: int) -> int:
        """Return the mode of the remote control."""
        forced = self.dial.amount('controller_mode', now_ns)
        return MODE_COMMANDS if forced is None else int(forced)

    def battery(self, now_ns: int) -> tuple[float, float]:
        """Return charge [%] and voltage [V]."""
        low = self.dial.amount('battery_low', now_ns)
        percent = self.charge_percent if low is None else low
        return percent, EMPTY_VOLTS + (FULL_VOLTS - EMPTY_VOLTS) * percent / 100.0

    def errors(self, stream: str, now_ns: int) -> list[tuple[str, int, str]]:
        """Return the (name, code, text) entries of a stream's status topic."""
        found = []
        for kind in ('motor_fault', 'over_temperature'):
            code = self.dial.amount(kind, now_ns, stream)
            if code is not None:
                found.append(('motor1', int(code), TROUBLE.get(int(code), '')))
        return found

    def feedback(self, stream: str, stamp_ns: int, now_ns: int) -> list[Sample]:
        """Return what a stream says now: usually one message, fewer or older ones under faults."""
        sample = Sample(stamp_ns, *self._reading(stream))
        return self.dial.carry(stream, sample, now_ns)

    def _reading(self, stream: str) -> tuple[tuple[float, ...], ...]:
        if stream == 'chassis':
            steer, speed = self.robot.wheels()
            return tuple(steer.tolist()), (*speed.tolist(), 0.0, 0.0, 0.0), ()
        if stream in ARMS:
            reading = self.robot.arm(_side(stream))
        elif stream in GRIPPERS:
            reading = self.robot.gripper(_side(stream))
        else:
            reading = self.robot.torso()
        columns = (reading.position, reading.velocity, reading.effort)
        return tuple(tuple(column.tolist()) for column in columns)


def _side(stream: str) -> str:
    return stream.removeprefix('arm_').removeprefix('gripper_')
