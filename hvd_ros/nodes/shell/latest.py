# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Subscriptions that wake nobody: the node takes the newest message when its own tick comes.

A vendor topic at 488 Hz costs an executor 488 wake-ups a second; a 100 Hz consumer needs at most
100 of them. The middleware keeps the newest message (depth 1) or the newest few, and we take them.
"""

import time
from typing import Any, Generic, TypeVar

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import QoSProfile

M = TypeVar('M')


class _Polled(CallbackGroup):  # type: ignore[misc]
    """A group whose members the executor never waits for."""

    def can_execute(self, entity: Any) -> bool:
        return False

    def beginning_execution(self, entity: Any) -> bool:
        return False

    def ending_execution(self, entity: Any) -> None:
        pass


class Latest(Generic[M]):
    """
    A subscription that is read with take() or drain().

    The receive time is the steady clock at the take, at most one tick of the owner late; an age
    computed from it never exceeds the true age by anything and falls short by at most one tick.
    A raw one gives the bytes as they came over the wire.
    """

    def __init__(
        self, node: Node, kind: type[M], topic: str, qos: QoSProfile, *, raw: bool = False
    ) -> None:
        self._subscription = node.create_subscription(
            kind, topic, lambda message: None, qos, callback_group=_Polled(), raw=raw
        )
        self.topic: str = self._subscription.topic_name
        self._depth = qos.depth
        self._polled_ns = time.monotonic_ns()
        self.message: M | None = None
        self.received_ns = 0  # steady clock; 0 before the first message

    def take(self) -> M | None:
        """Return the newest message that arrived since the last take, or None."""
        messages = self.drain()
        return messages[-1] if messages else None

    def drain(self) -> list[M]:
        """Return all messages that arrived since the last take, oldest first."""
        return [message for message, _ in self.drain_stamped()]

    def drain_stamped(self) -> list[tuple[M, int]]:
        """Return the same with the system time [ns] at which the publisher sent each message."""
        return self._take_all('source_timestamp')

    def drain_arrived(self) -> list[tuple[M, int]]:
        """
        Return the same with the steady time [ns] at which the middleware received each one.

        It stamps them with the system clock, which may have been set in between; but nothing
        arrived before the last look, or before the message that was taken before it.
        """
        since_ns, now_ns = self._polled_ns, time.monotonic_ns()
        system_now_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
        arrived: list[tuple[M, int]] = []
        for message, system_ns in self._take_all('received_timestamp'):
            since_ns = min(max(now_ns - (system_now_ns - system_ns), since_ns), now_ns)
            arrived.append((message, since_ns))
        self._polled_ns = now_ns
        return arrived

    def _take_all(self, stamp: str) -> list[tuple[M, int]]:
        messages: list[tuple[M, int]] = []
        subscription = self._subscription
        with subscription.handle:
            # With room for one message a second look would find nothing.
            while len(messages) < self._depth:
                taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
                if taken is None:
                    break
                messages.append((taken[0], taken[1][stamp]))
        if messages:
            self.message = messages[-1][0]
            self.received_ns = time.monotonic_ns()
        return messages
