# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Everything by which a person tells the recorder something: Joy-Cons and services, as events."""

from collections.abc import Callable
import time
from typing import Any

from hvd_msgs.srv import MarkStage, StartEpisode
from rclpy.node import Node
from sensor_msgs.msg import Joy
from std_srvs.srv import Trigger

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.labels.labels import OPERATOR
from hvd_ros.core.leader.buttons import from_levels
from hvd_ros.core.recorder.presses import RecorderPresses
from hvd_ros.core.recorder.session import Answer, Ask, Event, Order, event_of
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest

Ear = Callable[[Event], Answer]


class Wishes:
    """Hands every wish to one function and gives its answer back."""

    def __init__(self, node: Node, ear: Ear) -> None:
        self._node, self._ear = node, ear
        self._joy = Latest(node, Joy, 'joylo/buttons', qos.STATE)
        self._presses = RecorderPresses()
        node.create_service(StartEpisode, 'recorder/start', self._on_start)
        node.create_service(MarkStage, 'recorder/mark', self._on_mark)
        for ask in (Ask.STOP, Ask.PAUSE, Ask.SAVE, Ask.DISCARD):
            node.create_service(Trigger, f'recorder/{ask}', self._answering(ask))

    def poll(self) -> None:
        """Look at the buttons."""
        for message in self._joy.drain():
            try:
                pressed = from_levels(message.buttons)
            except ContractMismatch as error:
                self._node.get_logger().error(str(error), throttle_duration_sec=5.0)
                continue
            for action in self._presses.step(time.monotonic_ns(), pressed):
                event = event_of(action, OPERATOR)
                if event is not None:
                    self._ear(event)

    def _on_start(self, request: Any, response: Any) -> Any:
        order = Order(request.task, request.prompt, request.operator_name, request.kind)
        answer = self._ear(Event(Ask.START, order))
        response.success, response.message = answer.granted, said(answer)
        response.episode_id = answer.episode_id
        return response

    def _on_mark(self, request: Any, response: Any) -> Any:
        ask = Ask.UNDO if request.undo else Ask.MARK
        answer = self._ear(Event(ask, Order(), request.stage, request.score, OPERATOR))
        response.success, response.message = answer.granted, said(answer)
        return response

    def _answering(self, ask: Ask) -> Callable[[Any, Any], Any]:
        def on_call(request: Any, response: Any) -> Any:
            answer = self._ear(Event(ask))
            response.success, response.message = answer.granted, said(answer)
            return response

        return on_call


def said(answer: Answer) -> str:
    """Return an answer as one line."""
    return f'{answer.text}; {answer.fix}' if answer.fix else answer.text
