# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Resolve robot.in and dev.in into robot.txt and dev.txt: every package with its exact version.

Run by `make lock` with the Python that the locks are for. Nothing is installed. A package stands
in one lock only; dev.txt builds on robot.txt.
"""

import json
from pathlib import Path
import subprocess
import sys

HERE = Path(__file__).parent


def resolve(*arguments: str) -> dict[str, str]:
    """Return name -> version of everything that pip would install."""
    command = [sys.executable, '-m', 'pip', 'install', '--quiet', '--dry-run']
    command += ['--ignore-installed', '--report', '-', *arguments]
    done = subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.PIPE, text=True)
    chosen = [item['metadata'] for item in json.loads(done.stdout)['install']]
    # A build's own suffix (torch's +cpu) is known to some places that packages come from only.
    return {
        item['name'].lower().replace('_', '-'): item['version'].partition('+')[0]
        for item in chosen
    }


def write(name: str, head: str, pins: dict[str, str]) -> None:
    """Write one lock file."""
    lines = [f'# Made by `make lock` from {name}.in; do not edit.', *head.split()]
    lines += [f'{package}=={version}' for package, version in sorted(pins.items())]
    (HERE / f'{name}.txt').write_text('\n'.join(lines) + '\n')


def main() -> None:
    """Resolve the runtime first; the tools must fit it."""
    robot = resolve('-r', 'robot.in')
    write('robot', '', robot)
    dev = resolve('-r', 'robot.txt', '-r', 'dev.in')
    extra = {name: version for name, version in dev.items() if name not in robot}
    write('dev', '-rrobot.txt', extra)


if __name__ == '__main__':
    main()
