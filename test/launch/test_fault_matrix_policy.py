# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The fault matrix, rows of the policy: it drives the base, something goes wrong, the base stops.

First the test itself is the policy and says impossible chunks, then a real policy node fails on
request. What is asserted is what the twin received. One graph serves all of it, and every test
begins with the policy driving, so that a fault also shows that one can go on after it.
"""

import math
import signal
import time

import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.launch]
pytest.importorskip('rclpy')

from hvd_msgs.msg import ActionChunk, RecorderStatus  # noqa: E402
from hvd_msgs.srv import SetMode, StartEpisode  # noqa: E402

from hvd_ros.core.episodes.reader import Episode, list_episodes  # noqa: E402
from hvd_ros.core.mux.command import Mode, Source  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402
from test.launch.graph import TELEOP, Graph  # noqa: E402
from test.launch.waver import SPEED, WAVE  # noqa: E402
from test.launch.wire import Wire, arm_pose  # noqa: E402

STALE_S = 0.25  # 2.5 periods
DECELERATION_S = SPEED / 1.0  # [m/s] over [m/s^2] of config/robots/r1.yaml
SLACK_S = 0.15
BOUND_S = STALE_S + DECELERATION_S + SLACK_S
HORIZON = 8
NOBODY = {'source', 'mode', 'leader'}  # gates that are closed while nobody drives


class World:
    """The twin as hardware:=sim starts it: nobody has to hold the dead-man."""

    def __init__(self, folder):
        self.folder, self.fault = folder, folder / 'fault'
        own = {f'HVD_{name}_DIR': str(folder / name.lower()) for name in ('STATE', 'CONFIG')}
        own |= {'ROS_LOG_DIR': str(folder / 'log'), 'WAVER_FAULT': str(self.fault)}
        self.graph = Graph(folder, own)
        self.wire = Wire()
        self.wire.hand = arm_pose(self.wire.body, 'home')
        self._modes = self.wire.node.create_client(SetMode, 'mux/set_mode')
        self.graph.start_all(tuple(node for node in TELEOP if node != 'mux'))
        self.graph.start('mux', parameters={'require_deadman': 'false'})

    def begin(self):
        """Give the policy authority and wait until the twin is told to drive."""
        wire = self.wire
        wire.wait('the graph', lambda: bool(wire.status) and bool(wire.truth), 30.0)
        wire.wait('open gates', lambda: wire.closed() <= NOBODY, 30.0)
        wire.wait('driving', self._driving, 40.0)

    def _driving(self):
        """Ask for the policy, again if a busy machine was too late for it; say if it drives."""
        if self.wire.mode() != Mode.POLICY:
            # Only what the mux does counts; an answer may be lost where all are busy.
            if self._modes.service_is_ready():
                self._modes.call_async(SetMode.Request(mode='policy'))
            self.wire.watch(0.3)
            return False
        return bool(self.wire.chassis) and self.wire.chassis[-1][1][0] > SPEED - 0.01

    def assert_held(self, since_ns, reasons):
        """Whatever happened: the base stands in time, no odd joint target, mode hold, and why."""
        wire = self.wire
        stop_s = wire.stopped_after(since_ns, watch_s=1.0)
        print(f'stopped after {stop_s:.3f} s')
        assert stop_s <= BOUND_S, wire.why()
        for part, records in wire.joints.items():
            told = np.array([q for t, q in records if t >= since_ns])
            assert len(told) and np.isfinite(told).all(), part
            still = np.array([q for t, q in records if t >= since_ns + round(BOUND_S * 1e9)])
            assert np.ptp(still, axis=0).max() <= 1e-9, f'{part} does not hold'
        assert wire.mode() == Mode.HOLD
        assert {m.reason for t, m in wire.status if t >= since_ns} & reasons

    def close(self):
        codes = self.graph.close()
        self.wire.close()
        bad = {node: code for node, code in codes.items() if code != 0}
        assert not bad, '\n'.join(
            f'--- {node}: {bad[node]}\n{self.graph.log(node)}' for node in bad
        )


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp('world'))
    yield world
    world.close()


class Speaker:
    """A policy that says what it is told to, ten times a second."""

    def __init__(self, world):
        self.world, self.wire, body = world, world.wire, world.wire.body
        self.layout_id, self.seq, self.silent, self.spoil = body.layout_id, 0, False, None
        self.rows = np.tile(body.pose('park'), (HORIZON, 1))
        self.rows[:, body.index('base_vx')] = SPEED
        self._publisher = self.wire.node.create_publisher(ActionChunk, 'policy/chunk', qos.COMMAND)
        self._timer = self.wire.node.create_timer(0.1, self._speak)

    def _speak(self):
        if self.silent:
            return
        self.seq += 1
        message = ActionChunk(
            seq=self.seq,
            layout_id=self.layout_id,
            observation_stamp=self.wire.node.get_clock().now().to_msg(),
            step_s=0.1,
            horizon=HORIZON,
            values=self.rows.ravel().tolist(),
            bundle_id='speaker',
        )
        message.header.stamp = message.observation_stamp
        if self.spoil is not None:
            self.spoil(message)
        self._publisher.publish(message)

    def close(self):
        self.wire.node.destroy_timer(self._timer)
        self.wire.node.destroy_publisher(self._publisher)


def spoil_nan(message):
    message.values[3] = math.nan


def spoil_length(message):
    message.values = message.values[:-1]


def spoil_body(message):
    message.layout_id ^= 1


def spoil_twice(message):
    message.seq = 5


def spoil_age(message):
    message.observation_stamp.sec -= 1


@pytest.fixture(scope='class')
def speaker(world):
    speaker = Speaker(world)
    yield speaker
    speaker.close()


@pytest.fixture(scope='class')
def node(world):
    world.graph.start('policy', parameters={'policy': 'test.launch.waver:Waver', 'warm_up': 1})
    return world


class TestWhatTheMuxHears:
    """Chunks of the test's own."""

    @pytest.fixture
    def driving(self, world, speaker):
        speaker.silent, speaker.spoil = False, None
        world.begin()
        yield speaker
        speaker.silent, speaker.spoil = False, None

    @pytest.mark.parametrize(
        ('spoil', 'reason'),
        [
            (spoil_nan, 'non_finite'),
            (spoil_length, 'wrong_length'),
            (spoil_body, 'wrong_layout'),
            (spoil_twice, 'old_sequence'),
            (spoil_age, 'chunk_expired'),
        ],
        ids=['nan', 'length', 'body', 'twice', 'age'],
    )
    def test_a_bad_chunk_is_refused_whole_and_does_not_feed_the_watchdog(
        self, world, driving, spoil, reason
    ):
        at_ns = time.monotonic_ns()
        driving.spoil = spoil
        world.assert_held(at_ns, {'stale:policy', 'chunk_expired', 'three_strikes'})
        assert reason in {m.refusal for t, m in world.wire.traces if t >= at_ns}

    def test_after_a_gap_nothing_drives_before_somebody_says_so(self, world, driving):
        at_ns = time.monotonic_ns()
        driving.silent = True
        world.assert_held(at_ns, {'stale:policy'})
        back_ns = time.monotonic_ns()
        driving.silent = False
        world.wire.watch(0.6)
        assert world.wire.mode() == Mode.HOLD
        told = [v for t, v in world.wire.chassis if t >= back_ns]
        assert told and not any(any(v) for v in told)


class TestAPolicyNode:
    """A real policy node; what its policy does wrong stands in a file."""

    @pytest.fixture
    def driving(self, node):
        node.fault.write_text('')
        node.begin()
        yield node
        node.fault.write_text('')

    def test_it_drives_base_and_arm_without_a_gap(self, driving):
        wire = driving.wire
        # Until the arm is where the policy has it, and then half a wave.
        wire.watch(2.0)
        since_ns = time.monotonic_ns()
        wire.watch(2.5)
        arm = np.array([q[0] for t, q in wire.joints['arm_left'] if t >= since_ns])
        assert np.ptp(arm) > 0.3 * WAVE
        assert {m.source for t, m in wire.traces if t >= since_ns} == {Source.POLICY}, wire.why()
        speeds = [v[0] for t, v in wire.chassis if t >= since_ns]
        assert min(speeds) >= SPEED - 0.01, 'between two chunks there is no gap'

    @pytest.mark.parametrize('what', ['nan', 'wrong', 'raise', 'late'])
    def test_it_answers_badly_or_late(self, driving, what):
        at_ns = time.monotonic_ns()
        driving.fault.write_text(what)
        # The answer that was under way may still be a good one: one period more.
        driving.assert_held(at_ns + 100_000_000, {'stale:policy', 'chunk_expired'})
        assert 'no chunk: ' in driving.graph.log('policy') or what == 'late'

    def test_a_person_takes_over_and_it_is_recorded_as_an_intervention(self, driving):
        graph, wire, root = driving.graph, driving.wire, driving.folder / 'episodes'
        recording = {'root': root, 'cameras': '""', 'cloud': 'false', 'kind': 'rollout'}
        graph.start('recorder', parameters=recording | {'free_floor_gb': 0.0})
        told = []
        heard = wire.node.create_subscription(
            RecorderStatus, 'recorder/status', told.append, qos.LATCHED
        )
        wire.wait('recorder', lambda: bool(told) and not told[-1].missing, 30.0)
        # A process that starts takes a busy machine's time, and the mux may have held meanwhile.
        driving.begin()
        started = wire._call(StartEpisode, 'recorder/start', StartEpisode.Request())
        assert started.success, started.message
        wire.wait('a rollout', lambda: told[-1].frames >= 10)
        pressed_ns = time.monotonic_ns()
        wire.engage()
        taken_ns = next(t for t, m in wire.status if t > pressed_ns and m.mode == Mode.TELEOP)
        frames = told[-1].frames
        wire.wait('the correction', lambda: told[-1].frames >= frames + 10)
        for service in ('stop', 'save'):
            answer = wire.trigger(f'recorder/{service}')
            assert answer.success, answer.message
        # The thumbs are at rest: the base that the policy drove stands.
        after = [v for t, v in wire.chassis if t > taken_ns + round((DECELERATION_S + 0.3) * 1e9)]
        assert after and not any(any(v) for v in after)
        wire.pressed = set()
        wire.wait('hold', lambda: wire.mode() != Mode.TELEOP)
        wire.node.destroy_subscription(heard)
        (folder,) = list_episodes(root)
        with Episode.open(folder) as episode:
            table = episode.table()
            assert episode.meta.kind == 'rollout'
            assert (table.source[:5] == Source.POLICY).all() and not table.intervention[:5].any()
            assert (table.source[-5:] == Source.TELEOP).all() and table.intervention[-5:].all()
            assert list(episode.messages({'/recorded/policy/chunk'}))

    @pytest.mark.parametrize('number', [signal.SIGSTOP, signal.SIGKILL], ids=['frozen', 'killed'])
    def test_it_is_frozen_or_killed(self, driving, number):
        at_ns = driving.graph.signal('policy', number)
        try:
            driving.assert_held(at_ns, {'stale:policy', 'chunk_expired'})
        finally:
            if number == signal.SIGSTOP:
                driving.graph.signal('policy', signal.SIGCONT)
