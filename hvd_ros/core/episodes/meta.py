# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`episode.json`: what an episode is about, by whom, on which body, and how well it was recorded.

Everything a person sorts, filters or refuses episodes by, readable without opening the bag.
"""

from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
import json
import math
import os
from pathlib import Path
import re
from typing import Any

from hvd_ros.core.episodes.streams import Stream
from hvd_ros.core.errors import EpisodeError, HvdError, did_you_mean
from hvd_ros.core.robot.body import Body
from hvd_ros.core.vision.intrinsics import Intrinsics

SCHEMA_VERSION = 1
FILE = 'episode.json'
_HEADLESS_S = 0.1  # what command_ahead_s was where episodes did not say so
KINDS = ('expert', 'suboptimal', 'rollout')
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.-]*')


@dataclass(frozen=True)
class EpisodeMeta:
    """One episode; ids are 16 hexadecimal digits, times are seconds, rates are per second."""

    episode_id: str
    task: str
    prompt: str = ''  # the exact words that a policy is given
    operator: str = ''
    kind: str = 'expert'
    outcome: str = ''  # success, failure, or empty while nobody has said
    robot: str = ''
    layout_id: str = ''
    limits_id: str = ''
    dimensions: tuple[str, ...] = ()
    groups: dict[str, tuple[int, ...]] = field(default_factory=dict)  # base first
    calibration: dict[str, Any] = field(default_factory=dict)
    software: dict[str, str] = field(default_factory=dict)
    started: str = ''  # wall time, ISO 8601
    duration_s: float = 0.0  # pauses left out
    frames: int = 0
    rate_hz: float = 0.0  # achieved
    cadence: dict[str, Any] = field(default_factory=dict)
    drops: int = 0  # messages and frames that could not be written
    real_time_factor: float | None = None  # of the simulation; None on a robot
    simulation: dict[str, Any] = field(default_factory=dict)  # seed, setting, manner; else empty
    # How long before it was reached a command was noted. The mux notes what it sends as it sends
    # it; where there is one command a frame it is noted when its step begins.
    command_ahead_s: float = 0.0
    cameras: dict[str, Intrinsics] = field(default_factory=dict)
    streams: dict[str, dict[str, str]] = field(default_factory=dict)  # name: topic, kind
    healthy: bool = True
    notes: tuple[str, ...] = ()
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        """Refuse names that are not folders, and kinds that nobody knows."""
        for what, name in (('task', self.task), ('episode_id', self.episode_id)):
            if not _NAME.fullmatch(name) or name.endswith(('.partial', '.copying')):
                raise EpisodeError(
                    f'{what} = {name!r} must be letters, digits, dot, dash and underscore; it '
                    'names a folder'
                )
        if self.kind not in KINDS:
            raise EpisodeError(f'kind = {self.kind!r}; {did_you_mean(self.kind, KINDS)}')


def new_episode_id(wall_ns: int) -> str:
    """Return a name that sorts by time and that no other recorder uses."""
    started = datetime.fromtimestamp(wall_ns / 1e9, UTC)
    return f'{started:%Y%m%d-%H%M%S}-{os.urandom(4).hex()}'


def hex_id(number: int) -> str:
    """Return a layout or limits id as it is written in files."""
    return f'{number:016x}'


def body_fields(body: Body) -> dict[str, Any]:
    """Return the fields of a meta that come from the robot description."""
    groups = {group: tuple(int(i) for i in body.indices(group)) for group in body.groups}
    return {
        'robot': body.name,
        'layout_id': hex_id(body.layout_id),
        'limits_id': hex_id(body.limits_id),
        'dimensions': body.names,
        'groups': groups,
    }


def stream_fields(streams: tuple[Stream, ...]) -> dict[str, dict[str, str]]:
    """Return the field `streams` of a meta."""
    return {s.name: {'topic': s.recorded_topic, 'kind': s.kind} for s in streams}


def meta_to_json(meta: EpisodeMeta) -> str:
    """Return the text of episode.json; numbers that are not finite become null."""
    return json.dumps(_plain(asdict(meta)), indent=1, allow_nan=False) + '\n'


def meta_from_json(text: str, where: str = FILE) -> EpisodeMeta:
    """Return the meta, or say what is wrong with the file."""
    again = 'run `hvd episodes repair`'
    try:
        data = json.loads(text)
    except ValueError as error:
        raise EpisodeError(f'{where}: not JSON ({error}); {again}') from None
    if not isinstance(data, dict):
        raise EpisodeError(f'{where}: expected an object of named fields; {again}')
    if data.get('schema_version') != SCHEMA_VERSION:
        raise EpisodeError(
            f'{where}: schema_version {data.get("schema_version")!r}, this program reads '
            f'{SCHEMA_VERSION}; update hvd_ros'
        )
    names = {f.name for f in fields(EpisodeMeta)}
    for name in data:
        if name not in names:
            raise EpisodeError(f"{where}: no field '{name}'; {did_you_mean(name, names)}")
    try:
        return _meta(data)
    except (KeyError, TypeError, ValueError, AttributeError, HvdError) as error:
        raise EpisodeError(f'{where}: {error}; {again}') from None


def load_meta(folder: Path) -> EpisodeMeta:
    """Read episode.json of a folder."""
    path = folder / FILE
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise EpisodeError(
            f'{path}: not readable ({error}); `hvd episodes list` names all episodes'
        ) from None
    return meta_from_json(text, str(path))


def _meta(data: dict[str, Any]) -> EpisodeMeta:
    cameras = {name: _intrinsics(row) for name, row in data.pop('cameras', {}).items()}
    groups = {name: tuple(ids) for name, ids in data.pop('groups', {}).items()}
    lists = {key: tuple(data.pop(key, ())) for key in ('dimensions', 'notes')}
    data.setdefault('command_ahead_s', _HEADLESS_S if data.get('simulation') else 0.0)
    read: dict[str, Any] = {**data, **lists, 'cameras': cameras, 'groups': groups}
    meta = EpisodeMeta(**read)
    for name, kind in (('frames', int), ('drops', int), ('healthy', bool), ('prompt', str)):
        if type(getattr(meta, name)) is not kind:
            raise TypeError(f'{name} = {getattr(meta, name)!r} must be a {kind.__name__}')
    return meta


def _intrinsics(row: dict[str, Any]) -> Intrinsics:
    return Intrinsics(**{**row, 'distortion': tuple(row.get('distortion', ()))})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
