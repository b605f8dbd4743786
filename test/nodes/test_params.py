# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Config dataclasses as ROS parameters: described, bounded, vetoed."""

from dataclasses import dataclass
import math

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip('rclpy')

from rclpy.parameter import Parameter  # noqa: E402

from hvd_ros.core.config import param  # noqa: E402
from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.nodes.shell.params import declare  # noqa: E402


@dataclass(frozen=True)
class Example:
    """A config with one of each."""

    timeout_s: float = param(0.1, 'Oldest sample we act on.', low=0.02, high=0.5, live=True)
    count: int = param(3, 'How many.', low=1, high=9)
    hardware: str = param('sim', 'Which device.', choices=('sim', 'real'))


def make_node(**overrides):
    context = rclpy.Context()
    rclpy.init(context=context)
    values = [Parameter(name, value=value) for name, value in overrides.items()]
    return rclpy.create_node('params_test', context=context, parameter_overrides=values)


@pytest.fixture
def node():
    node = make_node()
    yield node
    node.destroy_node()
    node.context.shutdown()


def test_defaults_and_descriptors(node):
    assert declare(node, Example) == Example()
    descriptor = node.describe_parameter('timeout_s')
    assert descriptor.description == 'Oldest sample we act on.'
    assert descriptor.floating_point_range[0].to_value == 0.5
    assert not descriptor.read_only
    assert node.describe_parameter('count').read_only


@pytest.mark.parametrize('value', [0.0, 0.6, math.nan, math.inf, -1.0])
def test_a_live_parameter_out_of_bounds_is_vetoed(node, value):
    seen = []
    declare(node, Example, seen.append)
    result = node.set_parameters([Parameter('timeout_s', value=value)])[0]
    assert not result.successful
    assert seen == []


def test_a_live_parameter_within_bounds_reaches_the_owner(node):
    seen = []
    declare(node, Example, seen.append)
    assert node.set_parameters([Parameter('timeout_s', value=0.2)])[0].successful
    assert seen == [Example(timeout_s=0.2)]


@pytest.mark.parametrize(
    ('overrides', 'words'),
    [
        ({'timeout_s': 9.0}, ['timeout_s', '9']),
        ({'hardware': 'reel'}, ['hardware', 'reel', 'real']),
        ({'count': 'three'}, ['count']),
    ],
)
def test_a_bad_start_value_is_one_clear_error(overrides, words):
    node = make_node(**overrides)
    try:
        with pytest.raises(ConfigError) as error:
            declare(node, Example)
        assert all(word in str(error.value) for word in words)
    finally:
        node.destroy_node()
        node.context.shutdown()
