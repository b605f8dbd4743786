# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where the package's own files and the user's files lie.

The same code runs from a checkout, from a colcon install and from a plain pip install, which put
`config/`, `launch/` and `urdf/` in three different places.
"""

import os
from pathlib import Path
import sys

from hvd_ros.core.errors import ConfigError


def share_file(*parts: str) -> Path:
    """Find a file of ours by its path below the share folder, part by part."""
    roots = _share_roots()
    for root in roots:
        path = root.joinpath(*parts)
        if path.exists():
            return path
    places = ', '.join(str(root) for root in roots)
    name = '/'.join(parts)
    raise ConfigError(f"'{name}' is not installed in {places}; run `make setup`")


def user_config_dir() -> Path:
    """Name the folder of per-robot calibrations: HVD_CONFIG_DIR or the XDG place."""
    named = os.environ.get('HVD_CONFIG_DIR')
    if named:
        return Path(named)
    return Path(os.environ.get('XDG_CONFIG_HOME') or Path.home() / '.config') / 'hvd_ros'


def user_state_dir() -> Path:
    """Return the folder of latches and logs: HVD_STATE_DIR or the XDG place."""
    named = os.environ.get('HVD_STATE_DIR')
    if named:
        return Path(named)
    return Path(os.environ.get('XDG_STATE_HOME') or Path.home() / '.local' / 'state') / 'hvd_ros'


def user_data_dir() -> Path:
    """Return the folder of episodes: HVD_DATA_DIR or ~/hvd_data/episodes."""
    named = os.environ.get('HVD_DATA_DIR')
    return Path(named) if named else Path.home() / 'hvd_data' / 'episodes'


def _share_roots() -> list[Path]:
    package = Path(__file__).resolve().parents[1]
    checkout = [package.parent] if (package.parent / 'package.xml').exists() else []
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    # A pip or merged colcon install: <prefix>/lib/pythonX/site-packages/hvd_ros.
    beside = [parent / 'share' / 'hvd_ros' for parent in package.parents[3:5]]
    installed = [Path(p) / 'share' / 'hvd_ros' for p in prefixes if p]
    return [*checkout, *installed, *beside, Path(sys.prefix) / 'share' / 'hvd_ros']
