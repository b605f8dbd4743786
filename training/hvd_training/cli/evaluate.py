# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd eval SPEC ...`: play policies on the tasks, and say how good they are."""

import argparse
import json
from pathlib import Path
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hvd_training.evaluate.on_robot import Bench

NAME = 'eval'
HELP = 'play policies on the tasks, in simulation or on the robot; success with intervals, a page'
EXAMPLES = (
    'hvd eval expert nothing random --episodes 20 --out controls',
    'hvd eval run:runs/hvd run:runs/bc --tasks pen_insert --settings usual region --out pen',
    'hvd eval --group hvd=run:runs/h0,run:runs/h1,run:runs/h2 \\',
    '         --group bc=run:runs/b0,run:runs/b1,run:runs/b2 --baseline bc --out table1',
    'hvd eval my_package.policies:Best --sensors-only --episodes 50 --out best',
    'hvd eval run:runs/hvd --tasks pen_insert --episodes 10 --graph --out live',
    'hvd eval bundle:a bundle:b --tasks pen_insert --episodes 10 --robot --out real',
    '',
    'A SPEC is expert, nothing, random, neighbours:PATH, run:PATH, bundle:PATH or',
    'module:attribute.',
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
    trials = 'on the robot: random order, no names; you lay out, watch and score by key'
    add('--robot', action='store_true', help=trials)
    twin = 'real (default), or sim: rehearse --robot on the twin'
    add('--hardware', choices=('real', 'sim'), default='real', help=twin)
    limit = '--robot: longest trial (default: that of the task in simulation, else 120)'
    add('--limit', type=float, metavar='S', help=limit)
    launch = '--robot: more for `hvd launch deploy`'
    add('--launch', nargs='+', default=[], metavar='ARG:=VALUE', help=launch)
    add('--body', default='r1', metavar='ROBOT', help='robot description (default: r1)')
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
        robot=args.body,
        workers=args.workers,
        sensors_only=args.sensors_only,
        cloud=args.cloud,
        graph=args.graph,
        bench=_bench(args),
    )
    count = len(plan.specs) * len(plan.tasks) * len(plan.settings) * len(plan.seeds)
    tally = Tally(count, blind=args.robot)
    setup = Setup(plan, methods, args.seeds, args.baseline)
    # A film is a headless episode once more, and that is not the one which was scored.
    films = 0 if args.graph or args.robot else args.videos
    found = evaluate(setup, args.out, films, tally.add, tally.say, args.cache)
    print(text(found))
    print(f'\n{args.out / "report.html"}, report.json')
    if args.json:
        print(json.dumps(_flat(found)))
    return 0 if all(cell['figures'] for cell in found['cells']) else 1


def _bench(args: argparse.Namespace) -> 'Bench | None':
    """Return where a person tries the policies; None in simulation."""
    from hvd_ros.core.errors import ConfigError
    from hvd_training.evaluate.on_robot import Bench

    if not args.robot:
        given = [f'--{n}' for n in ('limit', 'launch') if getattr(args, n)]
        given += ['--hardware'] if args.hardware != 'real' else []
        if given:
            raise ConfigError(f'{", ".join(given)}: of use only with --robot')
        return None
    if args.graph:
        raise ConfigError('--graph and --robot: choose one')
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError('--robot: no terminal; a person scores by key, run it without a pipe')
    if args.limit is not None and not 0.0 < args.limit < 1e4:
        raise ConfigError(f'--limit {args.limit:g}: allowed are 0 to 10000 s')
    return Bench(args.hardware, args.out.resolve(), args.limit, tuple(args.launch))


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

    def __init__(self, episodes: int, blind: bool = False) -> None:
        self._episodes, self._done, self._fresh, self._well = episodes, 0, 0, 0
        self._blind = blind  # whoever scores must not learn which policy it is
        self._start = self._told = time.monotonic()
        self._live = sys.stderr.isatty()

    def add(self, job: Any, outcome: Any, known: bool) -> None:
        """Count an episode."""
        self._done += 1
        self._fresh += not known
        self._well += outcome.strict
        now = time.monotonic()
        if self._blind:
            if not known:
                self.say(f'trial {self._done} of {self._episodes} is counted')
            return
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
