# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nodes of ours in one process and a namespace of their own, spun by the test."""

from collections.abc import Callable
import itertools
import os
import time

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter

RUNS = itertools.count()
PATIENCE_S = 30.0


class NodeRoom:
    """A context, an executor, and whoever was put into them."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.namespace = f'/room_{os.getpid()}_{next(RUNS)}'
        self.nodes = []

    def add(self, kind, parameters):
        """Start a node of ours."""
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        return self._spun(
            kind(
                context=self.context,
                parameter_overrides=overrides,
                namespace=self.namespace,
                use_global_arguments=False,
            )
        )

    def add_user(self):
        """Start a node that is nobody's."""
        return self._spun(
            rclpy.create_node('user', context=self.context, namespace=self.namespace)
        )

    def _spun(self, node):
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def remove(self, node) -> None:
        """End one of them."""
        self.executor.remove_node(node)
        self.nodes.remove(node)
        node.close()
        node.destroy_node()

    def until(self, condition: Callable[[], bool]) -> None:
        """Spin until something holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, 'not in time'
            self.executor.spin_once(timeout_sec=0.005)

    def close(self) -> None:
        """End all of them."""
        self.executor.shutdown()
        for node in self.nodes:
            if hasattr(node, 'close'):
                node.close()
            node.destroy_node()
        rclpy.shutdown(context=self.context)
