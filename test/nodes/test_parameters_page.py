# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The committed page of parameters is the one that the nodes would print."""

import ast
import inspect
from pathlib import Path

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip('rclpy')
pytest.importorskip('hvd_msgs')

import importlib  # noqa: E402

from hvd_ros.nodes.shell import parameters_page as pages  # noqa: E402

PAGE = Path(pages.__file__).parents[3] / 'docs/reference/parameters.md'


def test_the_committed_page_is_current():
    assert PAGE.read_text() == pages.render(), (
        f'run: python -m hvd_ros.nodes.shell.parameters_page > {PAGE}'
    )


@pytest.mark.parametrize('node', pages.node_names())
def test_the_page_describes_the_config_that_the_node_declares(node):
    source = inspect.getsource(importlib.import_module(f'hvd_ros.nodes.{node}_node'))
    declared = [
        call.args[1].id
        for call in ast.walk(ast.parse(source))
        if isinstance(call, ast.Call) and getattr(call.func, 'id', '') == 'declare'
    ]
    assert declared == [pages.config_of(node).__name__]


def test_a_row_tells_default_range_and_choices():
    page = pages.render()
    mux, r1 = page.partition('## mux\n')[2], page.partition('## r1\n')[2]
    assert "| `transport` | `'topics'` | `topics`, `rosbridge` |" in r1
    assert '| `command_timeout_s` | `0.1` | 0.02 .. 0.5 |' in r1
    assert "| `robot` | `'r1'` |" in mux
