# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a recorder has let go of does not stay in its process."""

import subprocess
import sys

import pytest

# A hole under a small block that stays: 40 MB of messages, of which every tenth is kept.
SCRIPT = """
import os
import psutil
from hvd_ros.core.episodes.heap import give_back
made = [bytes(50_000) for _ in range(800)]
kept = made[::10]
del made
before = psutil.Process().memory_info().rss
assert give_back()
print((before - psutil.Process().memory_info().rss) / 1e6)
"""


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='malloc_trim is of glibc')
def test_holes_between_what_is_kept_go_back_to_the_system():
    said = subprocess.check_output([sys.executable, '-c', SCRIPT], text=True)
    assert float(said) > 20
