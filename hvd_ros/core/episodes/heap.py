# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Memory that is free goes back to the system.

Messages of 50 kB come and go among small ones that stay; the C library keeps the holes between
them for later, so that a recorder which holds no more than before still grows by megabytes.
"""

import ctypes
import sys


def give_back() -> bool:
    """Return free memory to the system; whether this system's C library can."""
    if not sys.platform.startswith('linux'):
        return False
    trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)
    if trim is None:
        return False
    trim(0)
    return True
