# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Units into one dataset: everything is written beside its final place, which it takes at the end.

So a dataset under its own name is always whole, and what was there before is never written over.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
import hashlib
import os
from pathlib import Path
import shutil
from typing import Any

from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean
from hvd_training.data.columns import IMAGES, STEP_END, features, video_feature
from hvd_training.data.lerobot import layout, v21, v30
from hvd_training.data.lerobot.rows import link
from hvd_training.data.pixels import write_pixels
from hvd_training.data.unit import Unit

_WRITERS: dict[str, Any] = {layout.V30: v30.write, layout.V21: v21.write}
_LONGEST = 120


def assemble(units: Sequence[Unit], out: Path, format_: str, work: Path) -> Path:
    """Write a dataset of these units, in this order, and return its folder `out`."""
    if format_ not in _WRITERS:
        raise ConfigError(f"format '{format_}'; {did_you_mean(format_, _WRITERS)}")
    refuse_existing(out)
    agree(units)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    _clouds(units, work)
    layout.write_json(work / layout.HVD, identity(units))
    write_pixels(work / layout.PIXELS, [unit.pixels for unit in units])
    _WRITERS[format_](units, work, _info(units))
    _flush(work)
    refuse_existing(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.exists():
        out.rmdir()
    work.rename(out)
    return out


def refuse_existing(out: Path) -> None:
    """Say so if something lies at the place of the new dataset."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f'{out} exists; choose another --out, or move it away first')


def agree(units: Sequence[Unit]) -> None:
    """Refuse units that can not stand in one dataset, naming the two that differ."""
    if not units:
        raise ConfigError('no episode is left to write; loosen the filters')
    twice = [e for e, n in Counter(u.facts.episode_id for u in units).items() if n > 1]
    if twice:
        places = ', '.join(str(u.folder) for u in units if u.facts.episode_id == twice[0])
        raise ContractMismatch(f"episode '{twice[0]}' occurs twice: {places}; leave one out")
    first, wanted = units[0], shape(units[0])
    for unit in units[1:]:
        for what, value in shape(unit).items():
            if value != wanted[what]:
                raise ContractMismatch(
                    f'{unit.facts.episode_id}: {what} is {_short(value)}, but that of '
                    f'{first.facts.episode_id} is {_short(wanted[what])}; '
                    'a dataset holds one body and one set of columns: convert them apart'
                )


def shape(unit: Unit) -> dict[str, Any]:
    """Return what has to be the same in all episodes of a dataset."""
    facts = unit.facts
    return {
        'robot': facts.robot,
        'layout_id': facts.layout_id,
        'dimensions': facts.names,
        'fps': facts.fps,
        'cameras': {c: (v['video.width'], v['video.height']) for c, v in unit.videos.items()},
        'state': unit.state_names,
        'columns': asdict(unit.columns),
        'cloud': unit.cloud,
    }


def identity(units: Sequence[Unit]) -> dict[str, Any]:
    """Return what meta/hvd.json says: the body, the columns, and the hash of the content."""
    first = units[0]
    digests = hashlib.sha256('\n'.join(unit.digest for unit in units).encode())
    return {
        'schema': 1,
        'robot': first.facts.robot,
        'layout_id': first.facts.layout_id,
        'names': list(first.facts.names),
        'state_names': list(first.state_names),
        'columns': asdict(first.columns),
        'action': 'absolute',
        'action_time': STEP_END,
        'cloud': first.cloud and {'points': first.cloud[0], 'dtype': first.cloud[1]},
        'content_sha256': digests.hexdigest(),
    }


def _info(units: Sequence[Unit]) -> dict[str, Any]:
    """Return the part of info.json that both formats share."""
    first = units[0]
    declared = features(first.facts.names, first.state_names, first.columns.sim_state)
    videos = {
        IMAGES + camera: video_feature(entry['video.height'], entry['video.width'], entry)
        for camera, entry in first.videos.items()
    }
    return {
        'robot_type': first.facts.robot,
        'total_episodes': len(units),
        'total_frames': sum(unit.facts.frames for unit in units),
        'total_tasks': len({unit.facts.prompt for unit in units}),
        'chunks_size': layout.CHUNK,
        'fps': first.facts.fps,
        'splits': {'train': f'0:{len(units)}'},
        'features': videos | {name: feature.as_json() for name, feature in declared.items()},
    }


def _clouds(units: Sequence[Unit], root: Path) -> None:
    for episode, unit in enumerate(units):
        if unit.cloud is None:
            continue
        for source, target in zip(unit.clouds(), layout.cloud_files(root, episode), strict=True):
            link(source, target)


def _flush(root: Path) -> None:
    """Put every file on the disk before the dataset takes its name."""
    for path in root.rglob('*'):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + '...'
