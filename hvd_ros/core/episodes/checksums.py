# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Checksums of an episode's files, in the format of `sha256sum -c`.

Labels and notes may change later, so only the bag and what rosbag2 says of it are listed.
"""

from collections.abc import Iterator
import hashlib
import os
from pathlib import Path

FILE = 'checksums.sha256'
_PIECE = 1 << 20


def is_listed(path: Path) -> bool:
    """Tell whether a file never changes once an episode is sealed."""
    return path.suffix == '.mcap' or path.name == 'metadata.yaml'


def sha256(path: Path) -> str:
    """Return the checksum of a file as it is on the disk, not in memory."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        # Otherwise a fresh copy would be compared with the cache that it was written from.
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def listing(sums: dict[str, str]) -> str:
    """Return the text of the checksum file."""
    return ''.join(f'{digest}  {name}\n' for name, digest in sorted(sums.items()))


def listed(folder: Path) -> dict[str, str]:
    """Return name -> checksum of a folder's file; nothing where there is none."""
    path = folder / FILE
    if not path.exists():
        return {}
    lines = (line.split('  ', 1) for line in path.read_text(encoding='utf-8').splitlines())
    return {line[1]: line[0] for line in lines if len(line) == 2}


def wrong_files(folder: Path) -> Iterator[str]:
    """Yield what does not fit the checksum file; a folder without one has nothing to fit."""
    for name, wanted in listed(folder).items():
        path = folder / Path(name).name
        if not path.exists():
            yield f'{name} is missing; copy the episode again'
        elif sha256(path) != wanted:
            yield f'{name} does not fit its checksum, it was damaged; copy the episode again'
