# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The recorder on real topics: bytes as they came, buttons, services, and what fails loudly."""

from contextlib import suppress
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
import zlib

from mcap.reader import make_reader
import numpy as np
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue  # noqa: E402
from hvd_msgs.msg import Frame, RecorderStatus  # noqa: E402
from rclpy.serialization import deserialize_message  # noqa: E402

from hvd_ros.core.episodes.frame import FrameBuilder, frame_from_cdr, frame_to_cdr  # noqa: E402
from hvd_ros.core.episodes.reader import Episode, list_episodes  # noqa: E402
from hvd_ros.core.episodes.streams import FRAMES_TOPIC  # noqa: E402
from hvd_ros.core.mux.command import Source  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402
from test.episode_maker import body  # noqa: E402
from test.nodes.recorder_bench import STREAMS, RecorderBench  # noqa: E402

IDLE, RECORDING, PAUSED, STOPPED = range(4)
NODE = Path(sys.prefix) / 'lib' / 'hvd_ros' / 'recorder_node'


@pytest.fixture
def bench(request, tmp_path):
    bench = RecorderBench(
        f'/recorder_{zlib.crc32(request.node.name.encode())}', root=str(tmp_path / 'episodes')
    )
    bench.root = tmp_path / 'episodes'
    yield bench
    bench.close()
    assert not bench.errors


def record(bench, frames=8, **order):
    bench.ready()
    answer = bench.start(**order)
    assert answer.success, answer.message
    bench.frames(frames)
    return answer.episode_id


def save(bench):
    assert bench.trigger('stop').success
    answer = bench.trigger('save')
    assert answer.success, answer.message
    (folder,) = list_episodes(bench.root)
    return Episode.open(folder)


def test_what_lies_in_the_bag_are_the_bytes_of_the_wire(bench):
    record(bench)
    with save(bench) as episode:
        topics = {s.recorded_topic: s for s in STREAMS if s.name != 'buttons'}
        seen = dict.fromkeys(topics, 0)
        for message in episode.messages():
            if message.topic in topics:
                seen[message.topic] += 1
                assert bytes(message.cdr) in bench.robot.sent[topics[message.topic].name]
        assert all(seen[s.recorded_topic] for s in STREAMS if s.required)
        assert seen['/joint_states'] >= 60
        assert episode.meta.drops == 0


def test_the_recorded_frame_equals_the_frame_that_a_policy_builds_from_the_same_messages(bench):
    record(bench, 12)
    with save(bench) as episode:
        messages = list(episode.messages())
    streams = {stream.recorded_topic: stream.name for stream in STREAMS}
    builder = FrameBuilder(body(), STREAMS)
    for m in messages:
        if m.topic in streams:
            builder.put(streams[m.topic], m.publish_ns, m.log_ns, m.cdr)
    frames = [bytes(m.cdr) for m in messages if m.topic == FRAMES_TOPIC]
    assert len(frames) >= 12
    for index, data in enumerate(frames):
        ours = frame_from_cdr(data)
        assert frame_to_cdr(builder.build(ours.stamp_ns, index)) == data
        # And ROS's own decoder reads it.
        theirs = deserialize_message(data, Frame)
        assert theirs.index == index
        assert np.array_equal(np.array(theirs.position), ours.position, equal_nan=True)
        assert [s.stream for s in theirs.samples] == [s.name for s in STREAMS]


def test_every_sample_was_received_by_the_tick_and_its_age_is_told(bench):
    record(bench, 10)
    with save(bench) as episode:
        table = episode.table()
        for name in ('joints', 'head_color', 'cloud', 'trace'):
            assert (table.received[name] <= table.stamp_ns).all()
            assert (table.ages[name] < 0.5).all()
            assert np.allclose(table.ages[name], (table.stamp_ns - table.received[name]) / 1e9)


def test_a_third_party_reader_sees_the_profile_and_every_schema(bench):
    record(bench)
    with save(bench) as episode, next(episode.folder.glob('*.mcap')).open('rb') as file:
        reader = make_reader(file)
        assert reader.get_header().profile == 'ros2'
        schemas = reader.get_summary().schemas.values()
        assert {s.encoding for s in schemas} == {'ros2msg'}


def test_joy_con_buttons_start_pause_mark_stop_and_save(bench):
    bench.ready()
    bench.tap('A')
    bench.state(RECORDING)
    bench.frames(3)
    bench.tap('B')
    bench.state(PAUSED)
    count = bench.last().frames
    bench.tap('B')
    bench.state(RECORDING)
    bench.frames(count + 2)
    bench.tap('Right')
    bench.until('the mark', lambda: list(bench.last().scores) == [1.0])
    bench.tap('A')
    bench.state(STOPPED)
    assert 'save (Y) or discard (X)' in bench.last().fix
    bench.tap('Y')
    bench.state(IDLE)
    (folder,) = list_episodes(bench.root)
    with Episode.open(folder) as episode:
        assert [m.score for m in episode.labels.marks] == [1.0]
        assert episode.meta.outcome == 'success'


def test_holding_a_starts_one_episode_and_does_not_stop_it(bench):
    bench.ready()
    bench.pressed = frozenset({'A'})
    bench.state(RECORDING)
    bench.frames(12)
    assert bench.last().state == RECORDING
    assert {s.episode_id for s in bench.statuses if s.state} == {bench.last().episode_id}


def test_discard_by_button_leaves_nothing(bench):
    record(bench, 2)
    bench.tap('X')
    assert bench.last().state == RECORDING
    bench.tap('A')
    bench.state(STOPPED)
    bench.tap('X')
    bench.state(IDLE)
    assert bench.last().episode_id == ''
    assert list_episodes(bench.root) == []


def test_services_refuse_with_reason_and_fix(bench):
    bench.until('status', lambda: bool(bench.statuses))
    for name in ('stop', 'save', 'discard', 'pause'):
        answer = bench.trigger(name)
        assert not answer.success
        assert '; ' in answer.message
    assert not bench.mark(stage=-1, score=1.0).success
    bench.robot.silent = {'head_color'}
    bench.until('silence', lambda: list(bench.last().missing) == ['head_color'])
    answer = bench.start()
    assert not answer.success
    assert 'head_color' in answer.message
    assert 'head camera' in answer.message
    bench.robot.silent = set()
    bench.ready()
    assert 'no task' in bench.start(task='sing').message
    assert "no kind 'good'" in bench.start(kind='good').message


@pytest.mark.parametrize('how', ['silent', 'frozen'])
def test_an_unplugged_or_frozen_camera_is_loud_within_a_second(bench, how):
    record(bench, 3)
    at = time.monotonic()
    getattr(bench.robot, how).add('left_wrist_color')
    bench.until('the alarm', lambda: not bench.last().healthy)
    # The bound of the fault matrix, and what a busy machine adds.
    assert time.monotonic() - at < 1.0 + 0.5
    assert 'left_wrist_color' in bench.last().text
    assert 'left_wrist camera' in bench.last().fix
    getattr(bench.robot, how).clear()
    bench.until('recovery', lambda: bench.last().healthy)
    assert bench.last().state == RECORDING


def test_a_takeover_during_a_rollout_is_recorded_as_an_intervention(bench):
    bench.robot.source = Source.POLICY
    record(bench, 3, kind='rollout')
    bench.robot.source = Source.TELEOP
    count = bench.last().frames
    bench.frames(count + 4)
    with save(bench) as episode:
        taken = episode.table().intervention
        assert not taken[0]
        assert taken[-1]
        assert episode.meta.cadence['interventions'] == 1


def test_a_slow_twin_of_this_namespace_marks_the_episode_and_another_one_does_not(bench):
    record(bench, 3)
    publisher = bench.node.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)
    bench.until('ears', lambda: publisher.get_subscription_count() > 0)
    for name, factor in (('/elsewhere', '0.5'), (bench.recorder.get_namespace(), '0.93')):
        value = KeyValue(key='real_time_factor', value=factor)
        status = DiagnosticStatus(name=f'{name}/sim_robot: real time', values=[value])
        publisher.publish(DiagnosticArray(status=[status]))
    bench.frames(bench.last().frames + 3)
    with save(bench) as episode:
        assert episode.meta.real_time_factor == 0.93
        assert not episode.meta.healthy


def test_a_node_that_ends_keeps_a_stopped_episode_that_nobody_saved(tmp_path, request):
    bench = RecorderBench('/recorder_unsaved', root=str(tmp_path))
    name = record(bench, 3)
    assert bench.trigger('stop').success
    bench.close()
    (folder,) = list_episodes(tmp_path)
    assert folder.name == name
    with Episode.open(folder) as episode:
        assert any('nobody saved it' in note for note in episode.meta.notes)


def test_the_recorder_publishes_nothing_that_could_move_a_robot(bench):
    bench.ready()
    namespace = bench.recorder.get_namespace()
    said = bench.node.get_publisher_names_and_types_by_node('recorder', namespace)
    assert {name.removeprefix(namespace) for name, _ in said} <= {
        '/recorder/status', '/diagnostics', '/rosout', '/parameter_events',
    }  # fmt: skip


def start_process(namespace, root, *prefix, **environment):
    words = ['-r', f'__ns:={namespace}', '-p', f'root:={root}', '-p', 'free_floor_gb:=0.0']
    return subprocess.Popen(
        [*prefix, str(NODE), '--ros-args', *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {'PYTHONUNBUFFERED': '1'} | environment,
    )


FAKETIME = next(Path('/usr/lib').glob('*/faketime/libfaketimeMT.so.1'), None)


@pytest.mark.skipif(FAKETIME is None, reason='needs the Debian package faketime')
def test_a_wall_clock_set_back_an_hour_leaves_the_stamps_of_an_episode_monotonic(tmp_path):
    offset = tmp_path / 'offset'
    offset.write_text('+0\n')
    namespace, root = '/recorder_clock', tmp_path / 'episodes'
    bench = RecorderBench(namespace, recorder=False)
    process = start_process(
        namespace,
        root,
        LD_PRELOAD=str(FAKETIME),
        FAKETIME_TIMESTAMP_FILE=str(offset),
        FAKETIME_CACHE_DURATION='1',
        FAKETIME_DONT_FAKE_MONOTONIC='1',
    )
    try:
        bench.root = root
        record(bench, 5)
        offset.write_text('-3600\n')
        now = bench.last().header.stamp.sec
        bench.until('the jump', lambda: bench.last().header.stamp.sec < now - 3000)
        count = bench.last().frames
        bench.frames(count + 5)
        with save(bench) as episode:
            stamps = episode.table().stamp_ns
            steps = np.diff(stamps) / 1e9
            assert (steps > 0).all()
            # The preloaded library itself may hang for a moment when its clock is turned.
            assert steps.max() < 5.0
            logs = [m.log_ns for m in episode.messages({'/joint_states'})]
            assert logs == sorted(logs)
            assert episode.table().ages['joints'].max() < 5.0
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)  # its exit code says nothing: the preloaded clock crashes
        bench.close()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_code_0_and_the_running_episode_kept(tmp_path, number):
    namespace, root = f'/recorder_signal_{int(number)}', tmp_path / 'episodes'
    bench = RecorderBench(namespace, recorder=False)
    process = start_process(namespace, root)
    try:
        bench.root = root
        record(bench, 3)
        process.send_signal(number)
        out, _ = process.communicate(timeout=20)
    finally:
        process.kill()
        bench.close()
    assert process.returncode == 0, out
    assert 'Traceback' not in out
    (folder,) = list_episodes(root)
    with Episode.open(folder) as episode:
        assert episode.table().frames >= 3


@pytest.fixture
def small_disk(tmp_path):
    """Mount a disk of 3 MB; give a function that mounts it again with other options."""
    disk = tmp_path / 'disk'
    disk.mkdir()

    def mount(options):
        done = subprocess.run(
            ['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', str(disk)], check=False
        )
        if done.returncode:
            pytest.skip('mounting a small disk needs root and leave to mount')
        return disk

    yield mount
    subprocess.run(['umount', '-l', str(disk)], check=False)


def test_a_disk_that_fills_up_is_loud_within_seconds_and_what_was_written_is_kept(small_disk):
    disk = small_disk('size=3m')
    bench = RecorderBench('/recorder_disk', root=str(disk))
    try:
        bench.root = disk
        record(bench, 12)
        at = time.monotonic()
        with (disk / 'other').open('wb') as other, suppress(OSError):
            while other.write(bytes(1 << 16)):
                other.flush()
        bench.until('the alarm', lambda: not bench.last().healthy)
        # One flush period until the disk is asked, and what a busy machine adds.
        assert time.monotonic() - at < 1.0 + 1.0
        bench.state(STOPPED)
        assert 'No space left' in bench.last().text
        assert bench.last().fix
        (disk / 'other').unlink()
        answer = bench.trigger('save')
        assert answer.success, answer.message
        (folder,) = list_episodes(disk)
        with Episode.open(folder) as episode:
            assert not episode.meta.healthy
            assert episode.table().frames >= 1
    finally:
        bench.close()


def test_a_read_only_disk_refuses_the_start_with_the_reason(small_disk):
    bench = RecorderBench('/recorder_read_only', root=str(small_disk('size=3m,ro')))
    try:
        bench.ready()
        answer = bench.start()
        assert not answer.success
        assert 'Read-only file system' in answer.message
        assert bench.last().state == IDLE
    finally:
        bench.close()


def test_status_is_latched_and_honest_before_anything_is_heard():
    bench = RecorderBench('/recorder_deaf')
    try:
        bench.robot.silent = {stream.name for stream in STREAMS}
        bench.until('status', lambda: bool(bench.statuses))
        assert bench.last().state == RecorderStatus.STATE_IDLE
        bench.until('silence', lambda: 'joints' in bench.last().missing)
        assert bench.last().free_gb > 0
    finally:
        bench.close()
