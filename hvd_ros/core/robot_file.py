# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Reading a robot description.

Kept apart from the body itself so that everything that can be wrong with a file is found, and
named, in one place, before any node has moved anything.
"""

import math
from pathlib import Path
from typing import Any
import xml.etree.ElementTree as ET

import numpy as np
import yaml

from hvd_ros.core.body import Array, Body, Dimension, Kind, Limits
from hvd_ros.core.errors import ConfigError, did_you_mean
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
    except (yaml.YAMLError, UnicodeDecodeError) as error:
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
        names = [p.stem for p in folder.glob('*.yaml')]
        raise ConfigError(f"unknown robot '{robot}'; {did_you_mean(robot, names)}")
    return folder / f'{robot}.yaml'


def _body(path: Path, data: dict[str, Any]) -> Body:
    groups = tuple(_get(path, data, 'groups', list))
    urdf = _beside(path, data.get('urdf'), 'urdf')
    joints = _urdf_ranges(urdf) if urdf else {}
    margin = float(data.get('position_margin', 0.0))
    rows = _get(path, data, 'dimensions', list)
    dimensions = tuple(_dimension(path, row, groups) for row in rows)
    names = [d.name for d in dimensions]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: dimension '{name}' appears {names.count(name)} times")
    for group in groups:
        if not any(d.group == group for d in dimensions):
            raise ConfigError(f"{path}: group '{group}' has no dimension")
    bounds = [
        _bounds(path, row, d, joints, margin) for row, d in zip(rows, dimensions, strict=True)
    ]
    limits = Limits(*(_frozen(np.array(column)) for column in zip(*bounds, strict=True)))
    poses = {
        name: _pose(path, name, pose, names, limits)
        for name, pose in _get(path, data, 'poses', dict).items()
    }
    return Body(
        name=str(_get(path, data, 'name', str)),
        groups=groups,
        dimensions=dimensions,
        limits=limits,
        poses=poses,
        base_frame=str(data.get('base_frame', 'base_link')),
        urdf=urdf,
        spheres=_beside(path, data.get('spheres'), 'config'),
    )


def _dimension(path: Path, row: Any, groups: tuple[str, ...]) -> Dimension:
    if not isinstance(row, dict) or 'name' not in row:
        raise ConfigError(f'{path}: every dimension needs a name, got {row!r}')
    where = f"dimension '{row['name']}'"
    _known(path, where, row, _DIMENSION_KEYS)
    kind_name = str(_get(path, row, 'kind', str))
    if kind_name not in list(Kind):
        raise ConfigError(
            f"{path}: {where}: kind '{kind_name}'; {did_you_mean(kind_name, list(Kind))}"
        )
    kind = Kind(kind_name)
    unit = str(_get(path, row, 'unit', str))
    if unit not in _UNITS[kind]:
        raise ConfigError(
            f"{path}: {where}: unit '{unit}' does not fit kind {kind}; "
            f'valid: {", ".join(_UNITS[kind])}'
        )
    group = str(_get(path, row, 'group', str))
    if group not in groups:
        raise ConfigError(f"{path}: {where}: group '{group}'; {did_you_mean(group, groups)}")
    return Dimension(
        name=str(row['name']),
        group=group,
        part=str(_get(path, row, 'part', str)),
        kind=kind,
        unit=unit,
        joint=str(row.get('joint', '')),
        joint_per_unit=float(row.get('joint_per_unit', 1.0)),
    )


def _bounds(
    path: Path,
    row: dict[str, Any],
    d: Dimension,
    joints: dict[str, tuple[float, float]],
    margin: float,
) -> tuple[float, float, float, float]:
    where = f"dimension '{d.name}'"
    acceleration = _positive(path, where, row, 'acceleration')
    if d.kind is Kind.VELOCITY:
        speed = _positive(path, where, row, 'speed')
        return -speed, speed, math.inf, acceleration
    velocity = _positive(path, where, row, 'velocity')
    if d.kind is Kind.OPENING:
        return 0.0, 1.0, velocity, acceleration
    if 'position' in row:
        low, high = (float(x) for x in row['position'])
    elif d.joint in joints:
        low, high = joints[d.joint]
    else:
        raise ConfigError(
            f"{path}: {where}: joint '{d.joint}' is not in the URDF and no `position` "
            f'is given; {did_you_mean(d.joint, joints)}'
        )
    low, high = low + margin, high - margin
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ConfigError(f'{path}: {where}: position range [{low}, {high}] is empty')
    return low, high, velocity, acceleration


def _pose(path: Path, name: str, pose: Any, names: list[str], limits: Limits) -> Array:
    if not isinstance(pose, dict):
        raise ConfigError(f"{path}: pose '{name}': expected dimension: value pairs")
    values = np.zeros(len(names))
    for key, value in pose.items():
        if key not in names:
            raise ConfigError(f"{path}: pose '{name}': '{key}'; {did_you_mean(str(key), names)}")
        i = names.index(key)
        if not limits.low[i] <= float(value) <= limits.high[i]:
            raise ConfigError(
                f"{path}: pose '{name}': {key} = {value} is outside "
                f'[{limits.low[i]:.4f}, {limits.high[i]:.4f}]'
            )
        values[i] = float(value)
    # A dimension that a pose leaves out stands at zero, which a range may exclude (arm2, arm3).
    return _frozen(np.clip(values, limits.low, limits.high))


def _urdf_ranges(urdf: Path) -> dict[str, tuple[float, float]]:
    try:
        root = ET.parse(urdf).getroot()
    except ET.ParseError as error:
        raise ConfigError(f'{urdf}: not readable as URDF: {error}') from None
    found = {}
    for joint in root.findall('joint'):
        limit = joint.find('limit')
        if limit is not None and limit.get('lower') is not None:
            found[str(joint.get('name'))] = (
                float(limit.get('lower', 0)),
                float(limit.get('upper', 0)),
            )
    return found


def _beside(path: Path, name: Any, folder: str) -> Path | None:
    if name is None:
        return None
    near = path.parent / str(name)
    return near if near.is_file() else share_file(folder, str(name))


def _positive(path: Path, where: str, row: dict[str, Any], key: str) -> float:
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ConfigError(f'{path}: {where}: {key} = {value!r} must be a positive number')
    return float(value)


def _get(path: Path, data: dict[str, Any], key: str, kind: type) -> Any:
    value = data.get(key)
    if not isinstance(value, kind):
        raise ConfigError(f"{path}: '{key}' must be a {kind.__name__}, got {value!r}")
    return value


def _known(path: Path, where: str, data: dict[str, Any], keys: set[str]) -> None:
    for key in data:
        if key not in keys:
            raise ConfigError(
                f"{path}: {where}: unknown key '{key}'; {did_you_mean(str(key), keys)}"
            )


def _frozen(values: Array) -> Array:
    values.setflags(write=False)
    return values
