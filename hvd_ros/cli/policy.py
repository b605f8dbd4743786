# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd policy`: give the policy authority, take it away, tell it what to do."""

import argparse
from typing import Any

from hvd_ros.cli.arguments import add_namespace
from hvd_ros.core.errors import HvdError
from hvd_ros.core.reasons import explain

NAME = 'policy'
HELP = 'start and stop the policy, or tell it what to do'
EXAMPLES = (
    'hvd policy start               # asks the mux; exit code 1: refused, with why',
    'hvd policy stop                # the joints are held where they are',
    'hvd policy prompt "pick the pen and put it into the holder"',
    'A person takes over at any time: hold L or R, press Plus. On a robot hold L or R all along.',
    'The policy runs in: hvd launch deploy policy:=NAME.bundle. Exit code 3: nobody answers.',
)

_HEARD_S = 4.0


class PolicyRefused(HvdError):
    """The policy does not get authority, or does not take a prompt; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_namespace(parser)
    parser.add_argument('action', choices=('start', 'stop', 'prompt'), help='what to do')
    parser.add_argument('text', nargs='?', default='', help='prompt: the exact words')


def run(args: argparse.Namespace) -> int:
    """Ask, and print the answer; a refusal is an error with the reason and the fix."""
    from hvd_ros.cli.ros_session import Session

    if args.action == 'prompt' and not args.text:
        raise PolicyRefused('prompt needs the words: hvd policy prompt "TEXT"')
    with Session(args.namespace) as session:
        if args.action == 'prompt':
            return _prompt(session, args.text)
        return _ask(session, 'policy' if args.action == 'start' else 'hold')


def _ask(session: Any, mode: str) -> int:
    from diagnostic_msgs.msg import DiagnosticStatus
    from hvd_msgs.srv import SetMode

    from hvd_ros.nodes.shell import qos

    said = session.collect(DiagnosticStatus, 'policy/status', qos.LATCHED)
    answer = session.call(SetMode, 'mux/set_mode', SetMode.Request(mode=mode), launch='deploy')
    if answer.success:
        print('the policy drives' if mode == 'policy' else 'the joints are held where they are')
        return 0
    why = answer.message or '; '.join(explain(answer.reason))
    session.spin_until(lambda: bool(said), 0.5)
    more = f'; the policy says: {said[-1].message}' if mode == 'policy' and said else ''
    raise PolicyRefused(f'refused in mode {answer.mode}: {why}{more}')


def _prompt(session: Any, text: str) -> int:
    from diagnostic_msgs.msg import DiagnosticStatus
    from std_msgs.msg import String

    from hvd_ros.cli.ros_session import NoAnswer, where_we_looked
    from hvd_ros.nodes.shell import qos

    said = session.collect(DiagnosticStatus, 'policy/status', qos.LATCHED)
    publisher = session.node.create_publisher(String, 'prompt', qos.LATCHED)
    if not session.spin_until(lambda: bool(said), _HEARD_S):
        raise NoAnswer(
            f'no policy heard ({where_we_looked()}); start it: hvd launch deploy policy:=...'
        )
    publisher.publish(String(data=text))

    def taken() -> bool:
        return any(v.key == 'prompt' and v.value == text for v in said[-1].values)

    if not session.spin_until(taken, _HEARD_S):
        raise PolicyRefused(f'the policy did not take the prompt; it says: {said[-1].message}')
    # Whether it knows the words shows when it is asked the next time.
    count = len(said)
    session.spin_until(lambda: len(said) > count, 1.0)
    if 'does not know' in said[-1].message:
        raise PolicyRefused(said[-1].message)
    print(f"prompt: '{text}'")
    return 0
