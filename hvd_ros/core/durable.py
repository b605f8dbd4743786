# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Small files that survive a crash and a power cut: the old content or the new one, never half.

Also the form of calibrations: JSON with a kind, a version and a checksum, since a file that was
damaged or edited would move a real robot wrongly.
"""

from collections.abc import Mapping
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from hvd_ros.core.errors import CalibrationError


def write_whole(path: Path, text: str) -> None:
    """Write a file so that a crash leaves the old one or the new one; raises OSError."""
    fresh = path.with_name(path.name + '.new')
    try:
        with fresh.open('w', encoding='utf-8') as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder survive a power cut, as their content does."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def save_calibration(path: Path, kind: str, version: int, content: Mapping[str, Any]) -> Path:
    """Write a calibration with its checksum; return its path."""
    whole = {'kind': kind, 'version': version, **content}
    text = json.dumps({**whole, 'checksum': checksum(whole)}, indent=1, allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text + '\n')
    return path


def load_calibration(
    path: Path, kind: str, version: int, *, what: str, cure: str
) -> dict[str, Any]:
    """Read a calibration and check its form; CalibrationError says what is wrong and the cure."""
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise CalibrationError(f'{path}: not readable ({error}); {cure}') from None
    if not isinstance(data, dict) or data.get('kind') != kind:
        raise CalibrationError(f'{path}: not {what}; {cure}')
    if data.get('version') != version:
        raise CalibrationError(
            f'{path}: version {data.get("version")!r}, this program reads {version}; {cure}'
        )
    if data.pop('checksum', None) != checksum(data):
        raise CalibrationError(
            f'{path}: the checksum does not fit, it was damaged or edited; {cure}'
        )
    return data


def checksum(content: Mapping[str, Any]) -> str:
    """Return the checksum over content, whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()
