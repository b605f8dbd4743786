# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The running graph: who writes what, whether both ends fit and the clocks agree.

A mismatch of quality of service is silence without an error, and a second publisher of a command
is two drivers at one wheel; neither can be seen from inside a node.
"""

from dataclasses import dataclass
from statistics import median
from typing import Any

from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible

from hvd_ros.cli.checks.finding import Finding, fail, ok, warn
from hvd_ros.cli.ros_session import DISCOVERY_S
from hvd_ros.nodes.r1.topics import FELLOW_WRITERS

# Topics that several nodes write by design.
_SHARED = ('/rosout', '/parameter_events', '/tf', '/tf_static', '/diagnostics')
_LATE_S = 0.05
_EARLY_S = 0.005
# A topic's stamp is made on the machine of its sender, so these compare every clock in the graph.
_STAMPED = ('command', 'teleop/command', 'joint_states', 'joylo/joint_states', 'mux/status')


@dataclass(frozen=True)
class End:
    """One publisher or subscription."""

    node: str  # full name
    kind: str  # message type
    qos: QoSProfile


@dataclass(frozen=True)
class Topic:
    """A topic and everybody at its two ends."""

    name: str
    writers: tuple[End, ...]
    readers: tuple[End, ...]


@dataclass(frozen=True)
class Graph:
    """What can be seen of the graph from one place."""

    namespace: str
    nodes: tuple[str, ...]  # full names, without the observer
    topics: tuple[Topic, ...]

    def ours(self) -> list[Topic]:
        """Return the topics that a node of this namespace writes or reads."""
        mine = {node for node in self.nodes if node.rpartition('/')[0] == self._prefix}
        return [
            topic
            for topic in self.topics
            if any(end.node in mine for end in (*topic.writers, *topic.readers))
        ]

    def full(self, name: str) -> str:
        """Return the full name of a node of this namespace."""
        return f'{self._prefix}/{name}'

    @property
    def _prefix(self) -> str:
        return self.namespace.rstrip('/')


def look(session: Any) -> Graph:
    """Take a picture of the graph after discovery has settled."""
    node = session.node
    me = node.get_fully_qualified_name()
    session.spin(DISCOVERY_S)
    names = [(space.rstrip('/') + '/' + n) for n, space in node.get_node_names_and_namespaces()]
    topics = [
        Topic(
            name,
            _ends(node.get_publishers_info_by_topic(name), me),
            _ends(node.get_subscriptions_info_by_topic(name), me),
        )
        for name, _ in node.get_topic_names_and_types()
    ]
    return Graph(node.get_namespace(), tuple(n for n in names if n != me), tuple(topics))


def judge_running(graph: Graph) -> list[Finding]:
    """Say which nodes run; two of one name confuse every tool."""
    if not graph.nodes:
        text = 'no node is seen, so nothing of the graph was checked'
        return [ok('graph', f'{text} (start one: hvd launch teleop)')]
    twice = sorted({name for name in graph.nodes if graph.nodes.count(name) > 1})
    found = [
        fail('graph', f"{graph.nodes.count(name)} nodes are called '{name}'", 'stop all but one')
        for name in twice
    ]
    return [*found, ok('graph', f'nodes seen: {", ".join(sorted(set(graph.nodes)))}')]


def judge_qos(graph: Graph) -> list[Finding]:
    """Compare the two ends of every topic of ours."""
    found = []
    for topic in graph.ours():
        kinds = sorted({end.kind for end in (*topic.writers, *topic.readers)})
        if len(kinds) > 1:
            text = f'{topic.name} is used with several types: {", ".join(kinds)}'
            found.append(fail('qos', text, 'set the vendor_types parameter of the r1 node'))
        for writer in topic.writers:
            for reader in topic.readers:
                found += _compare(topic.name, writer, reader)
    count = len(graph.ours())
    return found or ([ok('qos', f'both ends fit on {count} topics')] if count else [])


def judge_writers(graph: Graph) -> list[Finding]:
    """Find topics of ours with more than the intended publisher."""
    found = []
    for topic in graph.ours():
        allowed = 1 + sum(len(f) for t, f in FELLOW_WRITERS.items() if topic.name.endswith(t))
        if topic.name in _SHARED or len(topic.writers) <= allowed:
            continue
        names = ', '.join(end.node for end in topic.writers)
        text = f'{topic.name} has {len(topic.writers)} publishers: {names}'
        found.append(fail('writers', text, 'stop all but the one that is meant'))
    return found or ([ok('writers', 'one publisher per topic')] if graph.ours() else [])


def judge_robot(graph: Graph) -> list[Finding]:
    """Check that everything the r1 node listens to is there."""
    r1 = graph.full('r1')
    if r1 not in graph.nodes:
        return []
    silent = [
        topic.name
        for topic in graph.topics
        if any(end.node == r1 for end in topic.readers) and not topic.writers
    ]
    twin = graph.full('sim_robot') in graph.nodes
    if not silent:
        return [ok('robot', f'the {"twin" if twin else "robot"} publishes all that r1 listens to')]
    text = f'nobody publishes what r1 listens to: {", ".join(silent)}'
    if twin:
        return [warn('robot', text, 'the twin may lack an optional topic; see hvd status')]
    return [fail('robot', text, 'start the robot; check ROS_DOMAIN_ID and ROS_STATIC_PEERS')]


def judge_clocks(offsets_s: dict[str, list[float]]) -> list[Finding]:
    """Judge receive time minus stamp per topic: transport plus the difference of two clocks."""
    found = []
    for topic, offsets in sorted(offsets_s.items()):
        middle = median(offsets)
        text = f'{topic}: received {middle * 1000:.1f} ms after its stamp'
        if middle < -_EARLY_S:
            text = f"{topic}: stamped {-middle * 1000:.1f} ms in this machine's future"
            found.append(fail('clocks', text, 'synchronise the clocks: chrony on both machines'))
        elif middle > _LATE_S:
            fix = 'synchronise the clocks with chrony; then look at load and network'
            found.append(fail('clocks', text, fix))
        else:
            found.append(ok('clocks', text))
    return found


def measure_offsets(session: Any, graph: Graph, seconds: float = 1.0) -> dict[str, list[float]]:
    """Listen to stamped topics for a moment and return receive time minus stamp [s]."""
    from hvd_msgs.msg import MuxStatus, WholeBodyCommand
    from sensor_msgs.msg import JointState

    from hvd_ros.nodes.shell import qos

    offsets: dict[str, list[float]] = {}
    clock = session.node.get_clock()
    written = {topic.name for topic in graph.topics if topic.writers}

    def listen(name: str) -> None:
        kind = JointState if 'joint' in name else MuxStatus
        kind = WholeBodyCommand if name.endswith('command') else kind

        def receive(message: Any) -> None:
            stamp = message.header.stamp
            late_ns = clock.now().nanoseconds - (stamp.sec * 10**9 + stamp.nanosec)
            offsets.setdefault(full, []).append(late_ns / 1e9)

        full = session.node.resolve_topic_name(name)
        if full in written:
            session.node.create_subscription(kind, name, receive, qos.STATE)

    for name in _STAMPED:
        listen(name)
    session.spin(seconds)
    return offsets


def _ends(infos: list[Any], me: str) -> tuple[End, ...]:
    ends = [
        End(f'{i.node_namespace.rstrip("/")}/{i.node_name}', i.topic_type, i.qos_profile)
        for i in infos
    ]
    return tuple(end for end in ends if end.node != me)


def _compare(name: str, writer: End, reader: End) -> list[Finding]:
    verdict, reason = qos_check_compatible(writer.qos, reader.qos)
    if verdict == QoSCompatibility.ERROR:
        text = f'{name}: {reader.node} hears nothing of {writer.node}: {reason}'
        return [
            fail('qos', ' '.join(text.split()), 'use one profile of hvd_ros/nodes/shell/qos.py')
        ]
    return []
