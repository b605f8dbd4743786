# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd episodes inspect`: a page or a picture of what was asked, sent and measured."""

import argparse
from pathlib import Path

from hvd_ros.cli.episode_verbs.chosen import add_choice, chosen
from hvd_ros.core.errors import ConfigError

HELP = 'draw an episode: asked, sent, measured, ages, sources, rewards'
_FORMATS = ('.html', '.png')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this sub-verb."""
    add_choice(parser)
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FILE',
        help='an .html or .png file, or a folder (default: ID.html in this folder)',
    )


def run(args: argparse.Namespace) -> int:
    """Write one file per episode and print its path."""
    folders = chosen(args)
    out: Path = args.out or Path()
    if not folders:
        raise ConfigError('there is no episode to look at; record one: hvd launch record')
    if out.suffix and out.suffix not in _FORMATS:
        raise ConfigError(f"--out '{out}': valid endings: {', '.join(_FORMATS)}, or a folder")
    if out.suffix and len(folders) > 1:
        raise ConfigError(f"--out '{out}' is one file for {len(folders)} episodes; name a folder")
    for folder in folders:
        print(_write(folder, out if out.suffix else out / f'{folder.name}.html'))
    return 0


def _write(folder: Path, path: Path) -> Path:
    from hvd_ros.cli.episode_verbs import page
    from hvd_ros.core.episodes.reader import Episode

    with Episode.open(folder) as episode:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == '.png':
            path.write_bytes(page.png(episode))
        else:
            path.write_text(page.html(episode), encoding='utf-8')
    return path
