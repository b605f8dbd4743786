# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A running twin graph for each test, and the wire beside it."""

import pytest

rclpy = pytest.importorskip('rclpy')

from test.launch.graph import TELEOP, Graph  # noqa: E402
from test.launch.wire import Wire  # noqa: E402


@pytest.fixture
def graph(tmp_path):
    """Give the processes of one graph; a node that ends badly fails the test, with its log."""
    graph = Graph(tmp_path)
    yield graph
    codes = graph.close()
    bad = {node: code for node, code in codes.items() if code != 0}
    assert not bad, f'{bad}\n' + '\n'.join(f'--- {node}\n{graph.log(node)}' for node in bad)


@pytest.fixture
def wire():
    """Record what the robot's side of the wire carried."""
    wire = Wire()
    yield wire
    wire.close()


@pytest.fixture
def driving(graph, wire):
    """Bring up the whole twin graph with an engaged operator who drives forward."""
    graph.start_all(TELEOP)
    wire.ready()
    wire.engage()
    wire.drive()
    return graph, wire
