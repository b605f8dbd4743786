# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A learnt policy drives the twin through the whole graph, one episode after the other.

In a terminal until Ctrl-C, so that there is time to open the page; elsewhere once. Real time needs
a computer that has time: how busy it was before says whether a failure is its fault.
"""

from collections.abc import Sequence
import itertools
import os
from pathlib import Path
import subprocess
import sys
import time

_LOOK_S = 2.0
# The graph with a policy and the page takes about one core of two.
_BUSY = 0.5


def play(policy: Path, task: str, seeds: Sequence[int], cloud: str, port: int) -> int:
    """Play the episodes of some seeds; return 0, or the code of the first that did not run."""
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
                '--cloud', cloud, '--viewer', str(port),
            ]  # fmt: skip
            code = subprocess.call([sys.executable, '-m', 'hvd_ros.cli.main', *words])
            if code:
                print(why_not(busy), file=sys.stderr)
                return code
            played += 1
    except KeyboardInterrupt:
        print()
    return 0 if played else 130


def why_not(busy: float) -> str:
    """Say what a rollout that did not run most likely means."""
    if busy > _BUSY:
        return (
            f'it did not run live, most likely because {_too_busy(busy)}: end what else runs '
            'and give the same command again; everything before the live part is kept'
        )
    return (
        'it did not run live, though the computer had time: hvd doctor looks for what is wrong; '
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
