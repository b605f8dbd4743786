# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Typed configuration: one frozen dataclass per node, every field with unit, text and bounds.

The same dataclass declares the ROS parameters (nodes/shell/params.py), checks a YAML file and
prints the reference table, so that the three can not drift apart.
"""

from collections.abc import Mapping
import dataclasses
import math
from typing import Any, TypeVar

from hvd_ros.core.errors import ConfigError, did_you_mean

T = TypeVar('T')


def param(
    default: Any,
    text: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] | None = None,
    live: bool = False,
) -> Any:
    """Describe one field of a config dataclass; live ones may change while the node runs."""
    meta = {'text': text, 'low': low, 'high': high, 'choices': choices, 'live': live}
    if isinstance(default, list | dict):
        return dataclasses.field(default_factory=default.copy, metadata=meta)
    return dataclasses.field(default=default, metadata=meta)


def check(config: T) -> T:
    """Return the config if every field has its type and lies within its bounds."""
    for field in dataclasses.fields(config):  # type: ignore[arg-type]
        _check_field(type(config).__name__, field, getattr(config, field.name))
    return config


def build(kind: type[T], values: Mapping[str, Any]) -> T:
    """Build a config from a mapping; unknown names and bad values are refused with a hint."""
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in values:
        if name not in names:
            raise ConfigError(
                f"{kind.__name__}: no parameter '{name}'; {did_you_mean(name, names)}"
            )
    return check(kind(**values))


def _check_field(owner: str, field: 'dataclasses.Field[Any]', value: Any) -> None:
    meta = field.metadata
    where = f'{owner}.{field.name} = {value!r}'
    factory = field.default_factory
    default = field.default if factory is dataclasses.MISSING else factory()
    fits = type(value) is type(default) or (type(default) is float and type(value) is int)
    if not fits:
        raise ConfigError(f'{where} must be a {type(default).__name__}')
    if meta.get('choices') and value not in meta['choices']:
        raise ConfigError(f'{where}; {did_you_mean(str(value), meta["choices"])}')
    low, high = meta.get('low'), meta.get('high')
    if low is None and high is None:
        return
    # A comparison with NaN is false, so a bound refuses NaN too.
    if (
        not (low if low is not None else -math.inf)
        <= value
        <= (high if high is not None else math.inf)
    ):
        raise ConfigError(f'{where} is outside [{low}, {high}]')
