# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd episodes list`: one line per episode."""

import argparse
from collections.abc import Sequence
import json
from pathlib import Path
from typing import Any

from hvd_ros.cli.arguments import add_json
from hvd_ros.cli.episode_verbs.chosen import add_choice, chosen, root_of

HELP = 'list episodes: task, kind, outcome, frames, rate, health, size'
_COLUMNS = (
    'episode_id', 'task', 'kind', 'outcome', 'frames', 'duration_s', 'rate_hz', 'healthy',
    'size_mb',
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-verb."""
    add_choice(parser)
    add_json(parser, 'print one JSON list')


def run(args: argparse.Namespace) -> int:
    """Print the table; 1 when an episode can not be read."""
    rows, problems = [], []
    for folder in chosen(args):
        row, problem = _row(folder)
        rows += row
        problems += problem
    partial = (
        sorted(str(p) for p in root_of(args).glob('*/*.partial')) if not args.episodes else []
    )
    if args.json:
        print(json.dumps({'episodes': rows, 'partial': partial, 'problems': problems}))
    else:
        _print(rows, partial, problems)
    return 1 if problems else 0


def _row(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    from hvd_ros.core.episodes.meta import load_meta
    from hvd_ros.core.errors import EpisodeError

    try:
        meta = load_meta(folder)
    except EpisodeError as error:
        return [], [str(error)]
    size = sum(path.stat().st_size for path in folder.iterdir())
    row = {name: getattr(meta, name) for name in _COLUMNS[:-1]}
    return [{**row, 'size_mb': size / 1e6, 'folder': str(folder), 'notes': list(meta.notes)}], []


def _print(
    rows: Sequence[dict[str, Any]], partial: Sequence[str], problems: Sequence[str]
) -> None:
    cells = [_COLUMNS, *(tuple(_cell(row[name]) for name in _COLUMNS) for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(_COLUMNS))]
    for row in cells:
        print(
            '  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    frames, seconds = sum(r['frames'] for r in rows), sum(r['duration_s'] for r in rows)
    total_gb = sum(r['size_mb'] for r in rows) / 1e3
    print(f'{len(rows)} episodes, {frames} frames, {seconds / 60:.1f} min, {total_gb:.2f} GB')
    for path in partial:
        print(f'not sealed: {path} (being recorded, or `hvd episodes repair`)')
    for problem in problems:
        print(f'problem: {problem}')


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return 'yes' if value else 'NO'
    if isinstance(value, float):
        return f'{value:.1f}'
    return str(value) or '-'
