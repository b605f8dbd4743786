# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cloud node with cameras and a robot played around it."""

from collections.abc import Callable
import itertools
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip('rclpy')

from builtin_interfaces.msg import Time  # noqa: E402
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import (  # noqa: E402
    CameraInfo,
    CompressedImage,
    JointState,
    PointCloud2,
    PointField,
)

from hvd_ros.cli.benches.cloud import scene_views  # noqa: E402
from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.core.vision.cloud import CloudBuilder, SceneConfig  # noqa: E402
from hvd_ros.core.vision.mounts import (  # noqa: E402
    CameraMount,
    mounts_path,
    nominal_mounts,
    save_mounts,
)
from hvd_ros.nodes.cloud.messages import intrinsics_of  # noqa: E402
from hvd_ros.nodes.cloud.worker import Worker  # noqa: E402
from hvd_ros.nodes.cloud_node import CloudNode  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402

BODY = load_body('r1')
MOUNTS = nominal_mounts(BODY)
VIEWS = {view.camera: view for view in scene_views(BODY, MOUNTS, (64, 48))}
POINTS = 300
RUNS = itertools.count()
SECOND = 1_000_000_000
# A wrist picture is older than the head's, as in life.
LATE_NS = {'head': 0, 'left_wrist': 30_000_000, 'right_wrist': 10_000_000}


class Cameras:
    """A node that plays the robot and its cameras, at 20 Hz."""

    def __init__(self, node) -> None:
        self.clock = node.get_clock()
        self.silent: set[str] = set()  # camera, 'joints', or camera/part
        self.frozen: dict[str, int] = {}  # camera -> the stamp that it repeats
        self.depth_shift_ns = 0
        self.stamps: dict[str, int] = {}
        self.joints = node.create_publisher(JointState, 'joint_states', qos.STATE)
        self.out = {}
        for name in VIEWS:
            place = f'camera/{name}'
            self.out[name] = (
                node.create_publisher(
                    CompressedImage, f'{place}/color/image_raw/compressed', qos.SENSOR
                ),
                node.create_publisher(
                    CompressedImage, f'{place}/depth/image_raw/compressedDepth', qos.SENSOR
                ),
                node.create_publisher(CameraInfo, f'{place}/color/camera_info', qos.SENSOR),
            )
        node.create_timer(0.05, self.send)

    def send(self) -> None:
        now_ns = self.clock.now().nanoseconds
        if 'joints' not in self.silent:
            home = BODY.pose('home')
            shown = [(d, q) for d, q in zip(BODY.dimensions, home, strict=True) if d.joint]
            message = JointState(name=[d.joint for d, _ in shown])
            message.position = [float(q * d.joint_per_unit) for d, q in shown]
            message.header.stamp = stamp(now_ns)
            self.joints.publish(message)
        for name in VIEWS.keys() - self.silent:
            self.shoot(name, self.frozen.get(name, now_ns - LATE_NS[name]))

    def shoot(self, name: str, at_ns: int) -> None:
        color, depth, info = self.out[name]
        view, k = VIEWS[name], VIEWS[name].intrinsics
        self.stamps[name] = at_ns
        about = CameraInfo(width=k.width, height=k.height, distortion_model='plumb_bob')
        about.k = k.matrix.ravel().tolist()
        messages = [
            (color, CompressedImage(format='rgb8; jpeg compressed bgr8', data=view.color), 0),
            (depth, CompressedImage(data=view.depth), self.depth_shift_ns),
            (info, about, 0),
        ]
        for part, (publisher, message, later_ns) in zip('cdi', messages, strict=True):
            if f'{name}/{part}' not in self.silent:
                message.header.stamp = stamp(at_ns + later_ns)
                publisher.publish(message)


def stamp(at_ns: int) -> Time:
    return Time(sec=at_ns // SECOND, nanosec=at_ns % SECOND)


class Bench:
    """The node under test, its surroundings, and what it says."""

    def __init__(self, **parameters: object) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        place = f'/cloud_test_{os.getpid()}_{next(RUNS)}'
        self.other = rclpy.create_node('other', context=self.context, namespace=place)
        values = {'points': POINTS, 'stale_s': 0.3} | parameters
        self.node = CloudNode(
            context=self.context,
            namespace=place,
            parameter_overrides=[Parameter(name, value=value) for name, value in values.items()],
        )
        self.cameras = Cameras(self.other)
        self.clouds: list[PointCloud2] = []
        self.said: dict[str, DiagnosticStatus] = {}
        self.other.create_subscription(PointCloud2, 'points', self.clouds.append, qos.SENSOR)
        self.other.create_subscription(DiagnosticArray, '/diagnostics', self._on_said, qos.EVENTS)
        self.place = place
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.executor.add_node(self.other)

    def _on_said(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name.startswith(self.place):
                self.said[status.name.partition(': ')[2]] = status

    def until(self, condition: Callable[[], object], seconds: float = 8.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f'not in time; said {self.said}'
            self.executor.spin_once(timeout_sec=0.02)

    def says(self, part: str, text: str) -> None:
        self.until(lambda: part in self.said and text in self.said[part].message)

    def close(self) -> None:
        self.node.close()
        self.node.destroy_node()
        self.other.destroy_node()
        self.context.shutdown()


@pytest.fixture
def make(monkeypatch, tmp_path: Path):
    monkeypatch.setenv('HVD_CONFIG_DIR', str(tmp_path))
    made: list[Bench] = []

    def start(**parameters: object) -> Bench:
        made.append(Bench(**parameters))
        return made[-1]

    yield start
    for bench in made:
        bench.close()


def read(message: PointCloud2) -> tuple[np.ndarray, np.ndarray]:
    """Read a cloud by nothing but the fields that the message declares."""
    formats = {PointField.FLOAT32: '<f4'}
    kind = np.dtype(
        {
            'names': [field.name for field in message.fields],
            'formats': [formats[field.datatype] for field in message.fields],
            'offsets': [field.offset for field in message.fields],
            'itemsize': message.point_step,
        }
    )
    assert not message.is_bigendian
    assert message.row_step == message.point_step * message.width == len(message.data)
    points = np.frombuffer(bytes(message.data), kind)
    xyz = np.stack([points[axis] for axis in 'xyz'], axis=1)
    # The bytes of a packed colour are blue, green, red and nothing.
    bgr = points['rgb'].copy().view(np.uint8).reshape(-1, 4)
    return xyz, bgr[:, 2::-1]


def offline(*cameras: str, mounts=MOUNTS):
    views = [VIEWS[camera] for camera in cameras or VIEWS]
    return CloudBuilder(BODY, mounts, SceneConfig(points=POINTS)).build(views)


def same(message: PointCloud2, cloud) -> bool:
    xyz, rgb = read(message)
    return np.array_equal(xyz, cloud.xyz) and np.array_equal(rgb, cloud.rgb)


def shows(bench: Bench, cloud) -> None:
    bench.until(lambda: bench.clouds and same(bench.clouds[-1], cloud))


def test_the_live_cloud_is_the_offline_cloud_of_the_same_bytes(make) -> None:
    bench = make()
    shows(bench, offline())
    assert bench.clouds[-1].header.frame_id == 'base_link'
    assert bench.clouds[-1].width == POINTS


def test_the_stamp_is_the_oldest_capture_time(make) -> None:
    bench = make()
    shows(bench, offline())
    bench.cameras.silent = set(VIEWS)
    bench.executor.spin_once(timeout_sec=0.0)
    at_ns = bench.cameras.clock.now().nanoseconds - 60_000_000
    bench.until(lambda: bench.cameras.clock.now().nanoseconds > at_ns + 120_000_000)
    before = len(bench.clouds)
    for name in VIEWS:
        bench.cameras.shoot(name, at_ns - LATE_NS[name])
    bench.until(lambda: len(bench.clouds) > before)
    oldest = at_ns - max(LATE_NS.values())
    bench.until(lambda: bench.clouds[-1].header.stamp == stamp(oldest))


@pytest.mark.parametrize('camera', list(VIEWS))
def test_one_camera_suffices(make, camera: str) -> None:
    bench = make(cameras=[camera])
    shows(bench, offline(camera))
    bench.until(lambda: bench.said.get('points') and not bench.said['points'].level[0])


def test_a_silent_camera_is_left_out_and_said(make) -> None:
    bench = make()
    shows(bench, offline())
    bench.cameras.silent = {'left_wrist'}
    shows(bench, offline('head', 'right_wrist'))
    bench.says('left_wrist', 'no new picture for')
    bench.says('points', 'degraded')
    assert bench.said['points'].level == DiagnosticStatus.WARN
    bench.cameras.silent = set()
    shows(bench, offline())


def test_a_camera_that_repeats_its_last_picture_is_silent(make) -> None:
    bench = make()
    shows(bench, offline())
    bench.cameras.frozen['head'] = bench.cameras.stamps['head']
    shows(bench, offline('left_wrist', 'right_wrist'))
    bench.says('head', 'no new picture for')


def test_without_joints_there_is_no_cloud_and_it_is_said(make) -> None:
    bench = make()
    bench.cameras.silent = {'joints'}
    bench.says('head', 'no joint state was heard yet')
    bench.says('points', 'no cloud')
    assert bench.said['points'].level == DiagnosticStatus.ERROR
    assert not bench.clouds


def test_pictures_after_the_last_joint_state_are_not_used(make) -> None:
    bench = make()
    bench.until(lambda: bench.clouds)
    bench.cameras.silent = {'joints'}
    bench.says('head', 'after the newest joint state')
    count = len(bench.clouds)
    bench.says('points', 'no cloud')
    assert len(bench.clouds) <= count


def test_colour_and_depth_of_different_shots_are_no_picture(make) -> None:
    bench = make()
    bench.cameras.depth_shift_ns = 5_000_000
    bench.says('head', 'never have the same stamp')
    assert not bench.clouds


@pytest.mark.parametrize(('part', 'said'), [('c', 'colour'), ('d', 'depth'), ('i', 'camera_info')])
def test_what_was_never_heard_is_named(make, part: str, said: str) -> None:
    bench = make(cameras=['head'])
    bench.cameras.silent = {f'head/{part}'}
    bench.says('head', f'never heard: {said};')


def test_mounts_that_nobody_measured_are_warned_about(make) -> None:
    bench = make()
    bench.says('head', 'not measured')
    assert bench.said['head'].level == DiagnosticStatus.WARN


def test_measured_mounts_are_used_and_old_ones_warned_about(make) -> None:
    def measured(camera: str, when: str) -> CameraMount:
        pose = MOUNTS[camera].parent_from_camera.copy()
        pose[:3, 3] += 0.01
        return CameraMount(camera, MOUNTS[camera].parent, pose, when, 0.2, 0.001, '1')

    fresh = time.strftime('%Y-%m-%dT%H:%M:%S')
    mounts = {
        'head': measured('head', fresh),
        'left_wrist': measured('left_wrist', '2020-01-01T00:00:00'),
        'right_wrist': measured('right_wrist', fresh),
    }
    save_mounts(mounts_path('r1'), mounts)
    bench = make()
    shows(bench, offline(mounts=mounts))
    bench.says('left_wrist', 'days ago')
    bench.says('head', 'ok')


@pytest.mark.parametrize(
    ('parameters', 'said'),
    [
        ({'cameras': ['hed']}, "did you mean 'head'"),
        ({'cameras': ['head', 'head']}, 'none twice'),
        ({'crop_low_m': [5.0, 0.0, 0.0]}, 'crop_low_m'),
    ],
)
def test_a_wrong_parameter_ends_the_node(make, parameters: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        make(**parameters)


def test_an_unknown_lens_is_refused(make) -> None:
    info = CameraInfo(width=64, height=48, distortion_model='fisheye', d=[0.1, 0.0, 0.0, 0.0])
    info.k = VIEWS['head'].intrinsics.matrix.ravel().tolist()
    with pytest.raises(Exception, match='fisheye'):
        intrinsics_of(info)
    info.d = [0.0] * 4
    assert intrinsics_of(info) == VIEWS['head'].intrinsics


def test_the_process_takes_its_parameter_file_and_ends_well(tmp_path: Path) -> None:
    file = Path(__file__).parents[2] / 'config' / 'params' / 'cloud.yaml'
    code = 'from hvd_ros.nodes.cloud_node import main; main()'
    process = subprocess.Popen(
        [
            sys.executable, '-c', code, '--ros-args', '--params-file', file,
            '-p', 'cameras:=[head]', '-p', 'crop_low_m:=[0.1, -1.0, 0.0]',
        ],
        stderr=subprocess.PIPE, text=True, env=os.environ | {'HVD_CONFIG_DIR': str(tmp_path)},
    )  # fmt: skip
    line = process.stderr.readline()
    assert 'the mount of head is as drawn' in line
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=20)
    assert process.returncode == 0, rest


class TestWorker:
    """The thread with room for one job."""

    def test_a_waiting_job_makes_room_for_a_newer_one(self) -> None:
        begun, go, done = threading.Event(), threading.Event(), []

        def work(job: int) -> None:
            begun.set()
            go.wait(5.0)
            done.append(job)

        worker: Worker[int] = Worker('test', work)
        worker.put(1)
        assert begun.wait(5.0)
        for job in (2, 3, 4):
            worker.put(job)  # returns at once although 1 is still in work
        go.set()
        end = time.monotonic() + 5.0
        while len(done) < 2 and time.monotonic() < end:
            time.sleep(0.001)
        worker.close()
        assert done == [1, 4]
        assert worker.dropped == 2

    def test_what_it_died_of_is_kept(self) -> None:
        def work(job: int) -> None:
            raise ValueError(job)

        worker: Worker[int] = Worker('test', work)
        worker.put(7)
        end = time.monotonic() + 5.0
        while worker.crash is None and time.monotonic() < end:
            time.sleep(0.001)
        assert repr(worker.crash) == 'ValueError(7)'
        worker.close()
        worker.close()
