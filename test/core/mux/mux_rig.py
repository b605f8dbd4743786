# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A mux on the bench: a robot that follows, an operator, clocks that obey the test."""

from dataclasses import replace

import numpy as np

from hvd_ros.core.mux.command import Chunk, Command, Mode, Source
from hvd_ros.core.mux.state import Inputs, MuxConfig, MuxState, Pads, prepare
from hvd_ros.core.mux.tick import step
from hvd_ros.core.mux.transitions import ask, stop
from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.safety.estop import Beat
from hvd_ros.core.safety.vitals import Feedback, Health

MS = 1_000_000
TICK_NS = 10 * MS
BODY = load_body('r1')
HOME = np.array(BODY.pose('home'))
BASE = BODY.indices('base')
JOINTS = np.setdiff1d(np.arange(BODY.size), BASE)


class Rig:
    """Ticks a mux; everything that a healthy graph would send is sent unless told otherwise."""

    def __init__(self, distance=None, start=HOME, **config):
        self.setup = prepare(BODY, MuxConfig(**config), distance)
        self.state = MuxState()
        self.now_ns, self.ros_ns = 5_000_000_000, 1_700_000_000_000_000_000
        self.seq = 0
        self.chunk_seq = 0
        self.measured = np.array(start, dtype=float)
        self.measured[BASE] = 0.0
        self.noise = np.random.default_rng(0)
        self.health = Health(80.0, 30.0, True, '', (), 0)
        self.guardian = Beat(False, 0, '', 0)
        self.deadman = True
        self.writers = {}
        self.decision = None
        self.sent = []

    def frame(self, values=None, engaged=True, **changes):
        """Make a leader command that is formed now."""
        self.seq += 1
        values = HOME if values is None else values
        made = Command(
            Source.TELEOP, self.seq, BODY.layout_id, engaged,
            np.array(values, dtype=float), self.ros_ns, self.now_ns,
        )  # fmt: skip
        return replace(made, **changes)

    def chunk(self, rows, delay_ns=0, step_s=0.1, **changes):
        """Make a policy's chunk from an observation that was taken a while ago."""
        self.chunk_seq += 1
        rows = np.atleast_2d(rows)
        made = Chunk(
            self.chunk_seq, BODY.layout_id, self.ros_ns - delay_ns, step_s, len(rows),
            rows.reshape(-1).astype(float), 'bundle', self.now_ns,
        )  # fmt: skip
        return replace(made, **changes)

    def tick(self, *, frames=(), feedback=True, guardian=True, health=True, pads=True, **more):
        """Let one period pass and return the decision."""
        self.now_ns += TICK_NS
        self.ros_ns += TICK_NS
        frames = tuple(
            replace(f, stamp_ns=f.stamp_ns + TICK_NS, received_ns=self.now_ns) for f in frames
        )
        values = self.measured + self.noise.normal(0.0, 1e-4, BODY.size)
        inputs = Inputs(
            ros_now_ns=self.ros_ns,
            teleop=frames,
            feedback=Feedback(values, self.now_ns) if feedback else None,
            health=replace(self.health, received_ns=self.now_ns) if health else None,
            guardian=replace(self.guardian, received_ns=self.now_ns) if guardian else None,
            pads=self._pads(pads),
            writers=self.writers,
        )
        return self.step(replace(inputs, **more))

    def _pads(self, pads):
        if isinstance(pads, Pads):
            return pads
        return Pads(self.deadman, False, False, self.now_ns) if pads else None

    def step(self, inputs):
        """Take one step with exactly these inputs."""
        before = self.state
        self.state, self.decision = step(before, self.now_ns, inputs, self.setup)
        if self.decision.engaged:
            self.measured = self.decision.values.copy()
            self.measured[BASE] = 0.0
        self.sent.append(self.decision)
        return self.decision

    def ticks(self, count, **more):
        """Tick several times and return the last decision."""
        for _ in range(count):
            self.tick(**more)
        return self.decision

    def drive(self, values, count=1, **more):
        """Tick with an engaged operator whose leader stands at values."""
        for _ in range(count):
            self.tick(frames=(self.frame(values),), **more)
        return self.decision

    def engage(self, values=None):
        """Bring the operator into authority."""
        self.tick(frames=(self.frame(values, engaged=False),))
        self.tick(frames=(self.frame(values),))
        assert self.state.mode is Mode.TELEOP
        return self

    def ask(self, mode, pose=''):
        """Ask for a mode between two ticks."""
        self.state, answer = ask(self.state, self.now_ns, mode, pose, self.setup)
        return answer

    def stop(self, reason=Reason.ESTOP_SERVICE):
        """Press the software e-stop."""
        self.state = stop(self.state, reason)

    def start_policy(self, rows, **more):
        """Bring a policy into authority with one chunk."""
        self.tick(chunks=(self.chunk(rows, **more),))
        assert self.ask(Mode.POLICY).granted
        return self


def at(**values):
    """Return the home pose with some dimensions changed, base still."""
    found = HOME.copy()
    for name, value in values.items():
        found[BODY.index(name)] = value
    return found


def base_of(decision):
    """Return the base speeds of a decision."""
    return decision.values[BASE]


# A small wish: forward, and one joint a little on.
AHEAD = at(base_vx=0.2, left_arm_joint1=HOME[0] + 0.02)


def bring_to(mode):
    """Return a rig that is in the mode, moving where the mode moves."""
    rig = Rig()
    if mode is Mode.TELEOP:
        rig.engage()
        rig.drive(at(base_vx=0.3), 40)
    elif mode is Mode.POLICY:
        rig.start_policy([at(base_vx=0.3)] * 16)
        rig.ticks(20)
    elif mode is Mode.REPLAY:
        rig.tick(replay=(rig.frame(AHEAD, source=Source.REPLAY, received_ns=rig.now_ns),))
        assert rig.ask(mode).granted
        rig.tick()
    elif mode is Mode.HOME:
        rig.tick(keepalive_ns=rig.now_ns)
        assert rig.ask(mode, 'park').granted
        rig.tick()
    else:
        rig.tick()
    assert rig.state.mode is mode
    return rig
