# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A made-up robot on real topics, at full rate, for a recorder that runs beside it."""

import struct
import threading
import time

from hvd_msgs.msg import RecorderStatus
from hvd_msgs.srv import MarkStage, StartEpisode
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import Joy
from std_srvs.srv import Trigger

from hvd_ros.core.episodes.streams import CAMERAS, streams_for
from hvd_ros.core.leader.buttons import to_levels
from hvd_ros.core.mux.command import Source
from hvd_ros.nodes.recorder.ears import message_type
from hvd_ros.nodes.recorder_node import RecorderNode
from hvd_ros.nodes.shell import qos
from test.core.recorder.desk_rig import mux_status
from test.episode_maker import body, messages_of

STREAMS = streams_for(CAMERAS, True)
SIZE = (64, 48)
_TAKEN = 40  # pre-encoded ticks that repeat


class Robot:
    """Publishes everything that an episode needs; `silent` streams say nothing."""

    def __init__(self, node):
        self.silent, self.frozen = set(), set()
        self.source = Source.TELEOP
        self.sent = {stream.name: [] for stream in STREAMS}
        self._node = node
        self._publishers = {
            stream.name: node.create_publisher(
                message_type(stream.kind),
                stream.topic,
                qos.EVENTS if stream.name in ('trace', 'chunk') else qos.STATE,
            )
            for stream in STREAMS
        }
        self._script = {
            source: [
                list(messages_of(i, STREAMS, CAMERAS, SIZE, source, 0)) for i in range(_TAKEN)
            ]
            for source in (Source.TELEOP, Source.POLICY)
        }
        self._tick = 0
        node.create_timer(0.01, self._on_tick)

    def _on_tick(self):
        """Do a tenth of what happens between two frames."""
        index, part = divmod(self._tick, 10)
        self._tick += 1
        script = self._script[self.source][index % _TAKEN]
        due = script[3 * part : 3 * part + 3] + (script[30:] if part == 9 else [])
        for name, message in due:
            self._publish(name, message.cdr)
        if part == 5:
            self._publish('status', mux_status(0, body().layout_id))

    def _publish(self, name, data):
        if name in self.silent:
            return
        if name not in self.frozen:
            data = stamped(data, time.clock_gettime_ns(time.CLOCK_REALTIME))
            self.sent[name].append(data)
        else:
            data = self.sent[name][-1]
        self._publishers[name].publish(data)


def stamped(data, ns):
    """Return a message with another header stamp."""
    return data[:4] + struct.pack('<iI', ns // 10**9, ns % 10**9) + data[12:]


class RecorderBench:
    """Robot, operator and recorder in this process; or a recorder in one of its own."""

    def __init__(self, namespace, *, recorder=True, **parameters):
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        options = {'context': self._context, 'namespace': namespace}
        self.node = rclpy.create_node('bench', **options)
        self.robot = Robot(self.node)
        self.recorder = None
        if recorder:
            given = {'free_floor_gb': 0.0} | parameters
            overrides = [Parameter(name, value=value) for name, value in given.items()]
            self.recorder = RecorderNode(**options, parameter_overrides=overrides)
        self.pressed = frozenset()
        self.statuses, self.errors = [], []
        self.node.create_subscription(
            RecorderStatus, 'recorder/status', self.statuses.append, qos.LATCHED
        )
        self._joy = self.node.create_publisher(Joy, 'joylo/buttons', qos.STATE)
        self.node.create_timer(0.01, self._press)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._spin, args=(node,), daemon=True)
            for node in (self.node, self.recorder)
            if node is not None
        ]
        for thread in self._threads:
            thread.start()

    def _press(self):
        joy = Joy(axes=[0.0] * 4, buttons=to_levels(self.pressed))
        joy.header.stamp = self.node.get_clock().now().to_msg()
        self._joy.publish(joy)

    def _spin(self, node):
        executor = SingleThreadedExecutor(context=self._context)
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
        if self.recorder is not None:
            self.recorder.close()
            self.recorder.destroy_node()
        self.node.destroy_node()
        self._context.try_shutdown()

    # Acts and waits

    def until(self, what, condition, seconds=20.0):
        end = time.monotonic() + seconds
        while not condition():
            assert not self.errors, self.errors
            last = self.statuses[-1] if self.statuses else None
            assert time.monotonic() < end, f'{what}: not within {seconds} s; {last}'
            time.sleep(0.005)

    def last(self):
        return self.statuses[-1]

    def ready(self):
        """Wait until every required stream is heard."""
        self.until('all streams', lambda: bool(self.statuses) and not self.last().missing)

    def state(self, state):
        self.until(f'state {state}', lambda: bool(self.statuses) and self.last().state == state)

    def frames(self, count):
        self.until(f'{count} frames', lambda: self.last().frames >= count)

    def tap(self, *names):
        """Press and let go; the recorder counts a press only after half a second of rest."""
        rest = time.monotonic() + 0.6
        self.until('rest', lambda: time.monotonic() > rest)
        self.pressed = frozenset(names)
        down = time.monotonic() + 0.1
        self.until('down', lambda: time.monotonic() > down)
        self.pressed = frozenset()

    def call(self, kind, name, request=None):
        client = self.node.create_client(kind, f'recorder/{name}')
        assert client.wait_for_service(timeout_sec=10.0)
        future = client.call_async(request or kind.Request())
        self.until(f'answer of {name}', future.done)
        return future.result()

    def start(self, **order):
        return self.call(StartEpisode, 'start', StartEpisode.Request(**order))

    def trigger(self, name):
        return self.call(Trigger, name)

    def mark(self, **request):
        return self.call(MarkStage, 'mark', MarkStage.Request(**request))
