# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A replay over real DDS: the recorded bytes, the recorded clock, and nothing that commands."""

from collections import defaultdict
from collections.abc import Callable, Iterator
import time
from typing import Any

import numpy as np
import pytest

rclpy = pytest.importorskip('rclpy')
pytestmark = pytest.mark.ros

from hvd_msgs.msg import MuxStatus, WholeBodyCommand  # noqa: E402
from hvd_msgs.srv import SetMode  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from rosgraph_msgs.msg import Clock  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402

from hvd_ros.core.episodes.reader import Episode  # noqa: E402
from hvd_ros.core.errors import CommandRejected, ConfigError  # noqa: E402
from hvd_ros.core.robot.body import Kind  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.nodes.replay import drive  # noqa: E402
from hvd_ros.nodes.replay_node import ReplayNode  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402
from test.episode_maker import make_episode  # noqa: E402

BODY = load_body('r1')
JOINTS = ~BODY.mask(Kind.VELOCITY)


class Bench:
    """A replay and a peer in a namespace of their own."""

    def __init__(self) -> None:
        rclpy.init()
        self.executor = SingleThreadedExecutor()
        self.peer = rclpy.create_node('peer', namespace='replay_test')
        self.executor.add_node(self.peer)
        self.heard: dict[str, list[Any]] = defaultdict(list)
        self.replay: ReplayNode | None = None

    def listen(self, kind: type, topic: str, raw: bool = False) -> None:
        self.peer.create_subscription(kind, topic, self.heard[topic].append, qos.EVENTS, raw=raw)

    def start(self, **parameters: object) -> ReplayNode:
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        given = ['--ros-args', '-r', '__ns:=/replay_test']
        self.replay = ReplayNode(parameter_overrides=overrides, cli_args=given)
        self.executor.add_node(self.replay)
        return self.replay

    def wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, 'it did not happen'
            if not rclpy.ok():
                return
            self.executor.spin_once(timeout_sec=0.01)

    def close(self) -> None:
        if self.replay is not None:
            self.replay.destroy_node()
        self.peer.destroy_node()
        rclpy.try_shutdown()


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.close()


def test_sensors_come_back_byte_for_byte_with_the_recorded_clock(bench, tmp_path) -> None:
    folder = make_episode(tmp_path, frames=20, cameras=('head',))
    bench.listen(JointState, 'joint_states', raw=True)
    bench.listen(Clock, '/clock')
    bench.start(episode=str(folder))
    bench.wait(lambda: not rclpy.ok())
    episode = Episode.open(folder)
    recorded = [bytes(m.cdr) for m in episode.messages(['/joint_states'])]
    assert bench.heard['joint_states'] == recorded
    clock = [c.clock.sec * 10**9 + c.clock.nanosec for c in bench.heard['/clock']]
    stamps = episode.table().stamp_ns
    assert clock == sorted(clock)
    assert clock[0] == stamps[0]
    assert abs(clock[-1] - stamps[-1]) < 0.1e9


def test_no_topic_that_commands_is_published(bench, tmp_path) -> None:
    bench.start(episode=str(make_episode(tmp_path, frames=5)))
    names = [name for name, _ in bench.replay.get_publisher_names_and_types_by_node(
        'replay', '/replay_test'
    )]  # fmt: skip
    inside = [name.removeprefix('/replay_test/') for name in names]
    assert 'recorded/mux/trace' in inside and 'recorded/command' in inside
    assert not {'command', 'teleop/command', 'policy/chunk', 'replay/command'} & set(inside)


def test_beside_a_live_robot_it_refuses(bench, tmp_path) -> None:
    bench.peer.create_publisher(JointState, 'joint_states', qos.STATE)
    bench.start(episode=str(make_episode(tmp_path, frames=5)))
    with pytest.raises(ConfigError, match='live publisher'):
        bench.wait(lambda: False)


def test_driving_goes_to_the_first_pose_before_the_time_runs(bench, tmp_path) -> None:
    folder = make_episode(tmp_path, frames=20)
    table = Episode.open(folder).table()
    first = table.trace_sent[table.trace_received_ns <= table.stamp_ns[0]][-1]
    asked: list[str] = []

    def grant(request: Any, response: Any) -> Any:
        asked.append(request.mode)
        response.success = True
        return response

    bench.peer.create_service(SetMode, 'mux/set_mode', grant)
    joints = bench.peer.create_publisher(JointState, 'joint_states', qos.STATE)
    bench.listen(WholeBodyCommand, 'replay/command')
    node = bench.start(episode=str(folder), drive=True)
    heard = bench.heard['replay/command']
    bench.wait(lambda: node._drive.stage is drive.Stage.APPROACHING)
    assert asked == ['replay']
    assert all(np.array_equal(np.array(m.values)[JOINTS], first[JOINTS]) for m in heard)
    assert all(np.array(m.values)[~JOINTS].tolist() == [0, 0, 0] for m in heard), 'the base waits'
    names = [d.joint for d in BODY.dimensions if d.joint]
    scale = [d.joint_per_unit for d in BODY.dimensions if d.joint]
    there = (first[JOINTS] * scale).tolist()
    bench.wait(lambda: bool(joints.publish(JointState(name=names, position=there)))
               or node._drive.stage is drive.Stage.PLAYING)  # fmt: skip
    del heard[:]
    bench.wait(lambda: not rclpy.ok())
    sent = Episode.open(folder).table().trace_sent
    assert np.abs(np.array(heard[-1].values) - sent[-1]).max() < 0.02
    seqs = [m.seq for m in heard]
    assert seqs == sorted(set(seqs))


def test_who_is_there_at_once_does_not_drive_before_the_time_runs(bench, tmp_path) -> None:
    folder = make_episode(tmp_path, frames=20)
    table = Episode.open(folder).table()
    first = table.trace_sent[table.trace_received_ns <= table.stamp_ns[0]][-1]
    bench.peer.create_service(
        SetMode, 'mux/set_mode', lambda _, r: setattr(r, 'success', True) or r
    )
    joints = bench.peer.create_publisher(JointState, 'joint_states', qos.STATE)
    there = JointState(
        name=[d.joint for d in BODY.dimensions if d.joint],
        position=(first * [d.joint_per_unit for d in BODY.dimensions])[JOINTS].tolist(),
    )
    node = bench.start(episode=str(folder), drive=True, loop=True)
    for _ in range(2):
        # What is published before subscribers have found us is lost to them: the time waits.
        begins_ns = node._last_ns
        bench.wait(lambda: bool(joints.publish(there))
                   or node._drive.stage is drive.Stage.PLAYING)  # fmt: skip
        assert time.monotonic_ns() > begins_ns
        bench.wait(lambda: node._drive.stage is drive.Stage.APPROACHING)


def test_a_robot_that_does_not_get_there_ends_the_drive(bench, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(drive, '_PATIENCE_TICKS', 20)
    bench.peer.create_service(
        SetMode, 'mux/set_mode', lambda _, r: setattr(r, 'success', True) or r
    )
    joints = bench.peer.create_publisher(JointState, 'joint_states', qos.STATE)
    names = [d.joint for d in BODY.dimensions if d.joint]
    bench.start(episode=str(make_episode(tmp_path, frames=5)), drive=True)
    with pytest.raises(CommandRejected, match='from the first pose and gets no nearer'):
        bench.wait(
            lambda: bool(joints.publish(JointState(name=names, position=[2.0] * len(names))))
        )


def test_a_mux_that_stops_following_ends_the_drive_with_its_reason(bench, tmp_path) -> None:
    bench.peer.create_service(
        SetMode, 'mux/set_mode', lambda _, r: setattr(r, 'success', True) or r
    )
    status = bench.peer.create_publisher(MuxStatus, 'mux/status', qos.LATCHED)
    node = bench.start(episode=str(make_episode(tmp_path, frames=5)), drive=True)
    # What it said before it granted anything is no refusal.
    status.publish(MuxStatus(mode=MuxStatus.MODE_HOLD))
    bench.wait(lambda: node._drive.stage is drive.Stage.APPROACHING)
    status.publish(MuxStatus(mode=MuxStatus.MODE_HOLD))
    bench.wait(lambda: node._drive._status.received_ns > 0)
    status.publish(MuxStatus(mode=MuxStatus.MODE_REPLAY))
    bench.wait(lambda: node._drive._led)
    stale = MuxStatus(mode=MuxStatus.MODE_HOLD, reason='stale:feedback', text='no joints')
    with pytest.raises(CommandRejected, match='stale:feedback'):
        bench.wait(lambda: bool(status.publish(stale)))


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        ({'episode': ''}, 'hvd episodes list'),
        ({'episode': '/nowhere/at/all'}, 'not a folder'),
        ({'episode': '/x', 'drive': True, 'hardware': 'real'}, 'twins only'),
    ],
)
def test_bad_parameters_are_named(bench, given, words) -> None:
    with pytest.raises(Exception, match=words):
        bench.start(**given)
