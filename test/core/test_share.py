# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where files of ours and of the user lie."""

from pathlib import Path

from hvd_ros.core.share import user_data_dir


def test_episodes_lie_where_the_environment_says_else_at_home(monkeypatch):
    monkeypatch.setenv('HVD_DATA_DIR', '/data/here')
    assert user_data_dir() == Path('/data/here')
    monkeypatch.delenv('HVD_DATA_DIR')
    monkeypatch.setenv('HOME', '/home/somebody')
    assert user_data_dir() == Path('/home/somebody/hvd_data/episodes')
