# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from importlib import metadata
from pathlib import Path
import subprocess
import sys
import tomllib

import hvd_training

PACKAGE = Path(hvd_training.__file__).parent
NEVER = {'rclpy', 'hvd_msgs', 'lerobot', 'pandas', 'datasets'}
# What learns needs torch; making and checking datasets, and every verb until it runs, does not.
LEARNS = ('data/batch.py', 'data/loading/', 'benches/train')
WITHOUT_TORCH = ('data/', 'cli/', 'benches/convert')


def _loaded_by(paths: list[Path]) -> set[str]:
    names = ['.'.join(p.relative_to(PACKAGE.parent).with_suffix('').parts) for p in paths]
    code = (
        f'import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n'
        f'print(*({NEVER | {"torch"}!r} & set(sys.modules)))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def _files() -> list[Path]:
    skipped = ('__init__.py', 'lerobot_peer.py', 'lightning_peer.py')
    return [path for path in sorted(PACKAGE.rglob('*.py')) if path.name not in skipped]


def test_importing_the_package_loads_neither_ros_nor_lerobot():
    assert not _loaded_by(_files()) & NEVER


def test_importing_the_data_half_and_the_verbs_does_not_load_torch():
    light = [
        path
        for path in _files()
        if (name := path.relative_to(PACKAGE).as_posix()).startswith(WITHOUT_TORCH)
        and not name.startswith(LEARNS)
    ]
    assert len(light) > 20
    assert not _loaded_by(light)


def test_the_verb_and_the_bench_are_found_by_their_entry_points():
    project = tomllib.loads((PACKAGE.parent / 'pyproject.toml').read_text())['project']
    for group, wanted in project['entry-points'].items():
        found = {entry.name: entry.value for entry in metadata.entry_points(group=group)}
        assert wanted.items() <= found.items(), 'run `make setup`'
