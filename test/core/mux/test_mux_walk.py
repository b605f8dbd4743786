# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A long random walk through modes, faults and clocks, against a model of what is permitted.

The model knows only what the walk itself did: which frame was good, who was asked, who pressed.
It says who may move the robot; the mux must never move it otherwise.
"""

from dataclasses import replace

import numpy as np
import pytest

from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.mux.state import Inputs, Pads
from hvd_ros.core.mux.tick import step
from hvd_ros.core.safety.estop import Beat
from hvd_ros.core.safety.vitals import Feedback
from test.core.mux.mux_rig import BASE, BODY, HOME, JOINTS, MS, Rig

SEEDS, STEPS = 20, 5_200
LIMITS = BODY.limits
NEVER = -(10**18)
UGLY = [np.nan, np.inf, -np.inf, 1e300, -1e300]
TINY = [5e-324, -5e-324, 0.0, -0.0]


class Walk:
    """One walk: draw what happens, step the mux, check the promises."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.rig = Rig(home_speed=1.0)
        self.rng_pool = self.random.normal(0.0, 1e-4, (64, BODY.size))
        self.good = dict.fromkeys((Source.TELEOP, Source.POLICY, Source.REPLAY), NEVER)
        self.engaged = False
        self.wanted = None  # mode that was asked for and not left since
        self.pressed = False  # an e-stop was pressed and not reset since
        self.epoch = 0
        self.sick = False
        self.mood = {}
        self.leader = HOME.copy()
        self.heard = dict.fromkeys(('guardian', 'pads', 'feedback', 'keepalive'), NEVER)
        self.base_ready = True
        self.moved = set()
        self.previous = None

    def chance(self, probability):
        return self.random.random() < probability

    def run(self, steps):
        for _ in range(steps):
            self.change_mood()
            before = self.rig.state
            decision = self.rig.step(self.arrivals())
            self.check(before, decision)
            self.ask()
        assert self.moved >= {Source.TELEOP, Source.POLICY, Source.REPLAY, Source.HOME}, (
            'dull walk'
        )

    def change_mood(self):
        """Once in a while another stream dies, comes back, or goes mad."""
        if not self.mood or self.chance(0.02):
            keys = ('teleop', 'chunk', 'replay', 'guardian', 'pads', 'feedback', 'keepalive')
            self.mood = {key: self.chance(0.8) for key in keys}
            self.mood['bad'] = 0.3 * self.chance(0.3)
            self.mood['engage'] = self.chance(0.6)
            self.mood['deadman'] = self.chance(0.8)
            self.mood['writers'] = 1 + self.chance(0.1)
            self.sick = self.chance(0.05)
            self.base_ready = self.chance(0.85)

    def arrivals(self):
        rig, mood = self.rig, self.mood
        period = 10 * MS if self.chance(0.97) else int(self.random.integers(0, 300)) * MS
        rig.now_ns += period
        rig.ros_ns += period
        if self.chance(0.003):
            rig.ros_ns += int(self.random.choice([-3600, 3600, -1, 1])) * 1_000_000_000
        now = rig.now_ns
        rig.writers = {Source.TELEOP: mood['writers']}
        press = self.chance(0.001)
        self.pressed = self.pressed or press
        if self.pressed and self.chance(0.02):
            self.pressed, self.epoch = False, self.epoch + 1
        for name in ('guardian', 'pads', 'feedback', 'keepalive'):
            if mood[name]:
                self.heard[name] = now
        pads = Pads(mood['deadman'], False, press, now) if mood['pads'] or press else None
        if press:
            self.heard['pads'] = now
        beat = Beat(self.pressed and not press, self.epoch, 'estop_button', now)
        noise = self.rng_pool[self.random.integers(64)]
        health = replace(
            rig.health,
            faults=('motor_fault: x',) * self.sick,
            base_ready=self.base_ready,
            received_ns=now,
        )
        return Inputs(
            ros_now_ns=rig.ros_ns,
            teleop=self.commands(Source.TELEOP),
            replay=self.commands(Source.REPLAY),
            chunks=self.chunks(),
            pads=pads,
            feedback=Feedback(rig.measured + noise, now) if mood['feedback'] else None,
            health=health,
            guardian=beat if mood['guardian'] else None,
            keepalive_ns=now if mood['keepalive'] else None,
            writers=rig.writers,
        )

    def commands(self, source):
        rig, name = self.rig, source.name.lower()
        if not self.mood[name]:
            return ()
        engaged = True
        if source is Source.TELEOP:
            self.leader += self.random.normal(0.0, 0.02, BODY.size)
            self.leader = np.clip(self.leader, LIMITS.low - 0.2, LIMITS.high + 0.2)
            engaged = self.mood['engage'] and not self.chance(0.02)
        frame = rig.frame(self.leader, engaged=engaged, source=source)
        if self.chance(self.mood['bad']) and self.last_seq(source) is not None:
            return (self.spoil(frame),)
        if self.chance(0.1):
            values = frame.values.copy()
            values[self.random.integers(BODY.size)] *= self.random.choice(TINY)
            frame = replace(frame, values=np.clip(values, LIMITS.low, LIMITS.high))
        self.good[source] = rig.now_ns
        if source is Source.TELEOP:
            self.engaged = engaged
            if self.mood['writers'] > 1:
                self.good[source] = NEVER
        return (frame,)

    def spoil(self, frame):
        kind = self.random.integers(6)
        values = frame.values.copy()
        values[self.random.integers(BODY.size)] = self.random.choice(UGLY)
        return [
            replace(frame, values=values),
            replace(frame, values=frame.values[:-1]),
            replace(frame, layout_id=frame.layout_id + 1),
            replace(frame, seq=self.last_seq(frame.source)),
            replace(frame, stamp_ns=frame.stamp_ns + 3_600_000_000_000),
            replace(frame, values=np.zeros(0)),
        ][kind]

    def last_seq(self, source):
        state = self.rig.state
        return (state.teleop if source is Source.TELEOP else state.replay).seq

    def chunks(self):
        rig = self.rig
        if not self.mood['chunk'] or not self.chance(0.1):
            return ()
        rows = np.repeat(rig.measured[None], 8, axis=0)
        rows += self.random.normal(0.0, 0.05, rows.shape)
        chunk = rig.chunk(np.clip(rows, LIMITS.low, LIMITS.high), self.random.integers(150) * MS)
        if self.chance(self.mood['bad']):
            values = chunk.values.copy()
            values[self.random.integers(len(values))] = self.random.choice(UGLY)
            return (replace(chunk, values=values),)
        self.good[Source.POLICY] = rig.now_ns
        return (chunk,)

    def ask(self):
        if not self.chance(0.03):
            return
        names = [Mode.POLICY, Mode.REPLAY, Mode.HOME, Mode.HOLD, Mode.IDLE, Mode.TELEOP]
        mode = names[self.random.integers(len(names))]
        answer = self.rig.ask(mode, str(self.random.choice(['home', 'park'])))
        if answer.granted:
            self.wanted = answer.mode

    # The promises

    def check(self, before, decision):
        rig, now = self.rig, self.rig.now_ns
        assert decision.values.shape == (BODY.size,) and np.isfinite(decision.values).all()
        assert (decision.values >= LIMITS.low).all() and (decision.values <= LIMITS.high).all()
        self.check_rates(before, decision)
        source = decision.source
        assert not self.pressed or decision.mode is Mode.ESTOP, 'an e-stop beats all'
        if decision.mode is not self.wanted:
            self.wanted = None
        fresh_ns = {Source.TELEOP: 100 * MS, Source.REPLAY: 100 * MS, Source.POLICY: 250 * MS}
        if source in fresh_ns:
            assert now - self.good[source] <= fresh_ns[source], 'a stale source never wins'
        if source is Source.TELEOP:
            assert self.engaged, 'only an engaged operator'
        elif source in (Source.POLICY, Source.REPLAY, Source.HOME):
            assert self.wanted is not None and self.wanted.name == source.name, 'only if asked'
        if source in (Source.POLICY, Source.REPLAY):
            held = self.mood['deadman'] or now > self.heard['pads']
            assert held and now - self.heard['pads'] <= 100 * MS, 'only with the dead-man'
        if source is Source.HOME:
            assert now - self.heard['keepalive'] <= 500 * MS
        if rig.state.moving:
            self.moved.add(source)
            assert not self.sick and now - self.heard['feedback'] <= 200 * MS
        if self.chance(0.02):
            self.check_purity(before)

    def check_rates(self, before, decision):
        last, now = before.motion, self.rig.state.motion
        if last is None:
            return
        change = np.abs(now.values - last.values)
        if decision.mode is not Mode.ESTOP:
            assert (change[BASE] <= LIMITS.acceleration[BASE] * 0.01 + 1e-12).all()
        if before.driven:
            assert (change[JOINTS] <= LIMITS.velocity[JOINTS] * 0.01 + 1e-9).all()
        gate = not self.base_ready or self.rig.now_ns - self.heard['guardian'] > 150 * MS
        if gate or not self.rig.state.moving:
            slower = np.abs(now.values[BASE]) <= np.abs(last.values[BASE]) + 1e-12
            assert slower.all(), 'the base only slows down'
        if not self.rig.state.moving and before.driven:
            assert (np.abs(now.rate) <= np.abs(last.rate) + 1e-9).all(), 'joints only brake'
        if decision.mode is Mode.ESTOP:
            assert (decision.values[BASE] == 0.0).all()

    def check_purity(self, before):
        rig = self.rig
        inputs = Inputs(ros_now_ns=rig.ros_ns, writers=rig.writers)
        first = step(before, rig.now_ns, inputs, rig.setup)[1]
        again = step(before, rig.now_ns, inputs, rig.setup)[1]
        assert first.values.tobytes() == again.values.tobytes()
        assert (first.mode, first.source, first.refusal) == (
            again.mode,
            again.source,
            again.refusal,
        )


def test_the_walk_is_long_enough():
    assert SEEDS * STEPS >= 100_000


@pytest.mark.slow
@pytest.mark.parametrize('seed', range(SEEDS))
def test_whatever_happens_nothing_moves_without_a_permitted_source(seed):
    Walk(seed).run(STEPS)
