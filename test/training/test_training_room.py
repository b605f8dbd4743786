# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from importlib import metadata
from pathlib import Path
import subprocess
import sys
import tomllib

import hvd_training

PACKAGE = Path(hvd_training.__file__).parent
NEVER = {'rclpy', 'hvd_msgs', 'torch', 'lerobot', 'pandas', 'datasets'}


def test_importing_the_data_half_loads_neither_ros_nor_torch_nor_lerobot():
    names = [
        '.'.join(path.relative_to(PACKAGE.parent).with_suffix('').parts)
        for path in sorted(PACKAGE.rglob('*.py'))
        if path.name not in ('__init__.py', 'lerobot_peer.py')
    ]
    code = (
        f'import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n'
        f'print(*({NEVER!r} & set(sys.modules)))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_the_verb_and_the_bench_are_found_by_their_entry_points():
    project = tomllib.loads((PACKAGE.parent / 'pyproject.toml').read_text())['project']
    for group, wanted in project['entry-points'].items():
        found = {entry.name: entry.value for entry in metadata.entry_points(group=group)}
        assert wanted.items() <= found.items(), 'run `make setup`'
