# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which episodes a sub-verb is about: some folders, one task, or everything below the root."""

import argparse
from pathlib import Path

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.share import user_data_dir


def add_root(parser: argparse.ArgumentParser) -> None:
    """Add --root."""
    parser.add_argument(
        '--root', type=Path, metavar='DIR', help='folder of episodes (default: the data folder)'
    )


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add --root, --task and folders."""
    add_root(parser)
    parser.add_argument('--task', metavar='NAME', help='episodes of one task only')
    parser.add_argument(
        'episodes', nargs='*', metavar='EPISODE', help='folders or ids (default: all)'
    )


def root_of(args: argparse.Namespace) -> Path:
    """Return the folder of episodes."""
    return args.root if args.root is not None else user_data_dir()


def chosen(args: argparse.Namespace) -> list[Path]:
    """Return the folders of the chosen episodes; raises ConfigError for one that is not there."""
    named = [_named(word, args) for word in args.episodes]
    if named:
        return named
    folders = _all(args)
    tasks = {folder.parent.name for folder in folders}
    if args.task is not None and args.task not in tasks:
        raise ConfigError(
            f"no task '{args.task}' below {root_of(args)}; {did_you_mean(args.task, tasks)}"
        )
    return [f for f in folders if args.task in (None, f.parent.name)]


def _named(word: str, args: argparse.Namespace) -> Path:
    if Path(word).is_dir():
        return Path(word)
    folders = {folder.name: folder for folder in _all(args)}
    if word not in folders:
        raise ConfigError(
            f"no episode '{word}' below {root_of(args)}; {did_you_mean(word, folders)}"
        )
    return folders[word]


def _all(args: argparse.Namespace) -> list[Path]:
    from hvd_ros.core.episodes.reader import list_episodes

    return list_episodes(root_of(args))
