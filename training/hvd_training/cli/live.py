# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A learnt policy drives the twin through the whole graph, one episode after the other.

In a terminal until Ctrl-C, so that there is time to open the page; elsewhere once. Real time needs
a computer that has time: how busy it was before says whether a failure is its fault.
"""

from collections.abc import Sequence
import itertools
import json
import os
from pathlib import Path
import subprocess
import sys
import time
from typing import Any

_LOOK_S = 2.0
# The graph with a policy and the page takes about one core of two.
_BUSY = 0.5


def play(policy: Path, task: str, seeds: Sequence[int], cloud: str, port: int) -> int:
    """Play the episodes of some seeds; return 0, or the code of the first that was lost."""
    print('\nthe same policy through the whole ROS graph, in real time')
    busy = busy_share(_LOOK_S)
    if busy > _BUSY:
        print(f'{_too_busy(busy)}; the policy may be held, or fail, where headless it did not')
    forever = sys.stdin.isatty() and sys.stdout.isatty()
    played = 0
    try:
        for seed in itertools.cycle(seeds) if forever else seeds[:1]:
            print(f'\nseed {seed}{"; Ctrl-C ends" if forever else ""}', flush=True)
            words = [
                'rollout', f'run:{policy}', '--task', task, '--seed', str(seed),
                '--cloud', cloud, '--viewer', str(port), '--json',
            ]  # fmt: skip
            code, told = _rollout(words)
            if code or told.get('lost'):
                print(why_not(busy), file=sys.stderr)
                return code or 1
            played += 1
    except KeyboardInterrupt:
        print()
    return 0 if played else 130


def _rollout(words: Sequence[str]) -> tuple[int, dict[str, Any]]:
    """Run the verb and pass on what it says; return its code, and its line for machines."""
    told: dict[str, Any] = {}
    command = [sys.executable, '-m', 'hvd_ros.cli.main', *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith('{'):
                told = json.loads(line)
            else:
                print(line, end='', flush=True)
    return process.returncode, told


def why_not(busy: float) -> str:
    """Say what a rollout that did not run, or was lost on the way, most likely means."""
    if busy > _BUSY:
        return (
            f'it did not go well live, most likely because {_too_busy(busy)}: end what else runs '
            'and give the same command again; everything before the live part is kept'
        )
    return (
        'it did not go well live, though the computer had time: ask hvd doctor what is wrong; '
        'everything before the live part is kept'
    )


def _too_busy(busy: float) -> str:
    return f'other work takes {busy:.0%} of {os.cpu_count()} cores'


def busy_share(within_s: float) -> float:
    """Return the share of the computer that is taken over a while; 0 where nobody can tell."""
    try:
        idle, whole = _ticks()
        time.sleep(within_s)
        later, all_ = _ticks()
    except OSError:
        return 0.0
    return 1.0 - (later - idle) / max(1, all_ - whole)


def _ticks() -> tuple[int, int]:
    """Return ticks of all cores so far: idle (waiting for a disk is idle too), and all."""
    first = Path('/proc/stat').read_text(encoding='ascii').splitlines()[0]
    ticks = [int(word) for word in first.split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)
