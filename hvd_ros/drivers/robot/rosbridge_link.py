# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The R1 behind rosbridge: a ROS 1 robot seen from ROS 2 without any ROS 1 installed here.

Topic names and types are those of the R1's ROS 1 software. A second writer can not be seen through
rosbridge; that check is the ROS 2 transport's.
"""

from collections.abc import Sequence
import math
import threading
import time
from typing import Any

from hvd_ros.core.vendor.health import Trouble
from hvd_ros.core.vendor.streams import ARMS, GRIPPERS, STREAMS, VendorTargets
from hvd_ros.drivers.robot.link import Feedback, LinkReport, StatusBoard
from hvd_ros.drivers.robot.rosbridge import Message, RosbridgeClient
from hvd_ros.drivers.robot.rosbridge_chassis import TWIST, twist

JOINT_STATE = 'sensor_msgs/JointState'
FLOAT = 'std_msgs/Float32'
STATUS = 'hdas_msg/feedback_status'
BMS = 'hdas_msg/bms'
CONTROLLER = 'hdas_msg/controller_signal'
# We tick at 100 Hz; faster feedback would only be parsed and thrown away.
THROTTLE_MS = 10

JOINT_TARGETS = {s: f'motion_target/target_joint_state_{s}' for s in (*ARMS, 'torso')}
STROKE_TARGETS = {s: f'motion_control/position_control_{s}' for s in GRIPPERS}
CHASSIS_TARGET = 'motion_target/target_speed_chassis'
ACCELERATION_LIMIT = 'motion_target/chassis_acc_limit'
CHASSIS_SPEED = 'motion_control/chassis_speed'


def vendor_topics(controller_topic: str = 'controller') -> dict[str, str]:
    """Return every topic of the R1 that we use, with its ROS 1 type."""
    kinds = dict.fromkeys((CHASSIS_TARGET, ACCELERATION_LIMIT, CHASSIS_SPEED), TWIST)
    kinds |= dict.fromkeys(JOINT_TARGETS.values(), JOINT_STATE)
    kinds |= dict.fromkeys(STROKE_TARGETS.values(), FLOAT)
    kinds |= {'hdas/bms': BMS, controller_topic: CONTROLLER}
    kinds |= {f'hdas/feedback_{s}': JOINT_STATE for s in STREAMS}
    kinds |= {f'hdas/feedback_status_{s}': STATUS for s in STREAMS}
    return {f'/{topic}': kind for topic, kind in kinds.items()}


class RosbridgeLink:
    """A RobotLink over a rosbridge websocket."""

    def __init__(
        self, host: str, port: int, prefix: str = '/', controller_topic: str = 'controller'
    ) -> None:
        self._client = RosbridgeClient(host, port)
        self._prefix = prefix
        self._lock = threading.Lock()
        self._feedback: dict[str, list[Feedback]] = {}
        self._board = StatusBoard()
        self._closed = False
        self._advertise()
        self._subscribe(controller_topic)

    def open(self) -> None:
        """Start connecting; read() tells how it goes."""
        self._client.open()

    def send(self, targets: VendorTargets) -> None:
        """Publish the base first, then joints and grippers, as the vendor's own code does."""
        stamp = _stamp(targets.stamp_ns)
        self._publish(CHASSIS_TARGET, twist(*targets.base))
        for stream, values in targets.joints.items():
            header = {'seq': 0, 'stamp': stamp, 'frame_id': ''}
            joints = {'name': [], 'position': values.tolist(), 'velocity': [], 'effort': []}
            self._publish(JOINT_TARGETS[stream], {'header': header} | joints)
        for stream, stroke_mm in targets.strokes_mm.items():
            self._publish(STROKE_TARGETS[stream], {'data': stroke_mm})

    def limit_acceleration(self, xyw: tuple[float, float, float]) -> None:
        """Publish the chassis acceleration limits."""
        self._publish(ACCELERATION_LIMIT, twist(*xyw))

    def read(self) -> LinkReport:
        """Return what arrived since the last read."""
        with self._lock:
            feedback, self._feedback = self._feedback, {}
            status = self._board.status(time.monotonic_ns())
        client = self._client
        reconnects = max(0, client.connects - 1)
        return LinkReport(feedback, status, client.connected, client.detail, reconnects)

    def second_writers(self) -> list[str]:
        """Rosbridge does not tell who else publishes."""
        return []

    def close(self) -> None:
        """Send zeros to the chassis and disconnect."""
        if not self._closed:
            self._closed = True
            self._publish(CHASSIS_TARGET, twist(0.0, 0.0, 0.0))
            self._client.close()

    def _publish(self, topic: str, message: Message) -> None:
        self._client.publish(self._prefix + topic, message)

    def _advertise(self) -> None:
        advertise = self._client.advertise
        for topic in JOINT_TARGETS.values():
            advertise(self._prefix + topic, JOINT_STATE)
        for topic in STROKE_TARGETS.values():
            advertise(self._prefix + topic, FLOAT, latch=True)
        for topic in (CHASSIS_TARGET, ACCELERATION_LIMIT):
            advertise(self._prefix + topic, TWIST)
        # Whatever the chassis was told before the link broke, it is still doing.
        self._client.greet(self._prefix + CHASSIS_TARGET, twist(0.0, 0.0, 0.0))

    def _subscribe(self, controller_topic: str) -> None:
        def listen(topic: str, kind: str, keep: Any, throttle_ms: int = THROTTLE_MS) -> None:
            self._client.subscribe(self._prefix + topic, kind, keep, throttle_ms=throttle_ms)

        for stream in STREAMS:
            listen(f'hdas/feedback_{stream}', JOINT_STATE, _bind(self._on_feedback, stream))
            listen(
                f'hdas/feedback_status_{stream}',
                STATUS,
                _bind(self._on_trouble, stream),
                100,
            )
        listen('hdas/bms', BMS, self._on_battery, 1000)
        listen(controller_topic, CONTROLLER, self._on_mode, 100)
        # The chassis moves only while somebody listens to its speed.
        listen(CHASSIS_SPEED, TWIST, lambda message: None, 1000)

    def _on_feedback(self, stream: str, message: Message) -> None:
        columns = (_numbers(message.get(c)) for c in ('position', 'velocity', 'effort'))
        sample = Feedback(_stamp_ns(message), time.monotonic_ns(), *columns)
        with self._lock:
            # The reader of a stalled node must not find a second's worth of history.
            self._feedback[stream] = [*self._feedback.get(stream, [])[-9:], sample]

    def _on_battery(self, message: Message) -> None:
        percent, voltage = _number(message.get('capital')), _number(message.get('voltage'))
        with self._lock:
            self._board.battery(percent, voltage, time.monotonic_ns())

    def _on_mode(self, message: Message) -> None:
        mode = message.get('data', message)
        mode = mode.get('mode') if isinstance(mode, dict) else None
        if isinstance(mode, int):
            with self._lock:
                self._board.mode(mode, time.monotonic_ns())

    def _on_trouble(self, part: str, message: Message) -> None:
        entries = message.get('errors')
        found = tuple(
            Trouble(
                part,
                str(e.get('name', '')),
                int(_whole(e.get('error_code'))),
                tuple(str(line) for line in e.get('error_description') or ()),
            )
            for e in (entries if isinstance(entries, list) else [])
            if isinstance(e, dict)
        )
        with self._lock:
            self._board.trouble(part, found, time.monotonic_ns())


def _bind(function: Any, stream: str) -> Any:
    return lambda message: function(stream, message)


def _stamp(stamp_ns: int) -> dict[str, int]:
    return {'secs': stamp_ns // 1_000_000_000, 'nsecs': stamp_ns % 1_000_000_000}


def _stamp_ns(message: Message) -> int:
    header = message.get('header')
    stamp = header.get('stamp') if isinstance(header, dict) else None
    if not isinstance(stamp, dict):
        return 0
    return int(_whole(stamp.get('secs'))) * 1_000_000_000 + int(_whole(stamp.get('nsecs')))


def _numbers(values: Any) -> Sequence[float]:
    return [_number(v) for v in values] if isinstance(values, list) else []


def _number(value: Any) -> float:
    # rosbridge writes NaN and infinity as null, because JSON has neither.
    return float(value) if isinstance(value, int | float) else math.nan


def _whole(value: Any) -> float:
    number = _number(value)
    return number if math.isfinite(number) else 0.0
