# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the recorder says of itself: status five times a second, diagnostics every second."""

from collections.abc import Sequence
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from hvd_msgs.msg import RecorderStatus
from rclpy.node import Node

from hvd_ros.core.recorder.session import Session
from hvd_ros.nodes.shell import qos


@dataclass(frozen=True)
class Condition:
    """What a status is made from."""

    session: Session
    now_ns: int  # steady clock
    frames: int = 0
    rate_hz: float = 0.0
    late: int = 0
    dropped: int = 0
    free_gb: float = 0.0
    missing: Sequence[str] = ()
    healthy: bool = True
    text: str = ''
    fix: str = ''


class Telling:
    """The publishers of a recorder."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._status = node.create_publisher(RecorderStatus, 'recorder/status', qos.LATCHED)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)

    def status(self, c: Condition) -> None:
        """Publish the status."""
        session, order = c.session, c.session.order
        message = RecorderStatus(
            state=int(session.phase),
            episode_id=session.episode_id,
            task=order.task,
            prompt=order.prompt,
            operator_name=order.operator,
            kind=order.kind,
            frames=c.frames,
            duration_s=session.duration_ns(c.now_ns) / 1e9,
            rate_hz=c.rate_hz,
            late_ticks=c.late,
            dropped=c.dropped,
            free_gb=c.free_gb,
            missing=list(c.missing),
            stage=session.stage,
            scores=[mark.score for mark in session.marks],
            healthy=c.healthy,
            text=c.text,
            fix=c.fix,
        )
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._status.publish(message)

    def diagnose(self, c: Condition) -> None:
        """Publish the same for those who watch the whole graph."""
        phase = c.session.phase.name.lower()
        level = DiagnosticStatus.OK if c.healthy else DiagnosticStatus.ERROR
        if c.healthy and c.missing:
            level = DiagnosticStatus.WARN
        figures = {
            'episode': c.session.episode_id,
            'frames': c.frames,
            'rate_hz': f'{c.rate_hz:.2f}',
            'late_ticks': c.late,
            'dropped': c.dropped,
            'free_gb': f'{c.free_gb:.1f}',
            'missing': ', '.join(c.missing),
        }
        status = DiagnosticStatus(
            level=level,
            name=f'{self._node.get_fully_qualified_name()}: episodes',
            message=f'{phase}: {c.text}' if c.text else phase,
            values=[KeyValue(key=key, value=str(value)) for key, value in figures.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._diagnostics.publish(message)
