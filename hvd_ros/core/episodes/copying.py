# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Copying episodes to another disk so that one may delete them here.

Each file is read back from the other disk and compared before the folder gets its name; a copy
that was interrupted goes on where it stopped.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
import hashlib
import os
from pathlib import Path
import shutil

from hvd_ros.core.durable import sync_folder, write_whole
from hvd_ros.core.episodes import checksums
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.seal import COPYING
from hvd_ros.core.errors import EpisodeError

_PIECE = 1 << 20


@dataclass(frozen=True)
class Copied:
    """One episode on the other disk."""

    folder: Path
    bytes_copied: int  # 0: it was there already, with the newest labels


def copy_episodes(
    folders: Sequence[Path], target: Path, tell: Callable[[Copied], None] = lambda _: None
) -> list[Copied]:
    """
    Copy sealed episodes to <target>/<task>/<episode-id>; calls `tell` after each.

    Raises EpisodeError when a checksum does not fit or the disk refuses; what was copied until
    then is whole, and the same call goes on from there.
    """
    done = []
    for folder in folders:
        try:
            done.append(_copy(folder, target))
        except OSError as error:
            raise EpisodeError(
                f'{folder} could not be copied to {target}: {error.strerror or error}; mend that '
                'and run it again, it goes on from here'
            ) from None
        tell(done[-1])
    return done


def _copy(folder: Path, target: Path) -> Copied:
    with Episode.open(folder) as episode:
        place = target / episode.meta.task / folder.name
    if place.resolve() == folder.resolve():
        raise EpisodeError(f'{folder} is to be copied onto itself; name another disk')
    if place.exists():
        _compare(folder, place)
        return Copied(place, _renew_texts(folder, place))
    fresh = place.with_name(place.name + COPYING)
    fresh.mkdir(parents=True, exist_ok=True)
    copied, sums = 0, {}
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        if path.name == checksums.FILE or path.suffix == '.new':
            continue
        count, digest = _copy_file(path, fresh / path.name)
        copied += count
        if checksums.is_listed(path):
            sums[path.name] = digest
    _fits(folder, sums)
    write_whole(fresh / checksums.FILE, checksums.listing(sums))
    fresh.rename(place)
    sync_folder(place.parent)
    return Copied(place, copied)


def _copy_file(path: Path, target: Path) -> tuple[int, str]:
    """Return bytes written and the checksum; a file that is there already is only compared."""
    if target.exists() and target.stat().st_size == path.stat().st_size:
        digest = checksums.sha256(path)
        if checksums.sha256(target) == digest:
            return 0, digest
    read, digest = hashlib.sha256(), ''
    with path.open('rb') as source, target.open('wb') as sink:
        while piece := source.read(_PIECE):
            read.update(piece)
            sink.write(piece)
        sink.flush()
        os.fsync(sink.fileno())
    digest = read.hexdigest()
    shutil.copystat(path, target)
    if checksums.sha256(target) != digest:
        raise EpisodeError(
            f'{target} reads back differently than it was written; that disk is failing'
        )
    return target.stat().st_size, digest


def _fits(folder: Path, sums: dict[str, str]) -> None:
    for name, wanted in checksums.listed(folder).items():
        if sums.get(name) != wanted:
            raise EpisodeError(
                f'{folder / name} does not fit its checksum, it was damaged before this copy; '
                'run `hvd episodes verify`'
            )


def _compare(folder: Path, place: Path) -> None:
    """Raise EpisodeError unless both hold the same recording."""
    for path in folder.iterdir():
        other = place / path.name
        if checksums.is_listed(path) and (
            not other.exists() or checksums.sha256(other) != checksums.sha256(path)
        ):
            raise EpisodeError(
                f'{place} is there already and is not the same episode; the id {folder.name} was '
                'given twice, move one of them away'
            )


def _renew_texts(folder: Path, place: Path) -> int:
    """Bring labels and notes that are newer here; what is newer there stays."""
    copied = 0
    for path in sorted(folder.glob('*.json')):
        other = place / path.name
        if not other.exists() or path.stat().st_mtime_ns > other.stat().st_mtime_ns:
            fresh = other.with_name(other.name + '.new')
            copied += _copy_file(path, fresh)[0]
            fresh.replace(other)
    sync_folder(place)
    return copied
