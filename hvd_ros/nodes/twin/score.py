# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How the task in the twin stands, for whoever watches: the score of every stage, as it changes.

A standard message, so that `ros2 topic echo` is enough to follow an episode.
"""

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from hvd_ros.nodes.shell import qos
from hvd_ros.sim.task_stage import Scoreboard

REPEAT_S = 1.0  # of the episode, in /diagnostics


class Score:
    """Says what a scoreboard shows."""

    def __init__(self, node: Node, board: Scoreboard) -> None:
        self._node, self._board = node, board
        self._said: tuple[object, ...] = ()
        self._said_s = -REPEAT_S
        name = node.get_name()
        self._score = node.create_publisher(DiagnosticStatus, f'{name}/score', qos.LATCHED)
        self._diagnostics = node.create_publisher(DiagnosticArray, '/diagnostics', qos.EVENTS)

    def tell(self) -> None:
        """Speak when a score has changed, and in /diagnostics once a second."""
        board = self._board
        now, changed = (board.scores, board.success), False
        if now != self._said:
            changed, self._said = True, now
            self._score.publish(self._status())
            self._log()
        if changed or board.time_s - self._said_s >= REPEAT_S:
            self._said_s = board.time_s
            message = DiagnosticArray(status=[self._status()])
            message.header.stamp = self._node.get_clock().now().to_msg()
            self._diagnostics.publish(message)

    def _status(self) -> DiagnosticStatus:
        board = self._board
        figures = {'success': str(board.success).lower()}
        for stage, score, since in zip(
            board.stage_names, board.scores, board.settled_s, strict=True
        ):
            figures[stage] = f'{score:g}'
            figures[f'{stage} since_s'] = f'{since:.1f}'
        return DiagnosticStatus(
            level=DiagnosticStatus.OK,
            name=f'{self._node.get_fully_qualified_name()}: task {board.task}',
            message='success' if board.success else _in_words(board),
            values=[KeyValue(key=key, value=value) for key, value in figures.items()],
        )

    def _log(self) -> None:
        board = self._board
        self._node.get_logger().info(
            f'{board.task} at {board.time_s:.1f} s: {_in_words(board)}'
            f'{", success" if board.success else ""}'
        )


def _in_words(board: Scoreboard) -> str:
    pairs = zip(board.stage_names, board.scores, strict=True)
    return ', '.join(f'{name} {score:g}' for name, score in pairs)
