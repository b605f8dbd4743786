# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera as the graph sees it, with a camera in the hands of the test."""

from array import array
from functools import partial
import io
import threading
import time
import zlib

import numpy as np
from PIL import Image as Pillow
import pytest

pytestmark = [pytest.mark.ros, pytest.mark.timeout(60)]
rclpy = pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticArray  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from sensor_msgs.msg import CameraInfo, CompressedImage, Image  # noqa: E402

from hvd_ros.core.errors import ConfigError, DeviceError  # noqa: E402
from hvd_ros.core.vision.codec import decode_depth, encode_color  # noqa: E402
from hvd_ros.drivers.cameras.realsense import RealsenseCamera  # noqa: E402
from hvd_ros.nodes import realsense_camera_node, zed_camera_node  # noqa: E402
from hvd_ros.nodes.camera.config import CameraNodeConfig  # noqa: E402
from hvd_ros.nodes.camera.face import CameraFace  # noqa: E402
from hvd_ros.nodes.camera.outlet import Pace  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402
from test.nodes.fake_camera import FakeCamera, picture  # noqa: E402

COLOR, DEPTH = 'color/image_raw/compressed', 'depth/image_raw/compressedDepth'
KINDS = {
    COLOR: CompressedImage,
    DEPTH: CompressedImage,
    'color/camera_info': CameraInfo,
    'depth/camera_info': CameraInfo,
    'color/image_raw': Image,
    'depth/image_raw': Image,
}
QUICK = (0.02, 0.05)


class CameraBench:
    """One node with one camera, and a listener in a context of its own."""

    def __init__(self, namespace):
        self.options = {'namespace': namespace, 'context': rclpy.Context()}
        rclpy.init(context=self.options['context'])
        self._listener_context = rclpy.Context()
        rclpy.init(context=self._listener_context)
        self.listener = rclpy.create_node(
            'listener', namespace=namespace, context=self._listener_context
        )
        self.heard = {topic: [] for topic in KINDS}
        self.told, self.shown = [], {}
        self.listener.create_subscription(DiagnosticArray, '/diagnostics', self._hear, qos.EVENTS)
        self.node = self.face = self.camera = None
        self._executors = {}
        self._stop = threading.Event()
        self._threads = []
        self.errors = []

    def start(self, camera, backoff_s=QUICK, topics=(COLOR, DEPTH), **config):
        self.camera = camera
        self.node = rclpy.create_node('camera', **self.options)
        config = CameraNodeConfig(**{'name': 'left_wrist', 'rate_hz': 90.0, **config})
        self.face = CameraFace(self.node, config, camera, backoff_s)
        self.listen(*topics)
        self.spin(self.node)

    def listen(self, *topics):
        for topic in topics:
            name = f'camera/left_wrist/{topic}'
            self.listener.create_subscription(
                KINDS[topic], name, self.heard[topic].append, qos.SENSOR
            )
        self.until('discovery', lambda: all(self._matched(topic) for topic in topics))

    def spin(self, node):
        executor = SingleThreadedExecutor(context=node.context)
        executor.add_node(node)

        def run():
            try:
                while not self._stop.is_set():
                    executor.spin_once(timeout_sec=0.05)
            except DeviceError as error:
                self.errors.append(error)

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def until(self, what, met, deadline_s=20.0):
        if not self._executors:
            executor = self._executors['listener'] = SingleThreadedExecutor(
                context=self._listener_context
            )
            executor.add_node(self.listener)
        end = time.monotonic() + deadline_s
        while not met():
            assert time.monotonic() < end, f'{what}: not within {deadline_s} s'
            self._executors['listener'].spin_once(timeout_sec=0.02)

    def show_until_heard(self, camera, seed):
        """Show a picture until it arrives; best effort may lose one."""
        colors, depths = len(self.heard[COLOR]), len(self.heard[DEPTH])

        def arrived():
            if len(self.heard[DEPTH]) > depths and len(self.heard[COLOR]) > colors:
                return True
            color, depth = picture(seed)
            depth[0, 0] = len(self.shown)  # a new picture
            color[0, 0] = len(self.shown) % 256
            shot = camera.show(color, depth)
            self.shown[shot.captured_ns] = shot
            return False

        self.until('an image', arrived)

    def status(self):
        return self.told[-1] if self.told else None

    def until_status(self, level, text):
        self.told.clear()

        def said():
            last = self.status()
            return last is not None and last.level == level and text in last.message

        self.until(f'diagnostics with {text!r}', said)
        return self.status()

    def close(self):
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self.face is not None:
            self.face._capture._stop.set()
            if self.camera is not None:
                self.camera.show(*picture(0))  # so that its read() ends
            self.face.close()
        self.listener.destroy_node()
        for context in (self.options['context'], self._listener_context):
            context.try_shutdown()

    def _matched(self, topic):
        name = f'camera/left_wrist/{topic}'
        return bool(
            self.listener.get_publishers_info_by_topic(self.listener.resolve_topic_name(name))
        )

    def _hear(self, message):
        namespace = self.options['namespace']
        self.told += [s for s in message.status if s.name.startswith(namespace)]


@pytest.fixture
def bench(request):
    bench = CameraBench(f'/camera_{zlib.crc32(request.node.name.encode())}')
    yield bench
    bench.close()


def stamp_ns(message):
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def test_images_arrive_encoded_with_the_time_of_their_capture(bench):
    camera = FakeCamera(read_timeout_s=30.0)
    bench.start(camera, topics=(COLOR, DEPTH, 'color/camera_info', 'depth/camera_info'))
    bench.show_until_heard(camera, 1)
    bench.until(
        'info', lambda: bench.heard['color/camera_info'] and bench.heard['depth/camera_info']
    )
    by_stamp = bench.shown
    color, depth = bench.heard[COLOR][-1], bench.heard[DEPTH][-1]
    shot = by_stamp[stamp_ns(color)]
    assert bytes(color.data) == encode_color(shot.color)
    assert color.format == 'rgb8; jpeg compressed bgr8'
    with Pillow.open(io.BytesIO(bytes(color.data))) as image:
        assert image.size == (64, 48)
    np.testing.assert_array_equal(
        decode_depth(bytes(depth.data)), by_stamp[stamp_ns(depth)].depth_mm
    )
    assert depth.format == '16UC1; compressedDepth png'
    infos = [bench.heard['color/camera_info'][-1], bench.heard['depth/camera_info'][-1]]
    for info in infos:
        assert (info.width, info.height, info.distortion_model) == (64, 48, 'plumb_bob')
        assert list(info.k) == [50.0, 0.0, 32.0, 0.0, 51.0, 24.0, 0.0, 0.0, 1.0]
        assert list(info.d) == [0.1, 0.0, 0.0, 0.0, 0.0]
        assert list(info.p)[:4] == [50.0, 0.0, 32.0, 0.0]
        assert stamp_ns(info) in by_stamp
    for message in (color, depth, *infos):
        assert message.header.frame_id == 'left_realsense_color_optical_frame'


def test_raw_images_are_made_only_while_somebody_listens(bench, monkeypatch):
    made = []
    camera = FakeCamera(read_timeout_s=30.0)
    bench.start(camera)
    messages = bench.face._outlet._messages
    for name in ('raw_color', 'raw_depth'):
        kept = getattr(messages, name)
        monkeypatch.setattr(
            messages, name, lambda shot, kept=kept, name=name: made.append(name) or kept(shot)
        )
    bench.show_until_heard(camera, 1)
    assert not made
    bench.listen('color/image_raw', 'depth/image_raw')

    def both():
        bench.show_until_heard(camera, 2)
        return bench.heard['color/image_raw'] and bench.heard['depth/image_raw']

    bench.until('raw images', both)
    by_stamp = bench.shown
    color, depth = bench.heard['color/image_raw'][-1], bench.heard['depth/image_raw'][-1]
    assert (color.encoding, color.width, color.height, color.step) == ('rgb8', 64, 48, 192)
    assert (depth.encoding, depth.width, depth.height, depth.step) == ('16UC1', 64, 48, 128)
    assert isinstance(color.data, array)
    np.testing.assert_array_equal(
        np.frombuffer(color.data, np.uint8).reshape(48, 64, 3), by_stamp[stamp_ns(color)].color
    )
    np.testing.assert_array_equal(
        np.frombuffer(depth.data, '<u2').reshape(48, 64), by_stamp[stamp_ns(depth)].depth_mm
    )


def test_an_unplugged_camera_is_an_error_and_comes_back_by_itself(bench):
    camera = FakeCamera()
    bench.start(camera)
    bench.show_until_heard(camera, 1)
    camera.plugged = False
    status = bench.until_status(b'\x02', 'not connected; plug it in')
    assert status.name.endswith('/camera: camera left_wrist')
    heard = len(bench.heard[COLOR])
    bench.until_status(b'\x02', 'not connected')
    assert len(bench.heard[COLOR]) == heard  # nothing old was published as new
    camera.plugged = True
    bench.show_until_heard(camera, 2)
    assert camera.opens >= 2
    assert camera.closes >= 2


def test_a_well_camera_says_its_figures(bench):
    camera = FakeCamera(read_timeout_s=30.0)
    bench.start(camera, serial='_0441', read_timeout_s=2.0, frozen_s=10.0)
    bench.show_until_heard(camera, 1)
    status = bench.until_status(b'\x00', 'ok')
    figures = {pair.key: pair.value for pair in status.values}
    assert int(figures['pictures']) >= 1
    assert float(figures['age_s']) >= 0.0
    assert (int(figures['bytes']) > 500, status.hardware_id) == (True, '_0441')


@pytest.mark.parametrize('again', ['number', 'pixels'])
def test_a_frozen_camera_publishes_nothing_and_is_opened_anew(bench, again):
    camera = FakeCamera(read_timeout_s=5.0)
    bench.start(camera, frozen_s=0.3)
    bench.show_until_heard(camera, 1)
    color, depth = picture(9)
    camera.show(color, depth, sequence=77777)
    published = {stamp_ns(m) for m in bench.heard[COLOR]}
    opens = camera.opens

    def reopened():
        if again == 'number':
            camera.show(*picture(time.monotonic_ns()), sequence=77777)
        else:
            camera.show(color, depth)
        published.update(stamp_ns(m) for m in bench.heard[COLOR])
        return camera.opens > opens

    before = len(bench.heard[COLOR])
    bench.until('a new open', reopened)
    # The picture itself once, and once more after each open, which knows no picture before.
    assert len(bench.heard[COLOR]) - before <= 2
    assert bench.face._capture.repeated > 0


def test_a_frozen_camera_is_an_error_in_diagnostics(bench):
    camera = FakeCamera(read_timeout_s=5.0)
    bench.start(camera, backoff_s=(5.0, 5.0), frozen_s=0.2)
    bench.show_until_heard(camera, 1)
    color, depth = picture(9)

    bench.told.clear()

    def said():
        camera.show(color, depth)
        last = bench.status()
        return (
            last and last.level == b'\x02' and 'frozen: the colour image repeats' in last.message
        )

    bench.until('frozen', said)
    assert 'plug it in again' in bench.status().message


def test_a_covered_camera_is_an_error_though_it_delivers(bench):
    camera = FakeCamera(read_timeout_s=30.0)
    bench.start(camera)
    bench.show_until_heard(camera, 1)
    camera.show(np.full((48, 64, 3), 16, np.uint8), picture(1)[1])
    bench.until_status(b'\x02', 'one colour all over; take off the cap')


def test_a_driver_that_hangs_is_told_by_its_age(bench):
    camera = FakeCamera(read_timeout_s=30.0)  # far beyond the deadline that it was given
    bench.start(camera, read_timeout_s=0.1, frozen_s=0.2)
    bench.show_until_heard(camera, 1)
    bench.until_status(b'\x02', 'its driver hangs')
    camera.plugged = False
    camera.show(*picture(2))


def test_a_real_camera_that_is_absent_ends_the_node(bench):
    camera = FakeCamera()
    camera.plugged = False
    with pytest.raises(DeviceError, match='not connected; plug it in'):
        bench.start(camera)
    bench.face = None


def test_a_twin_that_is_absent_is_waited_for_and_then_ends_the_node(bench):
    bench.start(None, topics=(), open_timeout_s=1.2)
    bench.until_status(b'\x02', 'unplugged or not drawn')
    bench.until('the end', lambda: bench.errors)
    assert 'no camera after' in str(bench.errors[0])


def test_an_error_of_ours_ends_the_node_instead_of_a_thread(bench):
    camera = FakeCamera()
    bench.start(camera)
    camera.error = ConfigError('a wrong setting')
    bench.until('crash', lambda: bench.face._capture.crash)
    with pytest.raises(ConfigError, match='a wrong setting'):
        bench.face._on_second()


def test_the_rate_is_thinned_evenly():
    pace = Pace(15.0, 30.0)
    period = 1e9 / 30
    jitter = np.random.default_rng(0).uniform(-0.2, 0.2, 300) * period
    times = [int(1e9 + n * period + jitter[n]) for n in range(300)]
    taken = [n for n, at in enumerate(times) if pace.take(at)]
    assert taken == list(range(0, 300, 2))
    every = Pace(30.0, 30.0)
    assert all(every.take(at) for at in times)
    # After a gap it goes on at once and does not catch up.
    assert pace.take(times[-1] + 5_000_000_000)
    assert not pace.take(times[-1] + 5_000_000_000 + int(period))


@pytest.mark.parametrize(
    ('node', 'what'),
    [
        (zed_camera_node.ZedCameraNode, 'ZED SDK'),
        (realsense_camera_node.RealsenseCameraNode, 'no RealSense is connected'),
    ],
)
def test_the_nodes_of_real_cameras_say_what_is_missing_here(bench, node, what):
    parameters = [Parameter('hardware', value='real')]
    with pytest.raises(DeviceError, match=what):
        node(**bench.options, parameter_overrides=parameters)


def test_the_realsense_node_publishes_what_librealsense_gives(bench, monkeypatch):
    rs = pytest.importorskip('pyrealsense2')
    from test.drivers.software_realsense import SoftwareRealsense

    device = SoftwareRealsense('044122070299')
    monkeypatch.setattr(
        realsense_camera_node, 'RealsenseCamera', partial(RealsenseCamera, find=device.found)
    )
    values = {'hardware': 'real', 'name': 'left_wrist', 'width': 64, 'height': 48}
    values |= {'serial': '_044122070299', 'rate_hz': 90.0, 'read_timeout_s': 2.0}
    node = realsense_camera_node.RealsenseCameraNode(
        **bench.options, parameter_overrides=[Parameter(k, value=v) for k, v in values.items()]
    )
    bench.face = node._face
    bench.spin(node)
    bench.listen(COLOR, DEPTH)
    stamps = []

    def arrived():
        number = len(stamps) + 1
        stamps.append(time.clock_gettime_ns(time.CLOCK_REALTIME) / 1e6)
        device.both(stamps[-1], number, mm=1000 + number % 7, value=number % 250)
        return bench.heard[DEPTH]

    bench.until('an image of librealsense', arrived)
    depth = bench.heard[DEPTH][-1]
    assert decode_depth(bytes(depth.data))[24, 32] in range(1000, 1007)
    assert min(abs(stamp_ns(depth) - ms * 1e6) for ms in stamps) < 1000
    assert rs.timestamp_domain.global_time
