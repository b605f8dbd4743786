# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The Python side of the ZED SDK, found without running a stranger's code.

It is no PyPI package: the SDK's installer puts it in place. What PyPI has under the name `pyzed`
is somebody else's and is told apart by its lack of the compiled module `sl`.
"""

import importlib
import importlib.util
from pathlib import Path
from typing import Any

from hvd_ros.core.errors import DeviceError

INSTALL = (
    'install the ZED SDK (https://www.stereolabs.com/developers/release), then run '
    'python3 /usr/local/zed/get_python_api.py'
)


def zed_sdk() -> Any:
    """Return pyzed.sl, or say what is there in its place and what to install."""
    spec = importlib.util.find_spec('pyzed')
    if spec is None:
        raise DeviceError(f'the ZED SDK has no Python API here: {INSTALL}')
    folders = [Path(folder) for folder in spec.submodule_search_locations or ()]
    if not any(True for folder in folders for _ in folder.glob('sl.*')):
        raise DeviceError(
            "'pyzed' is installed without pyzed.sl: that is an unrelated package from PyPI; "
            f'pip uninstall pyzed, then {INSTALL}'
        )
    try:
        return importlib.import_module('pyzed.sl')
    except ImportError as error:
        raise DeviceError(f'pyzed.sl does not import ({error}): {INSTALL} again') from None
