# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Run pytest at a pace at which this computer has room for the whole graph.

First the graph is brought up at rest, to see how much of the computer it takes; what the tests
add, a recorder that starts, a second writer, a policy, needs as much again. Where there is too
little left, every clock of pytest and of its processes goes slower (slow_motion.c), and all limits
and bounds hold in the time that the graph sees. What failed all the same is run again, twice as
slow: a computer may have become busy since, and what is wrong with the graph stays wrong at every
pace. HVD_PACE=1 asks for real time and one run, HVD_PACE=3 for a third of it.

    python -m test.launch.pace -m launch test
"""

from collections.abc import Mapping
import math
import os
from pathlib import Path
import shutil
import subprocess
import sys
import time

HERE = Path(__file__).parent
LIBRARY = HERE.parents[2] / 'build' / 'pace' / 'slow_motion.so'
ROOM = 0.4  # most that the graph at rest may take of the computer
SLOWEST = 8.0
RUNS = 3
SOME_FAILED = 1  # of pytest's exit codes
FORCED = 'HVD_PACE'


def main(arguments: list[str]) -> None:
    """Run what is asked for, and again what failed of it."""
    slower, why = choose(os.environ)
    memory = ('-o', f'cache_dir={LIBRARY.parent}')
    pytest = [sys.executable, '-m', 'pytest', *memory, *arguments]
    for run in range(1, RUNS + 1):
        print(f'whole graph: one second takes {slower:g} s; {why}', flush=True)
        code = subprocess.run(pytest, env=os.environ | slow_motion(slower), check=False).returncode
        if code != SOME_FAILED or run == RUNS or FORCED in os.environ:
            break
        slower, why = min(SLOWEST, 2.0 * slower), f'again what failed, run {run + 1} of {RUNS}'
        pytest += ['--last-failed', '--last-failed-no-failures', 'none'] if run == 1 else []
    raise SystemExit(code)


def choose(environment: Mapping[str, str]) -> tuple[float, str]:
    """Return how many seconds of this computer a second of the graph should take, and why."""
    if forced := environment.get(FORCED):
        return float(forced), f'{FORCED}={forced}'
    if shutil.which('cc') is None or sys.platform != 'linux':
        return 1.0, 'slow motion needs Linux and a C compiler'
    slower = 1.0
    while True:
        busy = look(slower)
        why = f'the graph at rest takes {busy:.0%} of {os.cpu_count()} cores'
        # A computer that is wholly busy does not tell how much more it would need: look again.
        needed = next_pace(slower, busy)
        if needed <= slower or slower >= SLOWEST:
            return slower, why
        slower = needed


def next_pace(slower: float, busy: float) -> float:
    """Return the pace, in halves, at which the graph would leave the rest of the computer free."""
    return min(SLOWEST, max(1.0, math.ceil(2.0 * slower * busy / ROOM - 0.1) / 2.0))


def look(slower: float) -> float:
    """Return the share of the computer that the graph at rest takes at one pace."""
    done = subprocess.run(
        [sys.executable, '-m', 'test.launch.pace.rest'],
        env=os.environ | slow_motion(slower),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def slow_motion(slower: float) -> dict[str, str]:
    """Return the environment in which a second takes so many seconds."""
    if slower == 1.0:
        return {}
    return {
        'LD_PRELOAD': str(build()),
        'PACE_SLOWER': str(slower),
        'PACE_BOOT_NS': str(time.monotonic_ns()),
        'PACE_DATE_NS': str(time.time_ns()),
    }


def build() -> Path:
    """Compile the clock; whole at once, another test run may be doing the same."""
    LIBRARY.parent.mkdir(parents=True, exist_ok=True)
    part = LIBRARY.with_suffix(f'.{os.getpid()}')
    options = ('-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror')
    subprocess.run(
        ['cc', *options, '-o', str(part), str(HERE / 'slow_motion.c'), '-ldl'], check=True
    )
    part.replace(LIBRARY)
    return LIBRARY


if __name__ == '__main__':
    main(sys.argv[1:])
