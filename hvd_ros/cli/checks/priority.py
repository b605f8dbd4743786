# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether the nodes of the command path may go before others (nodes/shell/priority.py)."""

from collections.abc import Callable, Mapping
from threading import Thread

from hvd_ros.cli.checks.finding import Finding, ok, warn
from hvd_ros.nodes.shell.priority import ALLOW, LEVEL, SWITCH, THIS_THREAD, go_first

_FIX = (
    f'echo "$USER - {ALLOW} {LEVEL}" | sudo tee /etc/security/limits.d/60-hvd-ros.conf, '
    'and log in again'
)


def check_priority(
    environ: Mapping[str, str],
    ask: Callable[[], str] = lambda: go_first(threads=THIS_THREAD),
) -> list[Finding]:
    """Ask for it in a thread of its own, which then ends and leaves nothing behind."""
    if environ.get(SWITCH) == '0':
        return [warn('priority', f'real-time priority is switched off: {SWITCH}=0', 'unset it')]
    said: list[str] = []
    thread = Thread(target=lambda: said.append(ask()))
    thread.start()
    thread.join()
    if said == ['']:
        return [ok('priority', f'joylo, mux, r1 and guardian run at real-time priority {LEVEL}')]
    text = 'commands wait for whatever else this computer does: no real-time priority'
    return [warn('priority', text, _FIX)]
