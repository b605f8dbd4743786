# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where the twin of a leader device puts its bus and its Joy-Cons, and where the driver looks.

The folder is keyed by user, DDS domain and namespace, like the graph itself, so that two graphs on
one machine never take each other's devices.
"""

import hashlib
import os
from pathlib import Path
import tempfile

from hvd_ros.core.errors import DeviceError

BUS, LEFT, RIGHT = 'bus', 'left', 'right'
_LONGEST = 100  # a socket's path holds 107 characters


def twin_dir(namespace: str = '/') -> Path:
    """Return the private folder of one graph's twin devices, made if it is missing."""
    domain = os.environ.get('ROS_DOMAIN_ID') or '0'
    key = hashlib.sha256(f'{domain}:{namespace.strip("/")}'.encode()).hexdigest()[:8]
    folder = _root() / f'joylo-{domain}-{key}'
    if len(str(folder / RIGHT)) > _LONGEST:
        whole = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        folder = _fallback() / whole
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise DeviceError(f'{folder} belongs to another user; set HVD_STATE_DIR to your own')
    return folder


def _root() -> Path:
    state, runtime = os.environ.get('HVD_STATE_DIR'), os.environ.get('XDG_RUNTIME_DIR')
    if state:
        return Path(state) / 'twins'
    return Path(runtime) / 'hvd_ros' if runtime else _fallback()


def _fallback() -> Path:
    return Path(tempfile.gettempdir()) / f'hvd_ros-{os.getuid()}'
