# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where everything lies inside a dataset, in either format, and what stands in its small files.

Beside LeRobot's own files there is `meta/hvd.json` (which body, which columns, which hash) and the
clouds, one pair of .npy files an episode, which LeRobot's loaders leave alone.
"""

from collections.abc import Iterable, Mapping
import json
import os
from pathlib import Path
from typing import Any

from hvd_ros.core.errors import ContractMismatch

V30, V21 = 'v3.0', 'v2.1'
FORMATS = (V30, V21)
CHUNK = 1000  # files, or in v2.1 episodes, of one folder
DATA_MB, VIDEO_MB = 100, 200
# A loader compares times as 32-bit floats, which get too coarse for 0.1 ms beyond this.
VIDEO_S = 900

INFO = 'meta/info.json'
HVD = 'meta/hvd.json'
PIXELS = 'meta/hvd_pixels.parquet'
STATS = 'meta/stats.json'
NORM_STATS = 'meta/norm_stats.json'
V30_PATHS = {
    'data': 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet',
    'video': 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4',
    'episodes': 'meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet',
    'tasks': 'meta/tasks.parquet',
}
V21_PATHS = {
    'data': 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet',
    'video': 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4',
    'episodes': 'meta/episodes.jsonl',
    'episodes_stats': 'meta/episodes_stats.jsonl',
    'tasks': 'meta/tasks.jsonl',
}


def cloud_files(root: Path, episode: int) -> tuple[Path, Path]:
    """Return the files of points and of colours of one episode."""
    stem = root / 'clouds' / f'chunk-{episode // CHUNK:03d}' / f'episode_{episode:06d}'
    return stem.with_suffix('.xyz.npy'), stem.with_suffix('.rgb.npy')


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a file that is on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', encoding='utf-8') as file:
        json.dump(data, file, indent=2, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('w', encoding='utf-8') as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + '\n' for row in rows)


def read_json(path: Path) -> dict[str, Any]:
    """Read a file of ours or of LeRobot's."""
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise ContractMismatch(f'{path} is missing; is {path.parents[1]} a dataset?') from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ContractMismatch(f'{path} is not whole: {error}') from None
    if not isinstance(data, dict):
        raise ContractMismatch(f'{path} holds no mapping')
    return data


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Read one JSON object a line."""
    try:
        text = path.read_text(encoding='utf-8')
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except FileNotFoundError:
        raise ContractMismatch(f'{path} is missing; the dataset is not whole') from None
    except json.JSONDecodeError as error:
        raise ContractMismatch(f'{path} is not whole: {error}') from None
