# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A short visit to the running graph: join, ask or listen with a deadline, leave.

Verbs import this module inside run(), so that `hvd VERB --help` needs no ROS installation. Ctrl-C
stays a KeyboardInterrupt; every wait ends by itself.
"""

from collections.abc import Callable
import os
import time
from types import TracebackType
from typing import Any

import rclpy
from rclpy.context import Context
from rclpy.exceptions import InvalidNamespaceException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions

from hvd_ros.core.errors import ConfigError, HvdError
from hvd_ros.nodes.shell.dds import settle_environment

# A participant that loses the first exchange of greetings is heard at the next periodic one, which
# Fast DDS sends every 3 s where config/fastdds.xml is not in force; who waits less sees nobody.
DISCOVERY_S = 4.0
_TURN_S = 0.02  # how long one turn of the executor may wait; bounds the delay of Ctrl-C


class NoAnswer(HvdError):
    """Nobody in the graph offers the service or topic that a verb needs."""

    exit_code = 3


class Session:
    """A node of ours in the graph, for as long as a `with` block lasts."""

    def __init__(self, namespace: str = '') -> None:
        settle_environment()
        self._context = Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        try:
            self.node: Node = rclpy.create_node(
                f'hvd_cli_{os.getpid()}',
                namespace=namespace,
                context=self._context,
                start_parameter_services=False,
                enable_rosout=False,
            )
        except InvalidNamespaceException as error:
            self._context.try_shutdown()
            raise ConfigError(
                f"namespace '{namespace}' is not valid: {str(error).splitlines()[0]}"
            ) from None
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)

    def __enter__(self) -> 'Session':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        self._context.try_shutdown()

    def spin(self, seconds: float) -> None:
        """Serve callbacks for a while."""
        self.spin_until(lambda: False, seconds)

    def spin_until(self, done: Callable[[], bool], timeout_s: float) -> bool:
        """Serve callbacks until done() is true; return whether it became true in time."""
        end = time.monotonic() + timeout_s
        while not done():
            if time.monotonic() >= end:
                return False
            self._executor.spin_once(timeout_sec=_TURN_S)
        return True

    def collect(self, kind: type[Any], topic: str, qos: QoSProfile) -> list[Any]:
        """Subscribe and return the list that received messages are appended to."""
        received: list[Any] = []
        self.node.create_subscription(kind, topic, received.append, qos)
        return received

    def call(
        self,
        kind: type[Any],
        name: str,
        request: Any,
        timeout_s: float = DISCOVERY_S,
        launch: str = 'teleop',
    ) -> Any:
        """Call a service and return its answer, or raise NoAnswer naming what is missing."""
        client = self.node.create_client(kind, name)
        full = self.node.resolve_service_name(name)
        if not self.spin_until(client.service_is_ready, timeout_s):
            raise NoAnswer(
                f"nobody offers the service '{full}' (waited {timeout_s:g} s on "
                f'{where_we_looked()}); start the graph: hvd launch {launch}'
            )
        future = client.call_async(request)
        if not self.spin_until(future.done, timeout_s):
            raise NoAnswer(
                f"'{full}' did not answer within {timeout_s:g} s; its node is stuck: hvd doctor"
            )
        return future.result()


def where_we_looked() -> str:
    """Name the DDS domain and range that decide who is heard; both are common mistakes."""
    domain = os.environ.get('ROS_DOMAIN_ID', '0') or '0'
    reach = os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')
    return f'ROS_DOMAIN_ID={domain}, discovery {reach}'
