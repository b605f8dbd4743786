# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the policy node says of itself: `policy/status`, latched, and a row of /diagnostics."""

from collections.abc import Mapping
import math
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from hvd_ros.core.policy.rhythm import Rhythm
from hvd_ros.nodes.shell import qos

READY, WARMING = 'ready', 'warming up'
STATUS_NS, _SECOND_NS = 500_000_000, 1_000_000_000


class Telling:
    """Speaks at once when something changes, and twice a second anyway."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._status = node.create_publisher(DiagnosticStatus, 'policy/status', qos.LATCHED)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)
        self._said: str | None = None
        self._said_ns = self._second_ns = 0

    def tell(self, state: str, figures: Mapping[str, str], now_ns: int) -> None:
        """Say `ready`, `warming up`, or why there is no chunk."""
        changed = state != self._said
        if changed:
            self._log(state)
        self._said = state
        if not changed and now_ns - self._said_ns < STATUS_NS:
            return
        self._said_ns = now_ns
        status = self._message(state, figures)
        self._status.publish(status)
        if changed or now_ns - self._second_ns >= _SECOND_NS:
            self._second_ns = now_ns
            message = DiagnosticArray(status=[status])
            message.header.stamp = self._node.get_clock().now().to_msg()
            self._diagnostics.publish(message)

    def _message(self, state: str, figures: Mapping[str, str]) -> DiagnosticStatus:
        return DiagnosticStatus(
            level=DiagnosticStatus.OK if state == READY else DiagnosticStatus.WARN,
            name=f'{self._node.get_fully_qualified_name()}: policy',
            message=state,
            values=[KeyValue(key=key, value=value) for key, value in figures.items()],
        )

    def _log(self, state: str) -> None:
        log: Any = self._node.get_logger()
        if state in (READY, WARMING):
            log.info(state)
        else:
            log.warning(f'no chunk: {state}')


def figures_of(rhythm: Rhythm, now_ns: int) -> dict[str, str]:
    """Return rate, latency and age as text."""
    return {
        'rate_hz': f'{rhythm.rate_hz(now_ns):.1f}',
        'latency_p50_ms': _ms(rhythm.latency_s(50.0)),
        'latency_p99_ms': _ms(rhythm.latency_s(99.0)),
        'age_p99_ms': _ms(rhythm.age_s(99.0)),
        'refused': str(rhythm.refused),
    }


def _ms(seconds: float) -> str:
    return f'{seconds * 1e3:.1f}' if math.isfinite(seconds) else ''
