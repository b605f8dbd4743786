# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How every node starts and ends: signals, errors in one line, exit codes.

rclpy's own handling invalidates the context before a node can say its last word; here a signal
only sets a flag, the node closes (the mux still publishes a stop), then the context goes down.
"""

from collections.abc import Callable
import faulthandler
import signal
import sys
import traceback
from types import FrameType
from typing import Protocol

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from hvd_ros.core.errors import HvdError
from hvd_ros.nodes.shell.dds import settle_environment
from hvd_ros.nodes.shell.tick import Tick

LONGEST_END_S = 6.0

Claim = Callable[[], str]


class Closable(Protocol):
    """A node of ours: a rclpy node with an idempotent close()."""

    def close(self) -> None:
        """Leave the documented safe state."""
        ...


def run(
    make: Callable[[], Node], argv: list[str] | None = None, claim: Claim | None = None
) -> None:
    """
    Run one node until SIGINT or SIGTERM, then exit the process: 0 if all was well.

    Its claim (see priority.py) is made once the node is; it says why it was refused, or nothing.
    """
    settle_environment()
    stop: list[int] = []

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.append(number)
        # An end that hangs in some library says where, and ends all the same.
        faulthandler.dump_traceback_later(LONGEST_END_S, exit=True)

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    rclpy.init(args=argv, signal_handler_options=SignalHandlerOptions.NO)
    sys.exit(_spin(make, stop, claim))


def _spin(make: Callable[[], Node], stop: list[int], claim: Claim | None) -> int:
    node: Node | None = None
    try:
        node = make()
        refused = claim() if claim else ''
        if refused:
            node.get_logger().debug(f'no priority: {refused}')
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        tick = getattr(node, 'tick', None)
        if isinstance(tick, Tick):
            tick.drive(executor, lambda: bool(stop) or not rclpy.ok())
        while not stop and rclpy.ok():
            executor.spin_once(timeout_sec=0.1)
        return 0
    except HvdError as error:
        print(f'error: {error}', file=sys.stderr)
        return error.exit_code
    except Exception:
        traceback.print_exc()
        return 70
    finally:
        if node is not None:
            close = getattr(node, 'close', None)
            if close is not None:
                close()
            node.destroy_node()
        rclpy.try_shutdown()
