# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a running episode to a sealed one: descriptions first, then one rename.

A folder without `.partial` in its name is complete; a crash at any moment leaves either the
partial folder, which `hvd episodes repair` seals, or the sealed one.
"""

from pathlib import Path

from hvd_ros.core.bag import rosbag2
from hvd_ros.core.durable import sync_folder, write_whole
from hvd_ros.core.episodes import meta as meta_file
from hvd_ros.core.episodes.meta import EpisodeMeta
from hvd_ros.core.errors import EpisodeError

PARTIAL = '.partial'
COPYING = '.copying'  # a copy that is under way, see copy.py


def partial_folder(folder: Path) -> Path:
    """Return where an episode lies while it is written."""
    return folder.with_name(folder.name + PARTIAL)


def bag_path(folder: Path) -> Path:
    """Return the MCAP file of a sealed or partial folder."""
    return folder / f'{folder.name.removesuffix(PARTIAL)}_0.mcap'


def refuse_twice(folder: Path) -> None:
    """Raise EpisodeError if the episode exists already, sealed or not."""
    for place in (folder, partial_folder(folder)):
        if place.exists():
            raise EpisodeError(
                f'{place} exists already; an episode is never written over, take another id'
            )


def seal(partial: Path, meta: EpisodeMeta) -> Path:
    """Describe a finished bag, rename its folder and return the new name."""
    folder = partial.with_name(meta.episode_id)
    if folder.exists():
        raise EpisodeError(
            f'{folder} exists already and {partial.name} has the same id; move one of them away'
        )
    write_whole(partial / rosbag2.FILE, rosbag2.metadata_text(bag_path(partial)))
    write_whole(partial / meta_file.FILE, meta_file.meta_to_json(meta))
    partial.rename(folder)
    sync_folder(folder.parent)
    return folder
