# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The command path at work: rate, jitter, latency, processor and memory, with an operator on twins.

A listener that decoded every message would cost more than some nodes; so messages are kept as
bytes with the time at which the middleware received them, and read after the measurement.
"""

from collections.abc import Iterable, Mapping
import time
from typing import Any, NamedTuple

from hvd_msgs.msg import CommandTrace, WholeBodyCommand
import numpy as np
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState

from hvd_ros.cli.benches.graph import BenchGraph
from hvd_ros.cli.launching.graph import GraphFailed
from hvd_ros.cli.ros_session import Session
from hvd_ros.core.mux.command import Source
from hvd_ros.nodes.r1.topics import JOINT_TARGETS
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.priority import foremost

COUNTED = ('joylo', 'mux', 'r1', 'guardian')  # what runs beside a real robot, too
_PERIOD_MS = 10.0
_START_S = 60.0
_QUICK_S = 5.0
_WINDOW_S = 60.0  # of messages; a longer run only looks at memory
_SETTLED_S = 120.0  # by then every allocator has seen its largest day
_TOPICS = {
    'asked': (WholeBodyCommand, 'teleop/command'),
    'command': (WholeBodyCommand, 'command'),
    'trace': (CommandTrace, 'mux/trace'),
    'target': (JointState, JOINT_TARGETS['arm_left']),
}


class Heard(NamedTuple):
    """One message and when it came, by the system clock of this machine."""

    at_ns: int
    message: Any


def measure(quick: bool, minutes: float | None) -> dict[str, float]:
    """Run the graph and return the figures; raises GraphFailed if nobody drives it."""
    total_s = _QUICK_S if quick else 60.0 * (minutes or 1.0)
    window_s = min(total_s, _WINDOW_S)
    # The ear goes first, as the devices do: what is measured is the path, not who listens to it.
    with BenchGraph(operator='tour', viewer='false') as graph, foremost(), Session() as session:
        ears = _Ears(session)
        _wait_for_motion(graph, session, ears)
        settling_s = min(_SETTLED_S, total_s - window_s)
        session.spin(settling_s)
        memory_mb = _counted(graph.memory_mb())
        session.spin(total_s - window_s - settling_s)
        ears.clear()
        cpu_s, began = graph.cpu_s(), time.monotonic()
        session.spin(window_s)
        elapsed_s = time.monotonic() - began
        used = {name: 100.0 * (s - cpu_s[name]) / elapsed_s for name, s in graph.cpu_s().items()}
        grown_mb = _counted(graph.memory_mb()) - memory_mb
        graph.check()
        heard = ears.decode()
    return {
        'seconds': total_s,
        **command_path(**heard),
        **{f'cpu_percent_{name}': value for name, value in used.items()},
        'cpu_percent': _counted(used),
        'memory_mb': memory_mb + grown_mb,
        'memory_growth_mb': grown_mb,
    }


def command_path(
    asked: list[Heard], command: list[Heard], trace: list[Heard], target: list[Heard]
) -> dict[str, float]:
    """Return rate, jitter and latency of what was heard on the four topics."""
    arrival_ns = np.array([heard.at_ns for heard in command])
    ticks_ns = np.array([stamp_ns(heard.message) for heard in trace])
    latency_ms = _latencies_ms(asked, trace, target)
    driven = [heard.message.source == Source.TELEOP for heard in trace]
    return {
        'command_rate_hz': (len(arrival_ns) - 1) * 1e9 / float(np.ptp(arrival_ns)),
        'period_error_ms_p99': _period_error_ms(arrival_ns),
        'tick_error_ms_p99': _period_error_ms(ticks_ns),
        'latency_ms_p50': _percentile(latency_ms, 50),
        'latency_ms_p99': _percentile(latency_ms, 99),
        'engaged_percent': 100.0 * float(np.mean(driven)),
    }


def stamp_ns(message: Any) -> int:
    """Return the header stamp as a number."""
    stamp = message.header.stamp
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _latencies_ms(asked: list[Heard], trace: list[Heard], target: list[Heard]) -> list[float]:
    """Follow every leader frame that a tick used to the vendor target of that tick."""
    formed = {heard.message.seq: stamp_ns(heard.message) for heard in asked}
    arrived = {stamp_ns(heard.message): heard.at_ns for heard in target}
    return [
        (arrived[stamp_ns(tick)] - formed[tick.source_seq]) / 1e6
        for _, tick in trace
        if tick.source == Source.TELEOP and tick.source_seq in formed and stamp_ns(tick) in arrived
    ]


def _period_error_ms(stamps_ns: Any) -> float:
    return _percentile(np.abs(np.diff(stamps_ns) / 1e6 - _PERIOD_MS), 99)


def _percentile(values: Any, percent: float) -> float:
    return float(np.percentile(values, percent)) if len(values) else float('nan')


def _counted(by_node: Mapping[str, float]) -> float:
    return sum(by_node[name] for name in COUNTED)


def _wait_for_motion(graph: BenchGraph, session: Session, ears: '_Ears') -> None:
    """Wait until the operator drives and the robot's side hears of it."""
    deadline = time.monotonic() + _START_S
    while not (ears.raw['target'] and ears.driven()):
        graph.check()
        ears.clear()
        session.spin(0.5)
        if time.monotonic() > deadline:
            silent = [topic for name, (_, topic) in _TOPICS.items() if not ears.raw[name]]
            what = f'silent: {", ".join(silent)}' if silent else 'the operator did not engage'
            raise GraphFailed(f'after {_START_S:g} s {what}; the mux said: {graph.last("mux")}')


class _Ears:
    """Keeps what arrives on the four topics as bytes."""

    def __init__(self, session: Session) -> None:
        self.raw: dict[str, list[tuple[int, bytes]]] = {name: [] for name in _TOPICS}
        for name, (kind, topic) in _TOPICS.items():
            # Deeper than the nodes' own queues: what we miss would count against them.
            session.node.create_subscription(
                kind, topic, self._keep_in(self.raw[name]), qos.EVENTS, raw=True
            )

    def clear(self) -> None:
        for kept in self.raw.values():
            kept.clear()

    def driven(self) -> bool:
        """Tell whether the newest tick that was heard is the operator's."""
        last = list(_decoded(CommandTrace, self.raw['trace'][-1:]))
        return bool(last) and last[0].message.source == Source.TELEOP

    def decode(self) -> dict[str, list[Heard]]:
        return {name: list(_decoded(kind, self.raw[name])) for name, (kind, _) in _TOPICS.items()}

    def _keep_in(self, kept: list[tuple[int, bytes]]) -> Any:
        def keep(data: bytes, info: Any) -> None:
            # When it reached this process, not when Python got round to it.
            kept.append((info['received_timestamp'], data))

        return keep


def _decoded(kind: type[Any], kept: list[tuple[int, bytes]]) -> Iterable[Heard]:
    for at_ns, data in kept:
        yield Heard(at_ns, deserialize_message(data, kind))
