# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a config dataclass to ROS parameters and back.

A wrong value is vetoed inside the set callback, so a bad `ros2 param set` fails at once instead of
being noticed later.
"""

from collections.abc import Callable
import dataclasses
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from hvd_ros.core.config import build
from hvd_ros.core.errors import ConfigError

T = TypeVar('T')


def declare(node: Node, kind: type[T], on_change: Callable[[T], None] | None = None) -> T:
    """
    Declare every field of a config dataclass and return the config in force.

    Fields marked live may be set later; on_change then receives the new, already checked config.
    """
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for field in fields:
        default = getattr(kind(), field.name)
        try:
            values[field.name] = node.declare_parameter(
                field.name, default, _descriptor(field)
            ).value
        except (InvalidParameterTypeException, InvalidParameterValueException) as error:
            raise ConfigError(f'{node.get_name()}: {error}') from None
    config = build(kind, values)

    def veto(changes: list[Parameter]) -> SetParametersResult:
        known = {p.name: p.value for p in changes if p.name in values}
        try:
            changed = build(kind, values | known)
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        values.update(known)
        if on_change is not None and known:
            on_change(changed)
        return SetParametersResult(successful=True)

    node.add_on_set_parameters_callback(veto)
    return config


def _descriptor(field: 'dataclasses.Field[Any]') -> ParameterDescriptor:
    meta = field.metadata
    descriptor = ParameterDescriptor(description=meta['text'], read_only=not meta['live'])
    if meta['choices']:
        descriptor.additional_constraints = 'one of: ' + ', '.join(meta['choices'])
    low, high = meta['low'], meta['high']
    if low is None or high is None:
        return descriptor
    if isinstance(field.default, float):
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high))
        ]
    else:
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    return descriptor
