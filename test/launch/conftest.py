# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A running twin graph for each test, and the wire beside it."""

from pathlib import Path
import time

import pytest

rclpy = pytest.importorskip('rclpy')

from test.launch.graph import TELEOP, Graph  # noqa: E402
from test.launch.wire import Wire  # noqa: E402

# The processor may be somebody else's for a while; a graph that meets that measures nothing.
CALM, LOOK_S = 0.6, 0.2


def ticks() -> tuple[float, float]:
    """Return how long the processors did nothing, and how long they have been there."""
    spent = [int(n) for n in Path('/proc/stat').read_text().splitlines()[0].split()[1:9]]
    return float(spent[3] + spent[4]), float(sum(spent))


@pytest.fixture(scope='session')
def patience_s():
    """Give what all tests together may wait for a busy machine."""
    return [180.0]


@pytest.fixture
def calm(patience_s):
    """Begin when the machine has room, or when the patience is at an end."""
    while patience_s[0] > 0:
        before = ticks()
        time.sleep(LOOK_S)
        idle, total = (now - then for now, then in zip(ticks(), before, strict=True))
        if idle >= CALM * total:
            return
        patience_s[0] -= LOOK_S


@pytest.fixture
def graph(tmp_path, calm):
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
