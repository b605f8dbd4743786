# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Sealing what a crash, a full disk or a broken copy left behind.

Everything up to the last whole chunk is kept, and the episode says that it was rescued. What is
whole is not touched, so that repairing twice changes nothing.
"""

from dataclasses import dataclass, replace
import fcntl
import os
from pathlib import Path

import numpy as np

from hvd_ros.core.bag import rosbag2
from hvd_ros.core.bag.index import Bag
from hvd_ros.core.bag.salvage import Mended, is_whole, mend_bag
from hvd_ros.core.durable import write_whole
from hvd_ros.core.episodes.meta import FILE, EpisodeMeta, load_meta, meta_to_json
from hvd_ros.core.episodes.seal import COPYING, PARTIAL, bag_path, seal
from hvd_ros.core.episodes.stage_marks import label_rescued
from hvd_ros.core.episodes.streams import FRAMES_TOPIC
from hvd_ros.core.errors import EpisodeError

# A longer step between two frames is a pause and not part of the duration.
_PAUSE_NS = 500_000_000


@dataclass(frozen=True)
class Repaired:
    """What was done with one folder."""

    folder: Path  # as it is called now
    done: str  # for people; empty: nothing was to do
    rescued: bool  # it is an episode now


def repair_all(root: Path) -> list[Repaired]:
    """Repair every episode below <root>/<task>; one that can not be rescued stays as it is."""
    if not root.is_dir():
        raise EpisodeError(f'{root} is not a folder; pass --root, or set HVD_DATA_DIR')
    found = {path.parent for name in (FILE, '*.mcap') for path in root.glob(f'*/*/{name}')}
    return [repair(folder) for folder in sorted(found) if not folder.name.endswith(COPYING)]


def repair(folder: Path) -> Repaired:
    """Repair one episode, sealed or partial; never raises for what is wrong with it."""
    try:
        if folder.name.endswith(PARTIAL):
            return _repair_partial(folder)
        return _repair_sealed(folder)
    except (EpisodeError, OSError) as error:
        return Repaired(folder, f'could not be repaired: {error}', rescued=False)


def _repair_partial(folder: Path) -> Repaired:
    path = bag_path(folder)
    if not path.exists():
        return Repaired(folder, 'nothing was recorded; remove it', rescued=False)
    if _in_use(path):
        return Repaired(folder, 'is being recorded right now; left alone', rescued=False)
    was_sealed = (folder / rosbag2.FILE).exists()
    mended = mend_bag(path)
    meta, bag = _known_meta(folder), Bag(path)
    # The recorder was killed between its last word and the rename: there is nothing to add.
    complete = was_sealed and not mended.changed and meta.frames == _frames(bag)
    if not complete:
        meta = _rescued(meta, bag, mended, 'the recorder ended before it could seal this episode')
        label_rescued(folder, meta, bag)
    sealed = seal(folder, meta)
    return Repaired(sealed, f'sealed with {meta.frames} frames', rescued=True)


def _repair_sealed(folder: Path) -> Repaired:
    path = bag_path(folder)
    if not path.exists():
        return Repaired(folder, f'{path.name} is missing; copy it again', rescued=False)
    done = []
    if not is_whole(path):
        mended = mend_bag(path)
        meta = _rescued(_known_meta(folder), Bag(path), mended, 'the MCAP file was cut off')
        write_whole(folder / FILE, meta_to_json(meta))
        done.append(f'{path.name} was cut off, {meta.frames} frames are left')
    elif not _has_meta(folder):
        write_whole(folder / FILE, meta_to_json(_rescued_meta(folder, Bag(path))))
        done.append(f'{FILE} was made again from the bag')
    if done or not (folder / rosbag2.FILE).exists():
        write_whole(folder / rosbag2.FILE, rosbag2.metadata_text(path))
        done = done or [f'{rosbag2.FILE} was made again']
    return Repaired(folder, ', '.join(done), rescued=True)


def _rescued(meta: EpisodeMeta, bag: Bag, mended: Mended, why: str) -> EpisodeMeta:
    frames = _frames(bag)
    stamps = _frame_times(bag)
    steps = np.diff(stamps)
    active = steps[steps < _PAUSE_NS]
    seconds = float(active.sum()) / 1e9
    note = f'{why}; {mended.cut_bytes} bytes behind the last whole chunk were cut off'
    return replace(
        meta,
        frames=frames,
        duration_s=seconds,
        rate_hz=len(active) / seconds if seconds else 0.0,
        healthy=False,
        notes=(*meta.notes, note),
    )


def _frames(bag: Bag) -> int:
    return bag.counts.get(FRAMES_TOPIC, 0)


def _frame_times(bag: Bag) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    column = bag.column(FRAMES_TOPIC)
    return np.zeros(0, np.int64) if column is None else column.log_ns


def _has_meta(folder: Path) -> bool:
    try:
        load_meta(folder)
    except EpisodeError:
        return False
    return True


def _known_meta(folder: Path) -> EpisodeMeta:
    if _has_meta(folder):
        return load_meta(folder)
    return EpisodeMeta(
        episode_id=folder.name.removesuffix(PARTIAL),
        task=folder.parent.name,
        kind='suboptimal',
        healthy=False,
        notes=(f'{FILE} was lost; prompt, operator, kind and body are not known',),
    )


def _rescued_meta(folder: Path, bag: Bag) -> EpisodeMeta:
    return _rescued(_known_meta(folder), bag, Mended(changed=False), f'{FILE} was damaged')


def _in_use(path: Path) -> bool:
    """Tell whether a recorder holds the file; its lock ends with its process."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
