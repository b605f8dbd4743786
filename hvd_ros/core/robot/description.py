# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reading a robot description.

Kept apart from the body itself so that everything that can be wrong with a file is found, and
named, in one place, before any node has moved anything.
"""

from collections import Counter
from collections.abc import Iterable
import math
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import yaml

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.robot.body import Array, Body, Dimension, Kind, Limits
from hvd_ros.core.robot.urdf import MOVING, read_urdf
from hvd_ros.core.share import share_file, user_config_dir

_UNITS = {Kind.POSITION: ('rad', 'm'), Kind.VELOCITY: ('m/s', 'rad/s'), Kind.OPENING: ('1',)}
_KEYS = {
    'name',
    'base_frame',
    'urdf',
    'spheres',
    'position_margin',
    'groups',
    'dimensions',
    'poses',
}
_DIMENSION_KEYS = {
    'name', 'group', 'part', 'kind', 'unit', 'joint', 'joint_per_unit', 'position', 'speed',
    'velocity', 'acceleration',
}  # fmt: skip


def load_body(robot: str = 'r1') -> Body:
    """
    Load a robot by name ('r1') or by the path of a YAML file.

    A file robots/<name>.yaml in the user's config folder takes precedence over ours. Raises
    ConfigError with the file, the entry, the value and the allowed.
    """
    path = _find(robot)
    try:
        data = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise ConfigError(
            f'{path}: not readable as YAML: {" ".join(str(error).split())}'
        ) from None
    if not isinstance(data, dict):
        raise ConfigError(f'{path}: expected a mapping of {", ".join(sorted(_KEYS))}')
    _known(path, 'top level', data, _KEYS)
    return _body(path, data)


def _find(robot: str) -> Path:
    if robot.endswith(('.yaml', '.yml')):
        path = Path(robot)
        if not path.is_file():
            raise ConfigError(f"robot description '{robot}' does not exist")
        return path
    own = user_config_dir() / 'robots' / f'{robot}.yaml'
    if own.is_file():
        return own
    folder = share_file('config', 'robots')
    if not (folder / f'{robot}.yaml').is_file():
        names = [p.stem for p in folder.glob('*.yaml') if not p.stem.endswith('_spheres')]
        raise ConfigError(f"unknown robot '{robot}'; {did_you_mean(robot, names)}")
    return folder / f'{robot}.yaml'


def _body(path: Path, data: dict[str, Any]) -> Body:
    groups = tuple(str(g) for g in _get(path, 'top level', data, 'groups', list))
    urdf = _beside(path, data, 'urdf', 'urdf')
    joints = _ranges(urdf) if urdf else None
    margin = _number(path, 'top level', data, 'position_margin', 0.0)
    rows = _get(path, 'top level', data, 'dimensions', list)
    dimensions = tuple(_dimension(path, row, groups) for row in rows)
    names = [d.name for d in dimensions]
    _once(path, 'group', groups)
    _once(path, 'dimension', names)
    _once(path, 'joint', [d.joint for d in dimensions if d.joint])
    for group in groups:
        if not any(d.group == group for d in dimensions):
            raise ConfigError(f"{path}: group '{group}' has no dimension")
    if not dimensions:
        raise ConfigError(f'{path}: a robot needs at least one group and one dimension')
    bounds = [
        _bounds(path, row, d, joints, margin) for row, d in zip(rows, dimensions, strict=True)
    ]
    limits = Limits(*(_frozen(np.array(column)) for column in zip(*bounds, strict=True)))
    poses = {
        str(name): _pose(path, str(name), pose, names, limits)
        for name, pose in _get(path, 'top level', data, 'poses', dict).items()
    }
    return Body(
        name=str(_get(path, 'top level', data, 'name', str)),
        groups=groups,
        dimensions=dimensions,
        limits=limits,
        poses=poses,
        base_frame=str(data.get('base_frame', 'base_link')),
        urdf=urdf,
        spheres=_beside(path, data, 'spheres', 'config', 'robots'),
    )


def _dimension(path: Path, row: Any, groups: tuple[str, ...]) -> Dimension:
    if not isinstance(row, dict) or 'name' not in row:
        raise ConfigError(f'{path}: every dimension needs a name, got {row!r}')
    where = f"dimension '{row['name']}'"
    _known(path, where, row, _DIMENSION_KEYS)
    kind_name = str(_get(path, where, row, 'kind', str))
    if kind_name not in list(Kind):
        raise ConfigError(
            f"{path}: {where}: kind '{kind_name}'; {did_you_mean(kind_name, list(Kind))}"
        )
    kind = Kind(kind_name)
    unit = str(_get(path, where, row, 'unit', str))
    if unit not in _UNITS[kind]:
        raise ConfigError(
            f"{path}: {where}: unit '{unit}' does not fit kind {kind}; "
            f'valid: {", ".join(_UNITS[kind])}'
        )
    group = str(_get(path, where, row, 'group', str))
    if group not in groups:
        raise ConfigError(f"{path}: {where}: group '{group}'; {did_you_mean(group, groups)}")
    return Dimension(
        name=str(row['name']),
        group=group,
        part=str(_get(path, where, row, 'part', str)),
        kind=kind,
        unit=unit,
        joint=str(row.get('joint', '')),
        joint_per_unit=_number(path, where, row, 'joint_per_unit', 1.0),
    )


def _bounds(
    path: Path,
    row: dict[str, Any],
    d: Dimension,
    joints: dict[str, tuple[float, float]] | None,
    margin: float,
) -> tuple[float, float, float, float]:
    where = f"dimension '{d.name}'"
    acceleration = _positive(path, where, row, 'acceleration')
    if d.kind is Kind.VELOCITY:
        speed = _positive(path, where, row, 'speed')
        return -speed, speed, math.inf, acceleration
    if joints is not None and d.joint not in joints:
        raise ConfigError(
            f"{path}: {where}: joint '{d.joint}' is not a free joint of the URDF; "
            f'{did_you_mean(d.joint, joints)}'
        )
    velocity = _positive(path, where, row, 'velocity')
    if d.kind is Kind.OPENING:
        return 0.0, 1.0, velocity, acceleration
    low, high = _range(path, where, row, joints, d.joint)
    low, high = low + margin, high - margin
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ConfigError(f'{path}: {where}: position range [{low}, {high}] is empty or endless')
    return low, high, velocity, acceleration


def _range(
    path: Path,
    where: str,
    row: dict[str, Any],
    joints: dict[str, tuple[float, float]] | None,
    joint: str,
) -> tuple[float, float]:
    if 'position' in row:
        pair = _get(path, where, row, 'position', list)
        if len(pair) != 2 or not all(_is_number(x) for x in pair):
            raise ConfigError(f'{path}: {where}: position = {pair} must be [low, high]')
        return float(pair[0]), float(pair[1])
    if joints is None:
        raise ConfigError(f'{path}: {where}: without a URDF it needs `position: [low, high]`')
    return joints[joint]


def _pose(path: Path, name: str, pose: Any, names: list[str], limits: Limits) -> Array:
    if not isinstance(pose, dict):
        raise ConfigError(f"{path}: pose '{name}': expected dimension: value pairs")
    values = np.zeros(len(names))
    for key, value in pose.items():
        if key not in names:
            raise ConfigError(f"{path}: pose '{name}': '{key}'; {did_you_mean(str(key), names)}")
        i = names.index(key)
        if not _is_number(value) or not limits.low[i] <= value <= limits.high[i]:
            raise ConfigError(
                f"{path}: pose '{name}': {key} = {value} is outside "
                f'[{limits.low[i]:.4f}, {limits.high[i]:.4f}]'
            )
        values[i] = float(value)
    # A dimension that a pose leaves out stands at zero, which a range may exclude (arm2, arm3).
    return _frozen(np.clip(values, limits.low, limits.high))


def _ranges(urdf: Path) -> dict[str, tuple[float, float]]:
    joints = read_urdf(urdf).joints
    return {j.name: (j.low, j.high) for j in joints if j.kind in MOVING and not j.mimic}


def _beside(path: Path, data: dict[str, Any], key: str, *folder: str) -> Path | None:
    if key not in data:
        return None
    name = str(data[key])
    near = path.parent / name
    try:
        return near if near.is_file() else share_file(*folder, name)
    except ConfigError as error:
        raise ConfigError(f'{path}: {key}: {error}') from None


def _positive(path: Path, where: str, row: dict[str, Any], key: str) -> float:
    value = row.get(key)
    if not _is_number(value) or not 0 < value < math.inf:
        raise ConfigError(f'{path}: {where}: {key} = {value!r} must be a positive number')
    return float(value)


def _number(path: Path, where: str, row: dict[str, Any], key: str, default: float) -> float:
    value = row.get(key, default)
    if not _is_number(value) or not math.isfinite(value):
        raise ConfigError(f'{path}: {where}: {key} = {value!r} must be a finite number')
    return float(value)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _get(path: Path, where: str, data: dict[str, Any], key: str, kind: type) -> Any:
    value = data.get(key)
    if not isinstance(value, kind):
        raise ConfigError(f"{path}: {where}: '{key}' must be a {kind.__name__}, got {value!r}")
    return value


def _once(path: Path, what: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfigError(f"{path}: {what} '{name}' appears {count} times")


def _known(path: Path, where: str, data: dict[str, Any], keys: set[str]) -> None:
    for key in data:
        if key not in keys:
            raise ConfigError(
                f"{path}: {where}: unknown key '{key}'; {did_you_mean(str(key), keys)}"
            )


def _frozen(values: Array) -> Array:
    values.setflags(write=False)
    return values
