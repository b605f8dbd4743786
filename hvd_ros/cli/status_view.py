# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What `hvd status` shows, as pure functions: from one MuxStatus and the node names to text.

The first line answers the question that people have: does it move, and if not, why and what now.
"""

from dataclasses import asdict, dataclass
import math
from typing import Any

from hvd_ros.cli.paint import Paint, plain, table
from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.reasons import age_text, explain

# The nodes without which nothing moves, and what each is for.
NODES = {
    'mux': 'decides who moves the robot',
    'guardian': 'stops the base, keeps the e-stop',
    'r1': 'talks to the robot',
    'joylo': 'reads the leader',
}


@dataclass(frozen=True)
class GateLine:
    """One condition between a command and motion."""

    name: str
    open: bool
    reason: str
    why: str
    fix: str


@dataclass(frozen=True)
class SourceLine:
    """One source of commands as the mux sees it."""

    name: str
    age_s: float  # infinite when never heard
    fresh: bool
    engaged: bool
    why: str
    accepted: int
    refused: int


@dataclass(frozen=True)
class NodeLine:
    """One node of ours and how often its name occurs in the graph."""

    name: str
    count: int
    job: str


@dataclass(frozen=True)
class PolicyLine:
    """What the policy node says of itself."""

    state: str  # ready, warming up, or why there is no chunk
    good: bool
    figures: dict[str, str]


@dataclass(frozen=True)
class Status:
    """Everything that the verb shows."""

    mode: str
    active_source: str
    moving: bool
    estop: bool
    why: str
    self_distance_m: float
    gates: tuple[GateLine, ...]
    sources: tuple[SourceLine, ...]
    nodes: tuple[NodeLine, ...]
    alive: bool  # a second status arrived, so the mux is not frozen
    policy: PolicyLine | None = None  # where one runs

    @property
    def would_move(self) -> bool:
        """Whether every gate is open and somebody is there to tell."""
        return self.alive and not self.estop and all(gate.open for gate in self.gates)


def read_status(
    message: Any, node_names: list[str], alive: bool = True, policy: Any = None
) -> Status:
    """Take a MuxStatus apart; names that this version does not know are shown as numbers."""
    return Status(
        mode=_name(Mode, message.mode),
        active_source=_name(Source, message.active_source),
        moving=message.moving,
        estop=message.estop,
        why=message.text or explain(message.reason)[0],
        self_distance_m=message.self_distance_m,
        gates=tuple(_gate(gate) for gate in message.gates),
        sources=tuple(_source(source) for source in message.sources),
        nodes=tuple(NodeLine(name, node_names.count(name), job) for name, job in NODES.items()),
        alive=alive,
        policy=None if policy is None else _policy(policy),
    )


def render(status: Status, paint: Paint = plain) -> str:
    """Write the page of `hvd status`."""
    lines = [_headline(status, paint), _subline(status), '']
    lines += table([['gate', 'state', 'why', 'fix'], *(_gate_row(g, paint) for g in status.gates)])
    if status.sources:
        head = ['source', 'age', 'fresh', 'engaged', 'accepted', 'refused', 'why']
        lines += ['', *table([head, *(_source_row(s, paint) for s in status.sources)])]
    if status.policy is not None:
        lines += ['', *_policy_lines(status.policy, paint)]
    lines += ['', *table([['node', 'state', 'job'], *(_node_row(n, paint) for n in status.nodes)])]
    return '\n'.join(lines) + '\n'


def as_json(status: Status) -> dict[str, Any]:
    """Return the same content for machines; numbers that are not finite become null."""
    data: dict[str, Any] = asdict(status) | {'would_move': status.would_move}
    return {key: _finite(value) for key, value in data.items()}


def _headline(status: Status, paint: Paint) -> str:
    if not status.alive:
        return paint('NOT MOVING', 'bad') + ': the mux sent one status and then none; it is frozen'
    closed = [gate for gate in status.gates if not gate.open]
    if status.moving and not closed:
        return paint('MOVING', 'good') + f': {status.active_source} drives the robot'
    if not closed and not status.estop:
        return paint('READY', 'good') + ': every gate is open'
    if status.moving:
        return paint('MOVING IN PART', 'warn') + f': {_because(closed[0])}'
    first = _because(closed[0]) if closed else 'e-stop; make safe, then: hvd estop reset'
    more = f' (and {len(closed) - 1} more)' if len(closed) > 1 else ''
    return paint('NOT MOVING', 'bad') + f': {first}{more}'


def _because(gate: GateLine) -> str:
    return f'{gate.why}; {gate.fix}' if gate.fix else gate.why


def _subline(status: Status) -> str:
    parts = [f'mode {status.mode}', f'source {status.active_source}', f'({status.why})']
    if math.isfinite(status.self_distance_m):
        parts.append(f'self distance {status.self_distance_m * 100:.1f} cm')
    return '  '.join(parts)


def _gate_row(gate: GateLine, paint: Paint) -> list[str]:
    if gate.open:
        return [gate.name, paint('open', 'good'), '', '']
    return [gate.name, paint('CLOSED', 'bad'), gate.why, gate.fix]


def _source_row(source: SourceLine, paint: Paint) -> list[str]:
    return [
        source.name,
        age_text(source.age_s),
        'yes' if source.fresh else paint('no', 'warn'),
        'yes' if source.engaged else 'no',
        str(source.accepted),
        paint(str(source.refused), 'warn') if source.refused else '0',
        source.why,
    ]


def _policy_lines(policy: PolicyLine, paint: Paint) -> list[str]:
    figures = policy.figures
    head = ['policy', 'rate', 'latency p50', 'p99', 'age p99', 'prompt', 'state']
    row = [
        figures.get('policy', ''),
        f'{figures.get("rate_hz") or "-"} Hz',
        *(
            f'{figures.get(name) or "-"} ms'
            for name in ('latency_p50_ms', 'latency_p99_ms', 'age_p99_ms')
        ),
        figures.get('prompt', ''),
        paint(policy.state, 'good' if policy.good else 'warn'),
    ]
    return table([head, row])


def _node_row(node: NodeLine, paint: Paint) -> list[str]:
    if node.count == 0:
        return [node.name, paint('absent', 'bad'), node.job]
    if node.count > 1:
        return [node.name, paint(f'{node.count} TIMES', 'bad'), f'{node.job}; stop all but one']
    return [node.name, paint('here', 'good'), node.job]


def _gate(gate: Any) -> GateLine:
    """Join the meaning of the reason with the mux's numbers: the battery is low (9 %)."""
    meaning, cure = ('', '') if gate.open else explain(gate.reason)
    why = f'{meaning} ({gate.detail})' if meaning and gate.detail else meaning or gate.detail
    return GateLine(gate.name, gate.open, gate.reason, why, gate.fix or cure)


def _policy(status: Any) -> PolicyLine:
    figures = {value.key: value.value for value in status.values}
    return PolicyLine(status.message, status.message == 'ready', figures)


def _source(source: Any) -> SourceLine:
    why = explain(source.reason)[0] if source.reason else ''
    return SourceLine(
        source.name,
        source.age_s,
        source.fresh,
        source.engaged,
        why,
        source.accepted,
        source.refused,
    )


def _name(kind: type[Mode] | type[Source], value: int) -> str:
    return kind(value).name.lower() if value in list(kind) else f'unknown ({value})'


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
