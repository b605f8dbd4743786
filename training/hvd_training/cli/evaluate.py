# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd eval SPEC ...`: play policies on the tasks in simulation, and say how good they are."""

import argparse
import json
from pathlib import Path
import sys
import time
from typing import Any

NAME = 'eval'
HELP = 'play policies on the five tasks in simulation; success with intervals, films, a page'
EXAMPLES = (
    'hvd eval expert nothing random --episodes 20 --out controls',
    'hvd eval run:runs/hvd run:runs/bc --tasks pen_insert --settings usual region --out pen',
    'hvd eval --group hvd=run:runs/h0,run:runs/h1,run:runs/h2 \\',
    '         --group bc=run:runs/b0,run:runs/b1,run:runs/b2 --baseline bc --out table1',
    'hvd eval my_package.policies:Best --sensors-only --episodes 50 --out best',
    'hvd eval run:runs/hvd --tasks pen_insert --episodes 10 --graph --out live',
    '',
    'A SPEC is expert, nothing, random, neighbours:PATH, run:PATH or module:attribute.',
    'The same line again goes on where it was; more --episodes add to what is there.',
    'exit codes: 0 done, 1 a worker died, or a policy failed or all of its episodes blew up,',
    '2 wrong argument, 4 another body',
)
_SETTINGS = ('usual', 'background', 'region', 'pose')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add policies, what they play, and where the report goes."""
    add = parser.add_argument
    add('specs', nargs='*', metavar='SPEC', help='a policy; one row each')
    group = 'one row of policies that differ in the training seed; may be given again'
    add('--group', action='append', default=[], metavar='NAME=SPEC,SPEC', help=group)
    add('--tasks', nargs='+', metavar='TASK', help='(default: all five)')
    settings = f'any of {" ".join(_SETTINGS)} (default: usual)'
    add('--settings', nargs='+', default=['usual'], metavar='SETTING', help=settings)
    add('--episodes', type=int, default=50, metavar='N', help='a task and setting (default: 50)')
    add('--seeds', default='test', metavar='PURPOSE', help='test (default) or validation')
    add('--out', type=Path, required=True, metavar='DIR', help='where results and report go')
    cache = 'where episodes are kept, for several evaluations to share (default: in --out)'
    add('--cache', type=Path, metavar='DIR', help=cache)
    add('--baseline', metavar='NAME', help='compare the others with this row (default: the first)')
    videos = 'film so many failures, and one success, of each cell (default: 2; 0: none)'
    add('--videos', type=int, default=2, metavar='K', help=videos)
    add('--workers', type=int, default=1, metavar='N', help='processes (default: 1)')
    add('--sensors-only', action='store_true', help='refuse policies that see the simulation')
    add('--cloud', default='depth', metavar='HOW', help='clouds from depth (default) or rays')
    add('--graph', action='store_true', help='in real time, through the whole ROS graph')
    add('--robot', default='r1', metavar='ROBOT', help='(default: r1)')
    as_json = 'end with one line of JSON: success by method, task and setting'
    add('--json', action='store_true', help=as_json)


def run(args: argparse.Namespace) -> int:
    """Evaluate and print."""
    from hvd_ros.core.errors import ConfigError
    from hvd_ros.sim.seeds import seeds_for
    from hvd_ros.sim.tasks.catalogue import TASKS
    from hvd_training.evaluate.evaluation import evaluate, methods_of, plan_of
    from hvd_training.evaluate.report import Setup
    from hvd_training.evaluate.words import text

    if args.seeds not in ('test', 'validation'):
        raise ConfigError(f"--seeds {args.seeds}: choose 'test' or 'validation'")
    if args.episodes < 1 or args.workers < 1 or args.videos < 0:
        raise ConfigError(
            f'--episodes {args.episodes}, --workers {args.workers}, --videos {args.videos}: '
            'episodes and workers start at 1, videos at 0'
        )
    methods = methods_of(args.specs, args.group)
    plan = plan_of(
        methods,
        tasks=tuple(args.tasks or TASKS),
        settings=tuple(args.settings),
        seeds=tuple(seeds_for(args.seeds, args.episodes)),
        robot=args.robot,
        workers=args.workers,
        sensors_only=args.sensors_only,
        cloud=args.cloud,
        graph=args.graph,
    )
    tally = Tally(len(plan.specs) * len(plan.tasks) * len(plan.settings) * len(plan.seeds))
    setup = Setup(plan, methods, args.seeds, args.baseline)
    # A film is a headless episode once more, and that is not the one which was scored.
    films = 0 if args.graph else args.videos
    found = evaluate(setup, args.out, films, tally.add, tally.say, args.cache)
    print(text(found))
    print(f'\n{args.out / "report.html"}, report.json')
    if args.json:
        print(json.dumps(_flat(found)))
    return 0 if all(cell['figures'] for cell in found['cells']) else 1


def _flat(found: dict[str, Any]) -> dict[str, float | None]:
    """Return one flat object; what has no figure is null."""
    flat: dict[str, float | None] = {}
    for cell in found['cells']:
        name = f'{cell["method"]}_{cell["task"]}_{cell["setting"]}'
        for measure in ('strict', 'loose', 'score'):
            figure = cell['figures'].get(measure)
            flat[f'{name}_{measure}'] = None if figure is None else figure['mean']
    return flat


class Tally:
    """Says how far it is: one line on a terminal, now and then one elsewhere."""

    def __init__(self, episodes: int) -> None:
        self._episodes, self._done, self._fresh, self._well = episodes, 0, 0, 0
        self._start = self._told = time.monotonic()
        self._live = sys.stderr.isatty()

    def add(self, job: Any, outcome: Any, known: bool) -> None:
        """Count an episode."""
        self._done += 1
        self._fresh += not known
        self._well += outcome.strict
        now = time.monotonic()
        if outcome.error:
            self.say(f'{job.spec}: {outcome.where}: {outcome.ending}: {outcome.error}')
        if now - self._told > (0.2 if self._live else 30.0) or self._done == self._episodes:
            self._told = now
            left_s = (now - self._start) / max(self._fresh, 1) * (self._episodes - self._done)
            line = (
                f'eval {self._done}/{self._episodes} episodes, {self._well} successes, '
                f'{left_s / 60:.0f} min left ({job.spec}, {job.task}, {job.setting})'
            )
            print(f'\r{line:<100}' if self._live else line, end='' if self._live else '\n',
                  file=sys.stderr, flush=True)  # fmt: skip
            if self._live and self._done == self._episodes:
                print(file=sys.stderr)

    def say(self, line: str) -> None:
        """Say something on a line of its own."""
        print(f'{chr(13) if self._live else ""}{line:<100}'.rstrip(), file=sys.stderr, flush=True)
