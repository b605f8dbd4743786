# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Polled subscriptions: they wake nobody, keep the newest, and lose nothing within the depth."""

import time

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip('rclpy')

from rclpy.serialization import serialize_message  # noqa: E402
from std_msgs.msg import Int32  # noqa: E402

from hvd_ros.nodes.shell import qos  # noqa: E402
from hvd_ros.nodes.shell.latest import Latest  # noqa: E402


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('latest_test', context=context)
    yield node
    node.destroy_node()
    context.shutdown()


def wait_for(latest, value, deadline_s=5.0):
    """Take until a value arrives; the newest one is what counts."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        message = latest.take()
        if message is not None and message.data == value:
            return message
        time.sleep(0.005)
    raise AssertionError(f'{value} did not arrive')


def connected_publisher(node, latest, topic, profile):
    publisher = node.create_publisher(Int32, topic, profile)
    end = time.monotonic() + 5.0
    while publisher.get_subscription_count() < 1 and time.monotonic() < end:
        time.sleep(0.005)
    return publisher


def test_takes_the_newest_and_stamps_it(node):
    latest = Latest(node, Int32, 'numbers', qos.COMMAND)
    assert latest.take() is None
    assert latest.received_ns == 0
    publisher = connected_publisher(node, latest, 'numbers', qos.COMMAND)
    before = time.monotonic_ns()
    publisher.publish(Int32(data=1))
    publisher.publish(Int32(data=2))
    assert wait_for(latest, 2).data == 2
    assert before < latest.received_ns <= time.monotonic_ns()
    assert latest.take() is None
    assert latest.message.data == 2


def test_drains_in_order(node):
    latest = Latest(node, Int32, 'events', qos.EVENTS)
    publisher = connected_publisher(node, latest, 'events', qos.EVENTS)
    for i in range(20):
        publisher.publish(Int32(data=i))
    got = []
    end = time.monotonic() + 5.0
    while len(got) < 20 and time.monotonic() < end:
        got += [message.data for message in latest.drain()]
        time.sleep(0.005)
    assert got == list(range(20))


def test_never_wakes_the_executor(node):
    latest = Latest(node, Int32, 'quiet', qos.COMMAND)
    publisher = connected_publisher(node, latest, 'quiet', qos.COMMAND)
    publisher.publish(Int32(data=7))
    wait_for(latest, 7)
    publisher.publish(Int32(data=8))
    executor = rclpy.executors.SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    executor.spin_once(timeout_sec=0.05)
    # Had the executor run the subscription, the message would be gone.
    assert wait_for(latest, 8).data == 8
    executor.shutdown()


def test_raw_messages_are_the_bytes_of_the_wire_with_the_time_of_their_arrival(node):
    latest = Latest(node, Int32, 'raw', qos.EVENTS, raw=True)
    publisher = connected_publisher(node, latest, 'raw', qos.EVENTS)
    before = time.monotonic_ns()
    publisher.publish(Int32(data=7))
    got = []
    end = time.monotonic() + 5.0
    while not got and time.monotonic() < end:
        got = latest.drain_arrived()
        time.sleep(0.005)
    ((data, received_ns),) = got
    assert data == serialize_message(Int32(data=7))
    assert before <= received_ns <= time.monotonic_ns()
