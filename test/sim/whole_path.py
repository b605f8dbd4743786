# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The whole way of a command in one process: thumbs, leader, mux, wiring, the vendor's side, physics.

Everything but the sockets between them: the rates are those of the graph, and what a device or a
network adds is late by a few milliseconds. As fast as the computer is, and the same every time.
"""

from collections import deque

import numpy as np

from hvd_ros.core.leader.buttons import LEFT_BUTTONS, RIGHT_BUTTONS
from hvd_ros.core.leader.motors import LEADER_JOINTS, RAD_PER_TICK
from hvd_ros.core.leader.tick import Leader, LeaderInput, Pad
from hvd_ros.core.mux.command import Command, Mode, Source
from hvd_ros.core.mux.state import Inputs, MuxConfig, MuxState, Pads, prepare
from hvd_ros.core.mux.tick import step
from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.collision import SelfCollision
from hvd_ros.core.safety.estop import Beat
from hvd_ros.core.safety.vitals import Feedback, Health
from hvd_ros.core.vendor.streams import Wiring
from hvd_ros.drivers.joycon.report import deadzone
from hvd_ros.sim.mirror import physics_size, read_physics
from hvd_ros.sim.operator_script import HOLD, REST, Act
from hvd_ros.sim.vendor_side import VendorSide

MS = 1_000_000
JOINTS = tuple(joint.name for joint in LEADER_JOINTS)
HAND_RAD_S = 3.0
LATE_TICKS = 3  # of 5 ms, from the leader to the operator's eyes
_START_NS = 5_000 * MS


class WholePath:
    """The twin of one episode behind a leader; act() lets 20 ms pass."""

    def __init__(self, body, task, seed=0, setting='usual'):
        self.body = body
        self.side = VendorSide(body, scene=task, seed=seed, setting=setting)
        self.side.speed_listeners = 1
        self.side.on_acceleration((2.0, 1.0, 1.0), 0)
        self.leader = Leader(body, JOINTS)
        self.setup = prepare(body, MuxConfig(), SelfCollision(body).distance)
        self.state, self.decision = MuxState(), None
        self.wiring = Wiring(body)
        self.arms = np.array([body.index(name) for name in JOINTS])
        self.now_ns, self.ticks = _START_NS, 0
        self.pressed, self.sticks = frozenset(), REST
        self.reported = (frozenset(), REST)
        self.hand = self.goal = self.measured()[self.arms]
        self.asked = deque([self.measured()] * LATE_TICKS, maxlen=LATE_TICKS)
        self.refusals = []
        self.sent = []
        self.seq = 0

    def measured(self):
        """Return what the robot reports of itself (D,)."""
        names, position, _ = self.side.robot.joint_state()
        values = self.body.values_of(dict(zip(names, position, strict=True)))
        return np.nan_to_num(values)

    @property
    def physics(self):
        """The whole state of the physics."""
        robot = self.side.robot
        state = np.empty(physics_size(robot.model))
        read_physics(robot.model, robot.data, state)
        return state

    def engage(self):
        """Take the robot over where it stands."""
        hold = [(frozenset(), 5), (HOLD, 20), (HOLD | {'Plus'}, 8), (HOLD, 20)]
        for pressed, times in hold:
            for _ in range(times):
                self.act(Act('', pressed, REST, self.goal))
        assert self.state.mode is Mode.TELEOP, self.state.reason
        return self

    def act(self, act):
        """Let hands and thumbs do something for 20 ms."""
        self.goal, self.pressed, self.sticks = act.hand, act.pressed, act.sticks
        for _ in range(4):
            self._pass()

    def _pass(self):
        self.now_ns += 5 * MS
        self.ticks += 1
        reach = HAND_RAD_S * 0.005
        self.hand = self.hand + np.clip(self.goal - self.hand, -reach, reach)
        if self.ticks % 3 == 0:
            self.reported = self.pressed, self.sticks
        if self.ticks % 2 == 0:
            self._tick()
        self.asked.append(self.asked[-1] if self.ticks % 2 else self._out.values)
        self.side.step(0.005, self.now_ns)

    def _tick(self):
        pressed, sticks = self.reported
        left, right = (
            Pad(pressed & frozenset(names), deadzone(stick, 0.1, 0.08))
            for names, stick in (
                (LEFT_BUTTONS, sticks[:2]),
                (RIGHT_BUTTONS, sticks[2:]),
            )
        )
        measured = self.measured()
        # Encoders count whole ticks.
        arms = np.round(self.hand / RAD_PER_TICK) * RAD_PER_TICK
        self._out = self.leader.step(LeaderInput(self.now_ns, arms, left, right, measured))
        self.seq += 1
        frame = Command(
            Source.TELEOP,
            self.seq,
            self.body.layout_id,
            self._out.engagement.engaged,
            self._out.values,
            self.now_ns,
            self.now_ns,
        )
        noise = 1e-6 * (self.seq % 7)  # a real encoder never quite repeats itself
        inputs = Inputs(
            ros_now_ns=self.now_ns,
            teleop=(frame,),
            feedback=Feedback(measured + noise, self.now_ns),
            health=Health(80.0, 30.0, True, '', (), self.now_ns),
            guardian=Beat(False, 0, '', self.now_ns),
            pads=Pads(self._out.presses.deadman, False, False, self.now_ns),
        )
        self.state, self.decision = step(self.state, self.now_ns, inputs, self.setup)
        if self.decision.refusal is not Reason.NONE:
            self.refusals.append((self.now_ns, self.decision.refusal))
        self.sent.append(self.decision.values)
        self._send()

    def _send(self):
        decision = self.decision
        targets = self.wiring.split(
            decision.values, self.body.layout_id, self.now_ns, decision.engaged
        )
        self.side.on_target('chassis', targets.base, self.now_ns)
        for stream, values in targets.joints.items():
            self.side.on_target(stream, values, self.now_ns)
        for stream, stroke in targets.strokes_mm.items():
            self.side.on_target(stream, [stroke], self.now_ns)
