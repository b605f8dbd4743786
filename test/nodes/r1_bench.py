# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A real r1 node with somebody who plays the mux and the vendor around it."""

from collections.abc import Callable, Iterator
import itertools
import os
import time

from hvd_msgs.msg import (
    HdasControllerSignal,
    WholeBodyCommand,
)
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState

from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vendor.streams import STREAMS, Wiring
from hvd_ros.nodes.r1_node import R1Node
from hvd_ros.nodes.shell import qos

os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
BODY = load_body('r1')
WIRING = Wiring(BODY)
PREFIX = 'vendor/'
RUNS = itertools.count()


class Bench:
    """A context of its own, the r1 node, and a node that plays everybody else."""

    def __init__(self, **parameters: object) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        # Other runs on this machine may share the domain by chance.
        self.namespace = f'/r1_test_{os.getpid()}_{next(RUNS)}'
        self.other = rclpy.create_node('other', context=self.context, namespace=self.namespace)
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        self.r1 = R1Node(
            context=self.context, namespace=self.namespace, parameter_overrides=overrides
        )
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.r1)
        self.executor.add_node(self.other)
        self.command = self.other.create_publisher(WholeBodyCommand, 'command', qos.COMMAND)
        self.heard: dict[str, list] = {}
        self.seq = 0
        self.silent: set[str] = set()
        self.values: dict[str, float] = {}
        self.freeze_stamp = False
        self.mode = 5
        self._feedback = {
            s: self.other.create_publisher(JointState, f'{PREFIX}hdas/feedback_{s}', qos.STATE)
            for s in STREAMS
        }
        self.controller = self.other.create_publisher(
            HdasControllerSignal, f'{PREFIX}controller', qos.STATE
        )

    def close(self) -> None:
        self.r1.close()
        self.r1.destroy_node()
        self.other.destroy_node()
        self.context.shutdown()

    def listen(self, kind: type, topic: str, profile=qos.STATE) -> list:
        messages: list = []
        self.other.create_subscription(kind, topic, messages.append, profile)
        return messages

    def until(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, 'not in time'
            self.executor.spin_once(timeout_sec=0.01)

    def send(self, engaged: bool = True, age_s: float = 0.0, **changes: float) -> int:
        """Publish one command: the home pose with changes; return its stamp."""
        self.seq += 1
        values = BODY.pose('home').copy()
        for name, value in changes.items():
            values[BODY.index(name)] = value
        stamp_ns = self.other.get_clock().now().nanoseconds - int(age_s * 1e9)
        message = WholeBodyCommand(
            seq=self.seq, layout_id=BODY.layout_id, engaged=engaged, values=values.tolist()
        )
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 10**9)
        self.command.publish(message)
        return stamp_ns

    def vendor_speaks(self) -> None:
        """Publish one round of feedback."""
        stamp = self.other.get_clock().now().to_msg()
        for stream, publisher in self._feedback.items():
            if stream in self.silent:
                continue
            value = self.values.get(stream, 0.1)
            size = WIRING.size(stream) + (stream.startswith('arm'))
            message = JointState(position=[value] * size, velocity=[0.0] * size)
            if stream == 'chassis':
                message.velocity = [0.0] * 6
            message.header.stamp = stamp
            publisher.publish(message)
        self.controller.publish(HdasControllerSignal(mode=self.mode))

    def until_speaking(self, condition: Callable[[], bool], seconds: float = 5.0) -> None:
        """Wait while the vendor sends feedback and the mux sends commands."""

        def step() -> bool:
            self.vendor_speaks()
            return condition()

        self.until(step, seconds)


def benches() -> Iterator[Callable[..., Bench]]:
    """Yield what makes a bench, and close all that were made: the body of a fixture."""
    made: list[Bench] = []

    def bench(**parameters: object) -> Bench:
        made.append(Bench(**{'vendor_prefix': PREFIX} | parameters))
        return made[-1]

    yield bench
    for each in made:
        each.close()


def matched(bench: Bench) -> Callable[[], bool]:
    return lambda: bench.command.get_subscription_count() == 1
