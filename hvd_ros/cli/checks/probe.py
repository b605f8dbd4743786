# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Run by `hvd doctor` under the interpreter of each node script, to say what imports there.

Stands alone: the interpreter in question may have none of our packages.
"""

import importlib
from importlib import metadata
import importlib.util
import json
from pathlib import Path
import sys

MODULES = (
    'rclpy', 'hvd_msgs.msg', 'hvd_ros', 'numpy', 'yaml', 'dynamixel_sdk', 'serial', 'hid',
    'websocket', 'mujoco', 'viser', 'tensorrt', 'onnxruntime', 'torch',
)  # fmt: skip
DISTRIBUTIONS = (
    'pyzed', 'hid', 'hidapi', 'serial', 'pyserial', 'onnxruntime', 'onnxruntime-gpu',
)  # fmt: skip


def probe() -> dict[str, object]:
    """Return versions of what imports, errors of what does not, and what is installed."""
    return {
        'python': '.'.join(str(n) for n in sys.version_info[:3]),
        'executable': sys.executable,
        'imports': {name: _try_import(name) for name in MODULES},
        'distributions': {name: _version(name) for name in DISTRIBUTIONS},
        'pyzed_sl': _pyzed_sl(),
    }


def _try_import(name: str) -> dict[str, str | None]:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name == name.partition('.')[0]
        text = 'not installed' if missing else f'{type(error).__name__}: {error}'
        return {'error': text, 'version': None, 'file': None}
    version = getattr(module, '__version__', None)
    return {
        'error': None,
        'version': str(version) if version is not None else '',
        'file': getattr(module, '__file__', None),
    }


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _pyzed_sl() -> bool | None:
    """Tell the SDK's pyzed by its compiled `sl` without running a stranger's code."""
    spec = importlib.util.find_spec('pyzed')
    if spec is None:
        return None
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    return any(found for folder in folders for found in folder.glob('sl.*'))


if __name__ == '__main__':
    print(json.dumps(probe()))
