# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The policy node on real topics: chunks by the stamp of what was seen, silence with a reason."""

import threading
import time

import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
rclpy = pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from hvd_msgs.msg import ActionChunk, MuxStatus  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from std_msgs.msg import String  # noqa: E402

from hvd_ros.core.bag import cdr  # noqa: E402
from hvd_ros.core.episodes.streams import CAMERAS, SIM_STATE, streams_for  # noqa: E402
from hvd_ros.core.errors import ConfigError, ContractMismatch, HvdError  # noqa: E402
from hvd_ros.core.mux.command import Mode, Source  # noqa: E402
from hvd_ros.nodes.policy_node import STEP_S, PolicyNode  # noqa: E402
from hvd_ros.nodes.recorder.ears import message_type  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402
from test.episode_maker import body, messages_of  # noqa: E402
from test.launch.waver import HORIZON, PROMPTS, Waver  # noqa: E402
from test.nodes.recorder_bench import stamped  # noqa: E402
from test.runtime.serving import serving, url_of  # noqa: E402

WAVER = 'test.launch.waver:Waver'
STREAMS = (*streams_for(CAMERAS, True), SIM_STATE)
SEEN = [s for s in STREAMS if s.name not in ('trace', 'chunk', 'status', 'teleop', 'command')]
NOW = ('joints', 'odom')


class Bench:
    """The robot's sensors from this process, and a policy node beside them."""

    def __init__(self, heard=NOW, **parameters):
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node('bench', context=self.context)
        self.silent, self.frozen = set(), set()
        self._publishers = {
            s.name: self.node.create_publisher(message_type(s.kind), s.topic, qos.STATE)
            for s in SEEN
            if s.name in heard
        }
        self._script = [
            list(messages_of(i, STREAMS, CAMERAS, (64, 48), Source.TELEOP, 0, ('a', 'b')))
            for i in range(8)
        ]
        self._last, self._tick = {}, 0
        self.prompt = self.node.create_publisher(String, 'prompt', qos.LATCHED)
        self.mux = self.node.create_publisher(MuxStatus, 'mux/status', qos.LATCHED)
        self.chunks, self.statuses = [], []
        self.node.create_subscription(ActionChunk, 'policy/chunk', self._on_chunk, qos.COMMAND)
        self.node.create_subscription(
            DiagnosticStatus, 'policy/status', self.statuses.append, qos.LATCHED
        )
        self.node.create_timer(0.02, self._publish)
        overrides = {'policy': WAVER, 'warm_up': 1, 'oldest_s': 0.8} | parameters
        try:
            self.policy = PolicyNode(
                context=self.context,
                parameter_overrides=[Parameter(k, value=v) for k, v in overrides.items()],
            )
        except HvdError:
            self.node.destroy_node()
            self.context.try_shutdown()
            raise
        self._stop = threading.Event()
        self.errors = []
        self._threads = [
            threading.Thread(target=self._spin, args=(n,)) for n in (self.node, self.policy)
        ]
        for thread in self._threads:
            thread.start()

    def _on_chunk(self, message):
        self.chunks.append((self.node.get_clock().now().nanoseconds, message))

    def _publish(self):
        self._tick += 1
        for name, message in self._script[self._tick % len(self._script)]:
            publisher = self._publishers.get(name)
            if publisher is None or name in self.silent:
                continue
            if name not in self.frozen:
                wall_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
                self._last[name] = stamped(message.cdr, wall_ns)
            publisher.publish(self._last[name])

    def _spin(self, node):
        executor = SingleThreadedExecutor(context=self.context)
        executor.add_node(node)
        while not self._stop.is_set():
            try:
                executor.spin_once(timeout_sec=0.05)
            except Exception as error:
                self.errors.append(error)
                return
        executor.shutdown()

    def close(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.policy.close()
        self.policy.destroy_node()
        self.node.destroy_node()
        self.context.try_shutdown()
        assert not self.errors

    def until(self, what, condition, seconds=20.0):
        end = time.monotonic() + seconds
        while not condition():
            assert not self.errors, self.errors
            assert time.monotonic() < end, f'{what}: not within {seconds} s; {self.said()}'
            time.sleep(0.005)

    def said(self):
        return self.statuses[-1].message if self.statuses else ''

    def figures(self):
        return {v.key: v.value for v in self.statuses[-1].values}

    def more(self, count=3):
        """Wait for some more chunks."""
        wanted = len(self.chunks) + count
        self.until(f'{wanted} chunks', lambda: len(self.chunks) >= wanted)

    def silence(self):
        """Wait until nothing new has come for five periods."""

        def still():
            count = len(self.chunks)
            time.sleep(0.5)
            return len(self.chunks) == count

        self.until('silence', still)


@pytest.fixture
def make(monkeypatch, tmp_path):
    made = []
    fault = tmp_path / 'fault'
    monkeypatch.setenv('WAVER_FAULT', str(fault))

    def build(*args, **parameters):
        made.append(Bench(*args, **parameters))
        made[-1].fault = fault
        return made[-1]

    yield build
    for bench in made:
        bench.close()


def test_a_chunk_says_when_it_looked_what_it_is_of_and_what_is_wanted(make):
    bench = make()
    bench.more(5)
    waver = Waver()
    for at_ns, chunk in bench.chunks:
        assert chunk.layout_id == body().layout_id
        assert (chunk.horizon, chunk.step_s) == (HORIZON, STEP_S)
        assert chunk.bundle_id == WAVER and 0.0 <= chunk.latency_s < 5.0
        seen_ns = cdr.ns_of(chunk.observation_stamp)
        assert 0 <= at_ns - seen_ns < 5e9
        assert seen_ns <= cdr.ns_of(chunk.header.stamp) <= at_ns
        rows = np.array(chunk.values).reshape(HORIZON, body().size)
        # What it wants depends on the time at which it looked, to a few microseconds of clocks.
        wanted = waver.rows(type('Seen', (), {'stamp_ns': seen_ns}))
        assert rows == pytest.approx(wanted, abs=1e-3)
    assert [c.seq for _, c in bench.chunks] == list(range(1, len(bench.chunks) + 1))
    bench.until('figures', lambda: bench.statuses and bench.figures()['age_p99_ms'])
    found = bench.figures()
    assert bench.said() == 'ready'
    assert found['policy'] == 'waver' and found['prompt'] == PROMPTS[0]
    assert float(found['latency_p50_ms']) <= float(found['age_p99_ms'])


def test_the_first_answers_warm_it_up_and_are_not_sent(make):
    bench = make(warm_up=50)
    bench.until('status', lambda: bench.said() == 'warming up')
    time.sleep(0.5)
    assert not bench.chunks


def test_it_starts_nothing_before_joints_and_odometry_are_there(make):
    bench = make(heard=('joints',))
    bench.until('the reason', lambda: 'odom was never heard' in bench.said())
    assert not bench.chunks
    assert bench.statuses[-1].level == DiagnosticStatus.WARN


@pytest.mark.parametrize('how', ['silent', 'frozen'])
def test_a_sensor_that_is_silent_or_frozen_silences_the_policy_and_it_comes_back(make, how):
    bench = make()
    bench.more()
    getattr(bench, how).add('joints')
    bench.until('the reason', lambda: bench.said().startswith('joints is '))
    bench.silence()
    getattr(bench, how).clear()
    bench.more()
    bench.until('ready again', lambda: bench.said() == 'ready')


def test_missing_cameras_are_named_with_the_cure_and_found_when_they_come(make):
    bench = make(heard=(*NOW, 'cloud'), policy='test.launch.waver:Looker')
    bench.until('the reason', lambda: 'head_color was never heard' in bench.said())
    assert 'cameras:=true' in bench.said()
    assert not bench.chunks


def test_eyes_and_cloud_reach_a_policy_that_needs_them(make):
    heard = (*NOW, 'cloud', *(f'{c}_color' for c in CAMERAS))
    bench = make(heard=heard, policy='test.launch.waver:Looker')
    bench.more()
    for camera in ('left_wrist_color', 'cloud'):
        bench.silent = {camera}
        bench.until('the reason', lambda c=camera: bench.said().startswith(f'{c} is '))
        bench.silence()
        bench.silent = set()
        bench.more()


def test_the_twins_knowledge_reaches_a_privileged_policy(make):
    bench = make(heard=(*NOW, 'sim_state'), policy='test.launch.waver:Knower')
    bench.more()
    bench.silent = {'sim_state'}
    bench.until('the reason', lambda: bench.said().startswith('sim_state is '))


@pytest.mark.parametrize(
    ('fault', 'message'),
    [
        ('nan', "step 2 of its chunk is nan for 'left_arm"),
        ('short', 'array of shape (2, 21)'),
        ('wrong', 'array of shape (8, 20)'),
        ('raise', 'RuntimeError: the card fell off the bus'),
        ('late', 'late: the answer took 1.2'),
    ],
)
def test_a_bad_answer_is_not_sent_and_said(make, fault, message):
    bench = make()
    bench.more()
    bench.fault.write_text(fault)
    bench.until('the reason', lambda: message in bench.said())
    bench.silence()
    assert all(np.isfinite(c.values).all() for _, c in bench.chunks)
    assert int(bench.figures()['refused']) >= 1
    bench.fault.write_text('')
    bench.more()


def test_a_policy_that_hangs_is_told_of_and_the_node_still_ends(make):
    bench = make()
    bench.more()
    bench.fault.write_text('hang')
    bench.until('the reason', lambda: 'has been thinking for' in bench.said())
    began = time.monotonic()
    bench.policy.close()
    assert time.monotonic() - began < 3.0


def test_a_slow_policy_does_not_slow_the_tick_down(make):
    bench = make()
    bench.more()
    bench.fault.write_text('hang')
    bench.until('the reason', lambda: 'has been thinking for' in bench.said())
    count = len(bench.statuses)
    bench.until('it speaks on', lambda: len(bench.statuses) >= count + 3, 5.0)


def test_a_prompt_by_topic_is_used_and_one_that_it_does_not_know_silences_it(make):
    bench = make()
    bench.more()
    bench.prompt.publish(String(data='sing'))
    bench.until('the reason', lambda: "does not know the prompt 'sing'" in bench.said())
    bench.silence()
    bench.prompt.publish(String(data='wave'))
    bench.more()
    bench.until('the prompt', lambda: bench.figures()['prompt'] == 'wave')


def test_a_rollout_begins_with_a_reset_and_another_seed(make):
    bench = make(seed=40)
    bench.more()
    resets = bench.policy._mind._policy.resets
    assert resets == [(40, PROMPTS[0])]
    for mode in (Mode.POLICY, Mode.POLICY, Mode.HOLD, Mode.POLICY):
        bench.mux.publish(MuxStatus(mode=mode))
        bench.more(4)
    assert resets == [(40, PROMPTS[0]), (41, PROMPTS[0]), (42, PROMPTS[0])]


@pytest.mark.parametrize(
    ('parameters', 'kind', 'message'),
    [
        ({'policy': ''}, ConfigError, 'hvd launch deploy policy:=NAME.bundle'),
        ({'policy': 'gone.bundle'}, ConfigError, "no bundle 'gone.bundle'"),
        ({'policy': 'neighbours:/gone'}, ConfigError, "nothing at '/gone'"),
        ({'policy': 'ws://127.0.0.1:9'}, HvdError, 'can not be reached .*hvd serve BUNDLE'),
        ({'policy': 'test.launch.waver:Stranger'}, ContractMismatch, 'of a body with layout'),
        (
            {'policy': 'test.launch.waver:Knower', 'hardware': 'real'},
            ConfigError,
            'only a simulation knows',
        ),
        ({'prompt': 'sing'}, ConfigError, "does not know the prompt 'sing'"),
        ({'task': 'sing'}, ConfigError, 'sing'),
        ({'stitching': 'rtc'}, ConfigError, "choose 'newest' or 'ensemble'"),
    ],
    ids=[
        'nothing',
        'no bundle',
        'no data',
        'no server',
        'another body',
        'privileged',
        'prompt',
        'task',
        'stitching',
    ],
)
def test_what_may_not_drive_is_refused_at_the_start_in_one_sentence(
    make, parameters, kind, message
):
    with pytest.raises(kind, match=message) as caught:
        make(**parameters)
    assert '\n' not in str(caught.value)


def test_a_server_that_ends_in_the_middle_of_a_chunk_is_told_of_and_found_again(make):
    pytest.importorskip('msgpack')
    with serving(Waver()) as there:
        url, port = url_of(there), there.port
        bench = make(policy=url)
        bench.more()
        assert bench.figures()['policy'] == 'waver'
    bench.until('the reason', lambda: f'policy server {url} ' in bench.said())
    assert 'the robot holds; start it again: hvd serve BUNDLE' in bench.said()
    assert '\n' not in bench.said()
    bench.silence()
    with serving(Waver(), port):
        bench.more()
        bench.until('ready again', lambda: bench.said() == 'ready')


def test_it_publishes_nothing_but_chunks_and_what_it_says_of_itself(make):
    bench = make()
    bench.more(1)
    said = bench.node.get_publisher_names_and_types_by_node('policy', '/')
    assert {name for name, _ in said} <= {
        '/policy/chunk', '/policy/status', '/diagnostics', '/rosout', '/parameter_events',
    }  # fmt: skip
