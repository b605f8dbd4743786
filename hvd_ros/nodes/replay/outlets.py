# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Publishers for whatever a bag holds: bytes go out as they were recorded."""

from collections.abc import Mapping
import importlib
from typing import Any

from rclpy.node import Node
from rclpy.publisher import Publisher

from hvd_ros.core.bag.file import Recorded
from hvd_ros.core.errors import ConfigError
from hvd_ros.nodes.shell import qos


class Outlets:
    """One publisher per topic; messages of other topics are passed over."""

    def __init__(self, node: Node, topics: Mapping[str, str]) -> None:
        """Take the types by topic, as the bag names them."""
        self._node = node
        self._publishers = {topic: self._make(topic, kind) for topic, kind in topics.items()}

    def check(self) -> None:
        """Refuse to go on where somebody else publishes one of our topics."""
        for publisher in self._publishers.values():
            if self._node.count_publishers(publisher.topic_name) > 1:
                raise ConfigError(
                    f"'{publisher.topic_name}' has a live publisher too, and both would be taken "
                    'for the robot; stop it, use another namespace or domain, or drive:=true'
                )

    def publish(self, message: Recorded) -> None:
        """Send the recorded bytes of one message."""
        publisher = self._publishers.get(message.topic)
        if publisher is not None:
            publisher.publish(bytes(message.cdr))

    def _make(self, topic: str, kind: str) -> Publisher:
        # Names in the bag are absolute; here they are those of our namespace.
        return self._node.create_publisher(_type_of(kind), topic.removeprefix('/'), qos.EVENTS)


def _type_of(kind: str) -> Any:
    package, _, name = kind.split('/')
    try:
        return getattr(importlib.import_module(f'{package}.msg'), name)
    except (ModuleNotFoundError, AttributeError):
        raise ConfigError(f"message type '{kind}' is not installed here") from None
