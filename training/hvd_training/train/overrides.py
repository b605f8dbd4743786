# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Any field of a config by its dotted name, `--value.alpha 3`; a wrong name is told the right."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.train.config import FOLLOWS

T = TypeVar('T')
_YES, _NO = ('true', 'yes', 'on', '1'), ('false', 'no', 'off', '0')


def override(config: T, words: Sequence[str]) -> T:
    """Return the config with `--section.field value` and `--section.field=value` applied."""
    for name, value in _pairs(words):
        if name in FOLLOWS:
            raise ConfigError(f'{name} follows {FOLLOWS[name]}; set --{FOLLOWS[name]}')
        config = _set(config, name, name.split('.'), value)
    return config


def listed(config: Any, prefix: str = '') -> list[tuple[str, str, str]]:
    """Return dotted name, value as one would type it, and text of every field."""
    rows: list[tuple[str, str, str]] = []
    for one in fields(config):
        value, name = getattr(config, one.name), f'{prefix}{one.name}'
        if is_dataclass(value):
            rows += listed(value, f'{name}.')
        else:
            typed = ','.join(map(str, value)) if isinstance(value, tuple) else str(value)
            rows.append((name, typed, one.metadata.get('text', '')))
    return rows


def _pairs(words: Sequence[str]) -> list[tuple[str, str]]:
    pairs, rest = [], list(words)
    while rest:
        name, equals, value = rest.pop(0).removeprefix('--').partition('=')
        if not equals:
            if not rest:
                raise ConfigError(f'--{name} needs a value')
            value = rest.pop(0)
        pairs.append((name, value))
    return pairs


def _set(config: Any, name: str, path: Sequence[str], value: str) -> Any:
    known = {one.name for one in fields(config)}
    if path[0] not in known:
        every = [row[0] for row in listed(config)]
        raise ConfigError(f"no field '{name}'; {_hint(name, path, every)}")
    old = getattr(config, path[0])
    if len(path) > 1 and is_dataclass(old):
        return replace(config, **{path[0]: _set(old, name, path[1:], value)})
    if len(path) > 1 or is_dataclass(old):
        raise ConfigError(f"'{name}' is no field; {did_you_mean(name, known)}")
    return replace(config, **{path[0]: _parsed(name, value, old)})


def _hint(name: str, path: Sequence[str], every: Sequence[str]) -> str:
    # Inside a section the section is already right, so compare what is left.
    return did_you_mean(path[-1] if len(path) == 1 else '.'.join(path), every)


def _parsed(name: str, value: str, like: Any) -> Any:
    try:
        if isinstance(like, bool):
            return _flag(value)
        if isinstance(like, tuple):
            kind = type(like[0]) if like else str
            return tuple(kind(part.strip()) for part in value.split(',') if part.strip())
        return type(like)(value)
    except ValueError:
        raise ConfigError(
            f"--{name} {value}: a {type(like).__name__} is needed, such as '{like}'"
        ) from None


def _flag(value: str) -> bool:
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise ValueError(value)
