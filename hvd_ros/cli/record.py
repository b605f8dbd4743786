# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd record`: what the Joy-Con buttons A, B, X and Y do, from a terminal."""

import argparse
import json
from typing import Any

from hvd_ros.cli.arguments import add_json, add_namespace
from hvd_ros.core.errors import HvdError

NAME = 'record'
HELP = 'start, stop, pause, save, discard and mark episodes; show the recorder'
EXAMPLES = (
    'hvd record start               # the task of the launch file; exit code 1: refused, with why',
    'hvd record start --task cup_upright --kind suboptimal --operator ann',
    'hvd record pause               # again: go on',
    'hvd record mark 0.5            # the next stage ended half well; --undo takes it back',
    'hvd record stop && hvd record save',
    'hvd record status --json',
    'The recorder runs in: hvd launch record. Exit code 3: nobody answers.',
)

_PLAIN = ('stop', 'pause', 'save', 'discard')
_STATES = ('idle', 'recording', 'paused', 'stopped')
# Sealing waits for the disk.
_LONGEST_S = 30.0


class RecorderRefused(HvdError):
    """The recorder would not, and says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_namespace(parser)
    parser.add_argument('action', choices=('start', *_PLAIN, 'mark', 'status'), help='what to do')
    parser.add_argument(
        'score', nargs='?', type=float, choices=(0.0, 0.5, 1.0), help='mark: how the stage ended'
    )
    parser.add_argument(
        '--stage', type=int, default=-1, metavar='N', help='mark: default the next'
    )
    parser.add_argument('--undo', action='store_true', help='mark: take the last mark back')
    parser.add_argument('--task', default='', help='start: name of the task')
    parser.add_argument('--prompt', default='', help='start: exact words (default: of the task)')
    parser.add_argument('--operator', default='', help='start: who teleoperates')
    parser.add_argument('--kind', default='', help='start: expert, suboptimal or rollout')
    add_json(parser, 'status: print one JSON object')


def run(args: argparse.Namespace) -> int:
    """Ask the recorder and print its answer; a refusal is an error with the reason and the fix."""
    from hvd_ros.cli.ros_session import Session

    if args.action == 'mark' and args.score is None and not args.undo:
        raise RecorderRefused('mark needs a score: 0, 0.5 or 1, or --undo')
    with Session(args.namespace) as session:
        if args.action == 'status':
            return _status(session, args.json)
        answer = _ask(session, args)
    if not answer.success:
        raise RecorderRefused(f'the recorder refused: {answer.message}')
    print(answer.message)
    return 0


def _ask(session: Any, args: argparse.Namespace) -> Any:
    from hvd_msgs.srv import MarkStage, StartEpisode
    from std_srvs.srv import Trigger

    kind: type[Any]
    if args.action == 'start':
        kind, request = StartEpisode, StartEpisode.Request()
        request.task, request.prompt, request.kind = args.task, args.prompt, args.kind
        request.operator_name = args.operator
    elif args.action == 'mark':
        kind, request = MarkStage, MarkStage.Request()
        request.stage, request.undo, request.score = args.stage, args.undo, args.score or 0.0
    else:
        kind, request = Trigger, Trigger.Request()
    name = f'recorder/{args.action}'
    return session.call(
        kind, name, request, _LONGEST_S if args.action == 'save' else 4.0, 'record'
    )


def _status(session: Any, as_json: bool) -> int:
    from hvd_msgs.msg import RecorderStatus

    from hvd_ros.cli.ros_session import DISCOVERY_S, NoAnswer, where_we_looked
    from hvd_ros.nodes.shell import qos

    heard = session.collect(RecorderStatus, 'recorder/status', qos.LATCHED)
    # Two: the first one is the latched one, which a dead recorder leaves behind as well.
    if not session.spin_until(lambda: len(heard) > 1, DISCOVERY_S):
        raise NoAnswer(f'no recorder is heard ({where_we_looked()}); hvd launch record')
    status = heard[-1]
    print(json.dumps(_plain(status)) if as_json else _page(status))
    return 0 if status.healthy else 1


def _page(status: Any) -> str:
    state = _STATES[status.state] if status.state < len(_STATES) else str(status.state)
    lines = [f'{state}{"" if status.healthy else ", NOT HEALTHY"}']
    said = f'{status.text}; {status.fix}' if status.fix else status.text
    lines += [said] if said else []
    if status.episode_id:
        lines.append(f'{status.episode_id}: {status.task}, {status.kind}, "{status.prompt}"')
        rate = f'{status.frames} frames in {status.duration_s:.1f} s, {status.rate_hz:.2f} Hz'
        lines.append(f'{rate}, {status.late_ticks} late, {status.dropped} lost')
        scores = ', '.join(f'{score:g}' for score in status.scores) or 'none'
        lines.append(f'stages marked: {scores}')
    if status.missing:
        lines.append(f'silent: {", ".join(status.missing)}')
    lines.append(f'{status.free_gb:.1f} GB free')
    return '\n'.join(lines)


def _plain(status: Any) -> dict[str, Any]:
    names = [name for name in status.get_fields_and_field_types() if name != 'header']
    values = {name: getattr(status, name) for name in names}
    return {n: list(v) if not isinstance(v, str | int | float) else v for n, v in values.items()}
