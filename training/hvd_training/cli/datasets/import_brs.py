# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd dataset import-brs`: HDF5 files of the BEHAVIOR Robot Suite as episodes."""

import argparse
from pathlib import Path

from hvd_ros.core.share import user_data_dir

HELP = 'turn HDF5 files of the BEHAVIOR Robot Suite into episodes'
EXAMPLES = (
    'hvd dataset import-brs collected_data-*.h5 --task wipe_board',
    'Then they are episodes like any other: hvd episodes list, hvd dataset convert.',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add files, place and what the files do not say."""
    add = parser.add_argument
    add('files', nargs='+', type=Path, metavar='FILE', help='HDF5 files, single or merged')
    add('--root', type=Path, default=user_data_dir(), metavar='DIR', help='folder of episodes')
    add('--task', required=True, metavar='NAME', help='task that they show')
    add('--prompt', metavar='TEXT', help="(default: the task's own)")
    add('--kind', default='expert', choices=('expert', 'suboptimal', 'rollout'))
    add('--outcome', default='', choices=('', 'success', 'partial', 'failure'))
    add('--operator', default='', metavar='NAME')
    add('--points', type=int, default=4096, metavar='N', help='of every cloud (default: 4096)')
    add('--robot', default='r1', metavar='NAME', help='robot (default: r1)')


def run(args: argparse.Namespace) -> int:
    """Import one file after the other."""
    from hvd_ros.core.robot.description import load_body
    from hvd_ros.core.tasks import load_task
    from hvd_training.data.brs.importing import Said, import_file

    task = load_task(args.task)
    said = Said(
        task=task.name,
        prompt=args.prompt or task.prompt,
        kind=args.kind,
        operator=args.operator,
        outcome=args.outcome,
        points=args.points,
    )
    body = load_body(args.robot)
    for path in args.files:
        import_file(path, args.root, body, said)
    return 0
