# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recorder without ROS for each test."""

import pytest

from test.core.recorder.desk_rig import Rig


@pytest.fixture
def rig(tmp_path):
    rig = Rig(tmp_path / 'episodes')
    yield rig
    rig.desk.close(rig.now_ns)
