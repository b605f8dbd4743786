# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Between the messages of the mux and the types of core."""

from array import array

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from hvd_msgs.msg import (
    ActionChunk,
    CommandTrace,
    Gate,
    Heartbeat,
    MuxStatus,
    RobotHealth,
    SourceStatus,
    WholeBodyCommand,
)
import numpy as np

from hvd_ros.core.mux.command import Chunk, Command, Source
from hvd_ros.core.mux.report import Report
from hvd_ros.core.mux.state import Decision
from hvd_ros.core.safety.estop import Beat
from hvd_ros.core.safety.vitals import Health


def nanoseconds(stamp: Time) -> int:
    """Return a stamp as one number."""
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def command(message: WholeBodyCommand, source: Source, now_ns: int) -> Command:
    """Return a command; its source is the topic that it came by, not what it claims."""
    return Command(
        source=source,
        seq=message.seq,
        layout_id=message.layout_id,
        engaged=message.engaged,
        values=np.array(message.values, dtype=np.float64),
        stamp_ns=nanoseconds(message.header.stamp),
        received_ns=now_ns,
    )


def chunk(message: ActionChunk, now_ns: int) -> Chunk:
    """Return a chunk."""
    return Chunk(
        seq=message.seq,
        layout_id=message.layout_id,
        observation_ns=nanoseconds(message.observation_stamp),
        step_s=message.step_s,
        horizon=message.horizon,
        values=np.array(message.values, dtype=np.float64),
        bundle_id=message.bundle_id,
        received_ns=now_ns,
    )


def health(message: RobotHealth, now_ns: int) -> Health:
    """Return what the robot says of itself."""
    return Health(
        battery_percent=message.battery_percent,
        temperature_c=message.temperature_c,
        base_ready=message.base_ready,
        base_reason=message.base_reason,
        faults=tuple(message.faults),
        received_ns=now_ns,
    )


def beat(message: Heartbeat, now_ns: int) -> Beat:
    """Return a heartbeat."""
    return Beat(message.estop, message.epoch, message.reason, now_ns)


def fill_command(message: WholeBodyCommand, decision: Decision, seq: int) -> None:
    """Write a decision into the command message."""
    message.source = int(decision.source)
    message.seq = seq
    message.engaged = decision.engaged
    message.values = array('d', decision.values.tobytes())


def fill_trace(message: CommandTrace, decision: Decision, tick: int) -> None:
    """Write a decision into the trace message."""
    message.tick = tick
    message.mode = int(decision.mode)
    message.source = int(decision.source)
    message.source_seq = decision.source_seq
    asked = b'' if decision.asked is None else decision.asked.tobytes()
    message.asked = array('d', asked)
    message.sent = array('d', decision.values.tobytes() if decision.engaged else b'')
    message.clip = array('B', decision.clip.tobytes())
    message.refusal = str(decision.refusal)
    message.chunk_seq = decision.chunk_seq
    message.chunk_step = decision.chunk_step


def fill_status(message: MuxStatus, report: Report) -> None:
    """Write a report into the status message."""
    message.mode = int(report.mode)
    message.active_source = int(report.active)
    message.moving = report.moving
    message.estop = report.estop
    message.reason = str(report.reason)
    message.text = report.text
    message.self_distance_m = report.self_distance_m
    message.heartbeat = (message.heartbeat + 1) % (1 << 32)
    message.sources = [
        SourceStatus(
            name=s.name,
            age_s=s.age_s,
            fresh=s.fresh,
            engaged=s.engaged,
            reason=str(s.reason),
            accepted=s.accepted,
            refused=s.refused,
        )
        for s in report.sources
    ]
    message.gates = [
        Gate(name=g.name, open=g.open, reason=str(g.reason), detail=g.detail, fix=g.fix)
        for g in report.gates
    ]


def diagnostic(name: str, report: Report, tick_error_ms: float) -> DiagnosticStatus:
    """Summarise a report: a closed gate warns, an e-stop is an error."""
    closed = [g for g in report.gates if not g.open]
    level = DiagnosticStatus.WARN if closed else DiagnosticStatus.OK
    values = [KeyValue(key=g.name, value=f'{g.reason}: {g.detail}') for g in closed]
    values.append(KeyValue(key='largest_period_error_ms', value=f'{tick_error_ms:.2f}'))
    return DiagnosticStatus(
        level=DiagnosticStatus.ERROR if report.estop else level,
        name=name,
        message=f'{report.mode.name.lower()}: {report.text}',
        values=values,
    )
