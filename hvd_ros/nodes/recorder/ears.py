# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Every stream of an episode as bytes, polled: nothing is decoded and nothing is copied twice.

Subscriptions are best effort wherever a sensor or a command is concerned, so that a recorder that
is slow, stopped or dead holds no writer up.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

from rclpy.node import Node

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.streams import Stream
from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.recorder.recording import Arrival
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest

# Their writers are reliable with room for 50: an event that is lost is not sent again otherwise.
_RELIABLE = frozenset({'trace', 'chunk'})


class Ears:
    """One raw subscription a stream."""

    def __init__(self, node: Node, streams: Sequence[Stream]) -> None:
        self._node = node
        self._taps = {
            stream: Latest[Any](
                node, message_type(stream.kind), stream.topic, _profile(stream), raw=True
            )
            for stream in streams
        }

    def poll(self, sampled: bool) -> Iterator[Arrival]:
        """Give what arrived since the last poll; of sampled streams only when asked."""
        for stream, tap in self._taps.items():
            if not stream.every and not sampled:
                continue
            for data, arrived_ns in tap.drain_arrived():
                try:
                    stamp_ns = cdr.stamp_ns(data)
                except EpisodeError as error:
                    self._node.get_logger().error(
                        f'{stream.topic}: {error}', throttle_duration_sec=5.0
                    )
                    continue
                yield Arrival(stream, stamp_ns, arrived_ns, data)


def message_type(kind: str) -> Any:
    """Return the class of a message kind such as sensor_msgs/msg/Image."""
    package, _, name = kind.split('/')
    return getattr(import_module(f'{package}.msg'), name)


def _profile(stream: Stream) -> Any:
    if not stream.every:
        return qos.SENSOR
    return qos.RECORD_EVENTS if stream.name in _RELIABLE else qos.RECORD
