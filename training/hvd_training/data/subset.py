# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Datasets out of datasets: merged, split by episode, or the same in the other format.

Episodes are copied as they are, videos packet by packet: no number and no pixel changes, and the
hash of the content says so.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
import shutil

import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_training.data.assemble import assemble, refuse_existing
from hvd_training.data.dataset import Dataset, refuse_other_times
from hvd_training.data.facts import EpisodeFacts
from hvd_training.data.lerobot import layout, video
from hvd_training.data.lerobot.rows import link
from hvd_training.data.pixels import read_pixels
from hvd_training.data.unit import Unit, finish_unit, read_unit

Place = tuple[Dataset, int]


def write_subset(places: Sequence[Place], out: Path, format_: str) -> Path:
    """Write the named episodes, in this order, as a dataset of their own."""
    refuse_existing(out)
    work = out.with_name(out.name + '.partial')
    # Copies are quick and cheap to make again, so what an interruption left is not worth keeping.
    shutil.rmtree(work, ignore_errors=True)
    try:
        units = [unit_of(data, e, work / f'{i:06d}') for i, (data, e) in enumerate(places)]
        return assemble(units, out, format_, work / 'dataset')
    finally:
        shutil.rmtree(work, ignore_errors=True)


def unit_of(data: Dataset, episode: int, folder: Path) -> Unit:
    """Take one episode out of a dataset."""
    folder.mkdir(parents=True)
    facts = data.facts[episode]
    pixels = read_pixels(data.root / layout.PIXELS, episode)
    for camera in data.videos:
        clip, path = data.clip(episode, camera), folder / f'{camera}.mp4'
        if data.format == layout.V21:
            link(clip.path, path)
        else:
            video.cut(clip.path, clip.first, facts.frames, path, data.fps)
    for source, name in zip(data.clouds(episode) or (), ('xyz', 'rgb'), strict=False):
        link(source, folder / f'cloud_{name}.npy')
    videos = {camera: (dict(info), pixels[camera]) for camera, info in data.videos.items()}
    cloud = data.hvd['cloud'] and (data.hvd['cloud']['points'], data.hvd['cloud']['dtype'])
    state_names = tuple(data.hvd['state_names'])
    columns = data.own_numbers(episode)
    finish_unit(folder, facts, state_names, data.columns, columns, videos, cloud, '')
    return read_unit(folder)


def merge(datasets: Sequence[Dataset], out: Path, format_: str) -> Path:
    """Write the episodes of several datasets, one after the other, as one."""
    refuse_other_times(datasets)
    places = [(data, e) for data in datasets for e in range(len(data.rows))]
    return write_subset(places, out, format_)


def split(
    data: Dataset, out: Path, parts: Mapping[str, float], seed: int, format_: str
) -> dict[str, Path]:
    """Write disjoint parts of a dataset as out/<name>; an episode is in exactly one."""
    chosen = divide(data.facts, parts, seed)
    for name, episodes in chosen.items():
        if not episodes:
            raise ConfigError(
                f"part '{name}' would be empty: {len(data.facts)} episodes are too few for a "
                f'share of {parts[name]}'
            )
        refuse_existing(out / name)
    return {
        name: write_subset([(data, e) for e in episodes], out / name, format_)
        for name, episodes in chosen.items()
    }


def divide(
    facts: Sequence[EpisodeFacts], parts: Mapping[str, float], seed: int
) -> dict[str, list[int]]:
    """
    Return the episodes of each part, in order.

    Every task and kind is divided by itself, so that each part has its share of each; the same
    seed always gives the same parts.
    """
    total = sum(parts.values())
    if not parts or min(parts.values()) <= 0 or abs(total - 1) > 1e-6:
        raise ConfigError(f'the shares {dict(parts)} must be above 0 and add up to 1')
    rng = np.random.default_rng(seed)
    found: dict[str, list[int]] = {name: [] for name in parts}
    bounds = np.cumsum(list(parts.values()))
    groups: dict[tuple[str, str], list[int]] = {}
    for episode, one in enumerate(facts):
        groups.setdefault((one.task, one.kind), []).append(episode)
    for group in (groups[key] for key in sorted(groups)):
        # A random place in the group's ranking, not a fixed one: groups of one are spread, too.
        rank = (rng.permutation(len(group)) + rng.random()) / len(group)
        for episode, place in zip(group, rank % 1.0, strict=True):
            names = list(parts)
            found[names[min(int(np.searchsorted(bounds, place, 'right')), len(names) - 1)]].append(
                episode
            )
    return {name: sorted(episodes) for name, episodes in found.items()}
