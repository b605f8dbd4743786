# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd dataset convert`: recorded episodes, or another dataset, into a LeRobot dataset."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from hvd_ros.core.errors import ConfigError

_MADE_FROM_RECORDINGS = (
    'tasks', 'cameras', 'state', 'horizon', 'gamma', 'next_step', 'cloud', 'sim_state', 'codec',
    'crf', 'preset',
)  # fmt: skip

if TYPE_CHECKING:
    from hvd_training.data.convert import Plan

HELP = 'turn recorded episodes into a LeRobot dataset'
EXAMPLES = (
    'hvd dataset convert ~/hvd_data/episodes --out all',
    'hvd dataset convert ~/hvd_data/episodes --out pen --task pen_insert --success-only',
    'hvd dataset convert day1 day2 --tasks "fold it" "carry it" --num_episodes 50 --out both',
    'hvd dataset convert day1 --out pen21 --format v2.1 --state position --cloud off   # openpi',
    'hvd dataset convert pen --out pen21 --format v2.1          # a dataset in the other format',
    'An interrupted conversion goes on with --resume.',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add sources, filters, content, encoding."""
    from hvd_ros.core.robot.state import STATE_FEATURES

    add = parser.add_argument
    add('sources', nargs='*', type=Path, metavar='SRC', help='folders of episodes, or a dataset')
    add('--raw_dirs', nargs='+', type=Path, default=[], metavar='SRC', help='the same by its '
        'name in the HVD repository')  # fmt: skip
    add('--out', type=Path, required=True, metavar='DIR', help='folder of the new dataset')
    add('--format', default='v3.0', choices=('v3.0', 'v2.1'), help='LeRobot format '
        '(default: v3.0; openpi and the HVD repository read v2.1)')  # fmt: skip
    chosen = parser.add_argument_group('which episodes')
    add = chosen.add_argument
    add('--task', nargs='+', default=[], metavar='NAME', help='only these tasks')
    add('--kind', nargs='+', default=[], metavar='KIND', help='expert, suboptimal, rollout')
    add('--success-only', '--success_only', action='store_true', help='every stage ended with 1')
    add('--num_episodes', '--num-episodes', type=int, metavar='N', help='first N of each SRC')
    add('--skip-bad', action='store_true', help='leave out what can not be converted')
    content = parser.add_argument_group('what is written')
    add = content.add_argument
    add('--tasks', nargs='+', default=[], metavar='PROMPT', help='prompts, one a SRC or one for '
        'all (default: as recorded)')  # fmt: skip
    add('--cameras', nargs='*', metavar='NAME', help='only these, none: no images (default: all)')
    add('--state', nargs='+', default=list(STATE_FEATURES), metavar='FEATURE', help='what '
        f'observation.state holds: {", ".join(STATE_FEATURES)} (default: all)')  # fmt: skip
    add('--horizon', type=int, default=20, metavar='N', help='steps of a chunk (default: 20)')
    add('--gamma', type=float, default=1.0, help='discount inside a chunk (default: 1)')
    add('--next-step', type=int, metavar='N', help='how much later next_action and '
        'observation.next_state are (default: the horizon)')  # fmt: skip
    add('--cloud', default='float16', choices=('off', 'float16', 'float32'), help='points of the '
        'clouds, in files beside (default: float16)')  # fmt: skip
    add('--sim-state', default='auto', choices=('auto', 'off'), help='where a simulation recorded '
        'it: what no robot can know (default: auto)')  # fmt: skip
    add('--codec', default='h264', choices=('h264', 'av1'), help='of the videos (default: h264)')
    add('--crf', type=int, metavar='Q', help='quality (default: 23 for h264, 30 for av1)')
    add('--preset', metavar='P', help="the encoder's preset (default: veryfast for h264, 12)")
    running = parser.add_argument_group('how')
    add = running.add_argument
    cores = len(os.sched_getaffinity(0))
    add('--workers', type=int, default=cores, metavar='N', help=f'processes (default: {cores})')
    add('--resume', action='store_true', help='go on with what an interruption left')


def run(args: argparse.Namespace) -> int:
    """Convert and say where the dataset is."""
    from hvd_training.data.convert import Choice, convert
    from hvd_training.data.places import is_dataset

    sources = tuple(args.sources + args.raw_dirs)
    if not sources:
        raise ConfigError('name at least one folder of episodes, or a dataset')
    if all(is_dataset(source) for source in sources):
        return _again(args, sources)
    choice = Choice(
        sources=sources,
        prompts=tuple(args.tasks),
        per_source=args.num_episodes,
        success_only=args.success_only,
        kinds=_kinds(args.kind),
        tasks=tuple(args.task),
    )
    _finish(convert(choice, _plan(args)), args.format)
    return 0


def _again(args: argparse.Namespace, sources: tuple[Path, ...]) -> int:
    """Write datasets in the other format; what they hold stays what it is."""
    from hvd_training.data.convert import Choice
    from hvd_training.data.dataset import Dataset
    from hvd_training.data.subset import write_subset

    _as_it_is(args)
    choice = Choice(sources, (), None, args.success_only, _kinds(args.kind), tuple(args.task))
    opened = [Dataset(source) for source in sources]
    places = [
        place
        for data in opened
        for place in [(data, e) for e, f in enumerate(data.facts) if choice.takes(f)][
            : args.num_episodes
        ]
    ]
    _finish(write_subset(places, args.out, args.format), args.format)
    return 0


def _as_it_is(args: argparse.Namespace) -> None:
    """Refuse options that would do nothing: copying changes neither numbers nor pixels."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    plain = vars(parser.parse_args(['--out', '.']))
    for name in _MADE_FROM_RECORDINGS:
        if getattr(args, name) != plain[name]:
            raise ConfigError(
                f'--{name.replace("_", "-")} has no effect on a dataset, which is copied as it '
                'is; convert the recordings again'
            )


def _kinds(names: list[str]) -> tuple[str, ...]:
    from hvd_training.data.facts import kind_code

    for name in names:
        kind_code(name)  # refuses an unknown one
    return tuple(names)


def _plan(args: argparse.Namespace) -> 'Plan':
    from hvd_training.data.columns import ColumnsConfig
    from hvd_training.data.convert import Plan
    from hvd_training.data.lerobot.video import VideoConfig
    from hvd_training.data.unit import UnitConfig

    columns = ColumnsConfig(
        state=tuple(args.state),
        horizon=args.horizon,
        gamma=args.gamma,
        next_step=args.horizon if args.next_step is None else args.next_step,
    )
    config = UnitConfig(columns, VideoConfig(args.codec, args.crf, args.preset), args.cloud)
    cameras = None if args.cameras is None else tuple(args.cameras)
    return Plan(
        args.out,
        args.format,
        config,
        cameras,
        args.workers,
        args.resume,
        args.skip_bad,
        sim_state=args.sim_state != 'off',
    )


def _finish(out: Path, format_: str) -> None:
    from hvd_training.data.columns import STATE
    from hvd_training.data.dataset import Dataset

    data = Dataset(out)
    print(f'{out}: {len(data.rows)} episodes, {data.frames} frames, {format_}')
    size = data.features[STATE].shape[0]
    if format_ == 'v2.1' and size > 32:
        print(f'note: the state has {size} numbers, pi0 in openpi takes 32; --state position')
    print(f'next: hvd dataset stats {out} && hvd dataset check {out}')
