# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd estop`: press, look at and release the latch that the guardian keeps."""

import argparse
from typing import Any

from hvd_ros.cli.arguments import add_namespace
from hvd_ros.core.errors import HvdError

NAME = 'estop'
HELP = 'stop the robot by software, show the latch, or release it'
EXAMPLES = (
    'hvd estop trigger              # exit code 0: mux or guardian confirmed',
    'hvd estop show                 # exit code 0: free, 1: stopped, 3: nobody heard',
    'hvd estop reset                # after making safe; 0: released, 1: still stopped',
    'Joining the graph takes up to 3 s. Home twice on the Joy-Con stops at once.',
    'This is no substitute for the hardware e-stop, which removes drive power.',
)


class EstopFailed(HvdError):
    """The latch did not take the wanted state."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_namespace(parser)
    parser.add_argument('action', choices=('trigger', 'reset', 'show'), help='what to do')


def run(args: argparse.Namespace) -> int:
    """Do it and report what mux and guardian say."""
    from hvd_ros.cli.ros_session import Session

    with Session(args.namespace) as session:
        if args.action == 'trigger':
            return _trigger(session)
        if args.action == 'reset':
            return _reset(session)
        return _show(session)


def _trigger(session: Any) -> int:
    """Tell both at once, because either one alone is enough to stop."""
    from std_srvs.srv import Trigger

    from hvd_ros.cli.ros_session import DISCOVERY_S

    node = session.node
    services = {'mux': 'mux/estop', 'guardian': 'estop/trigger'}
    clients = {name: node.create_client(Trigger, service) for name, service in services.items()}
    answers: dict[str, Any] = {}

    def all_done() -> bool:
        for name, client in clients.items():
            if name not in answers and client.service_is_ready():
                answers[name] = client.call_async(Trigger.Request())
        return len(answers) == len(clients) and all(a.done() for a in answers.values())

    session.spin_until(all_done, DISCOVERY_S)
    said = {name: answer.result() for name, answer in answers.items() if answer.done()}
    for name in services:
        print(f'{name}: {said[name].message if name in said else "no answer"}')
    if not any(answer.success for answer in said.values()):
        raise EstopFailed('NOBODY CONFIRMED THE E-STOP; press the hardware e-stop')
    return 0


def _reset(session: Any) -> int:
    from std_srvs.srv import Trigger

    from hvd_ros.cli.ros_session import DISCOVERY_S

    answer = session.call(Trigger, 'estop/reset', Trigger.Request())
    if not answer.success:
        raise EstopFailed(f'the guardian refused: {answer.message}')
    print(f'guardian: {answer.message}')
    state = _listen(session)
    session.spin_until(lambda: _mux_says(state) is False, DISCOVERY_S)
    if _mux_says(state) is None:
        print('mux: not heard; it will follow the guardian when it starts')
        return 0
    if _mux_says(state):
        raise EstopFailed(f'the mux is still stopped: {state["mux"][-1].text}; see hvd status')
    print('mux: free')
    return 0


def _show(session: Any) -> int:
    from hvd_ros.cli.ros_session import DISCOVERY_S, NoAnswer, where_we_looked

    state = _listen(session)
    # Two of each: the first status is the latched one, which may be older than the last press.
    session.spin_until(lambda: all(len(said) > 1 for said in state.values()), DISCOVERY_S)
    if not state['mux'] and not state['guardian']:
        raise NoAnswer(f'neither mux nor guardian is heard ({where_we_looked()}); start the graph')
    for name, messages in state.items():
        print(f'{name}: {_word(messages)}')
    stopped = any(messages[-1].estop for messages in state.values() if messages)
    return 1 if stopped else 0


def _word(messages: list[Any]) -> str:
    from hvd_ros.core.reasons import explain

    if not messages:
        return 'not heard'
    last = messages[-1]
    if not last.estop:
        return 'free'
    text, fix = explain(last.reason)
    return f'STOPPED: {text}' + (f'; {fix}' if fix else '')


def _listen(session: Any) -> dict[str, list[Any]]:
    from hvd_msgs.msg import Heartbeat, MuxStatus

    from hvd_ros.nodes.shell import qos

    return {
        'mux': session.collect(MuxStatus, 'mux/status', qos.LATCHED),
        'guardian': session.collect(Heartbeat, 'guardian/heartbeat', qos.COMMAND),
    }


def _mux_says(state: dict[str, list[Any]]) -> bool | None:
    return bool(state['mux'][-1].estop) if state['mux'] else None
