# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Datasets by name into one corpus, with everything refused that must not be learnt from together.

A name is a path, before it perhaps its role: `optimal:DIR`, `mixed:DIR`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean
from hvd_ros.core.robot.description import load_body
from hvd_training.data.batch_names import CLOUD, RGB, SIM_STATE
from hvd_training.data.columns import SIM_STATE as SIM_COLUMN
from hvd_training.data.dataset import refuse_other_times
from hvd_training.data.loading import recordings
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.corpus import Corpus
from hvd_training.data.loading.normaliser import normaliser
from hvd_training.data.loading.ogbench import open_ogbench
from hvd_training.data.loading.ours import open_lerobot
from hvd_training.data.loading.pictures import open_pictures
from hvd_training.data.loading.recordings import Recordings, Role


def open_corpus(specs: Sequence[str], config: DataConfig) -> Corpus:
    """
    Open datasets; the first one's statistics hold for all.

    Raises ConfigError or ContractMismatch: not there, not alike, or a number is missing in it.
    """
    if not specs:
        raise ConfigError('no dataset was named; give DIR, optimal:DIR, mixed:DIR or FILE.npz')
    parts = _alike([_prepared(open_recordings(spec), config) for spec in specs])
    refuse_unlike(parts)
    for part in parts:
        _refuse_unseen(part, config)
    parts = [_with_pictures(part, config) for part in parts]
    _refuse_sizes(parts, config.cameras)
    first = parts[0]
    columns = chosen_columns(first.action_names, config.dimensions, _body_parts(first.robot))
    names = [first.action_names[i] for i in columns]
    scale = normaliser(first.stats, config.normalise, config.limit, names, config.horizon)
    prompts = sorted({facts.prompt for part in parts for facts in part.facts})
    return Corpus(parts, config, scale, columns, prompts)


def open_recordings(spec: str) -> Recordings:
    """Open one dataset, `[ROLE:]PATH`."""
    role, colon, path = spec.partition(':')
    if not colon:
        role, path = Role.ANY, spec
    elif role not in list(Role):
        raise ConfigError(f"role '{role}' of {spec}; {did_you_mean(role, list(Role))}")
    place = Path(path).expanduser()
    if not place.exists():
        raise ConfigError(f'{place} is not there; name a dataset folder or an OGBench .npz')
    if place.suffix == '.npz':
        return open_ogbench(place, Role(role))
    return open_lerobot(place, Role(role))


def _prepared(data: Recordings, config: DataConfig) -> Recordings:
    data = recordings.refuse_holes(data)
    if config.rewards == 'success':
        data = recordings.relabelled(data, config.step_reward)
    if config.rewards == 'settled':
        data = recordings.settled(data)
    return recordings.only_success_ends(data) if config.ends == 'success' else data


def _alike(parts: list[Recordings]) -> list[Recordings]:
    """Normalise what came without statistics by those of the first dataset."""
    first = parts[0].stats
    return [
        replace(part, stats=first) if part.stats_made and part.stats.names == first.names else part
        for part in parts
    ]


def _refuse_unseen(data: Recordings, config: DataConfig) -> None:
    """Raise unless the dataset has what is to be seen, and its statistics cover it."""
    cameras = tuple(data.reader.data.videos) if data.reader else ()
    for name in config.observe:
        camera = name.removeprefix(RGB)
        if name.startswith(RGB) and camera not in cameras:
            raise ConfigError(
                f"{data.root}: no camera '{camera}'; {did_you_mean(camera, cameras)}"
            )
        if name == CLOUD and not (data.reader and data.reader.data.clouds(0)):
            raise ConfigError(f'{data.root} has no clouds; convert again without --cloud off')
        if name == SIM_STATE and data.sim_state is None:
            raise ConfigError(
                f'{data.root} has no {SIM_COLUMN}; only generated episodes have it, converted '
                'without --sim-state off'
            )
        if name == SIM_STATE and SIM_COLUMN not in data.stats.stats:
            raise ContractMismatch(
                f'{data.stats.path} does not cover {SIM_COLUMN}; run `hvd dataset stats` again'
            )


def _with_pictures(data: Recordings, config: DataConfig) -> Recordings:
    """Return it with the images of every camera that is looked through."""
    if not config.cameras or data.reader is None:
        return data
    found = {camera: open_pictures(data.reader, camera, config) for camera in config.cameras}
    return replace(data, pictures=found)


def _refuse_sizes(parts: Sequence[Recordings], cameras: Sequence[str]) -> None:
    """Raise ContractMismatch unless a camera has images of one size in all datasets."""
    first = parts[0]
    for other in parts[1:]:
        for camera in cameras:
            mine, theirs = (part.pictures[camera].shape[1:3] for part in (first, other))
            if mine != theirs:
                raise ContractMismatch(
                    f"images of '{camera}' have {mine[1]}x{mine[0]} pixels in {first.root} and "
                    f'{theirs[1]}x{theirs[0]} in {other.root}; choose one size for all: '
                    '--data.image_height H --data.image_width W'
                )


def _body_parts(robot: str) -> dict[str, list[int]]:
    """Return the dimensions of each part and group of a robot that we have a description of."""
    try:
        body = load_body(robot)
    except ConfigError:
        return {}
    groups = {group: body.indices(group).tolist() for group in body.groups}
    return groups | {part: indices.tolist() for part, indices in body.parts.items()}


def chosen_columns(
    names: Sequence[str], wanted: Sequence[str], parts: dict[str, list[int]]
) -> tuple[int, ...]:
    """Return the dimensions of an action that names of dimensions or of parts stand for."""
    if not wanted:
        return tuple(range(len(names)))
    found: set[int] = set()
    for name in wanted:
        if name in parts:
            found.update(parts[name])
        elif name in names:
            found.add(names.index(name))
        else:
            raise ConfigError(f"data.dimensions '{name}'; {did_you_mean(name, [*parts, *names])}")
    return tuple(sorted(found))


def refuse_unlike(parts: Sequence[Recordings]) -> None:
    """Raise ContractMismatch unless all are of one body, one state and normalised alike."""
    first = parts[0]
    read = [part.reader.data for part in parts if part.reader]
    refuse_other_times(read)
    for other in parts[1:]:
        for what, mine, theirs in (
            ('layout', first.layout_id, other.layout_id),
            ('actions', first.action_names, other.action_names),
            ('state', first.state_names, other.state_names),
        ):
            if mine != theirs:
                raise ContractMismatch(
                    f'{first.root} and {other.root} differ in their {what}; learn from datasets '
                    'of one body, converted with the same --state'
                )
        if first.stats.sha256 != other.stats.sha256:
            raise ContractMismatch(
                f'{first.root} and {other.root} have different normalisation statistics '
                f'({first.stats.sha256[:12]}, {other.stats.sha256[:12]}); run '
                f'`hvd dataset stats {other.root} --use {first.root}`'
            )
