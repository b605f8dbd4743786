# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An episode under a policy, from the verb through the whole graph to the score of the twin."""

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.launch]
pytest.importorskip('rclpy')

ROOT = Path(__file__).resolve().parents[2]
POLICY = 'test.launch.still_policy:Still'


def rollout(*words):
    path = os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')])
    return subprocess.run(
        [sys.executable, '-m', 'hvd_ros.cli.main', 'rollout', *words],
        capture_output=True, text=True, check=False, timeout=110, cwd=ROOT,
        env=os.environ | {'PYTHONPATH': path},
    )  # fmt: skip


def test_a_policy_drives_the_twin_through_the_graph_and_the_twin_says_how_it_went():
    done = rollout(POLICY, '--task', 'pen_insert', '--seed', '3', '--limit', '3', '--json')
    assert done.returncode == 0, done.stderr
    assert 'no success after' in done.stdout
    found = json.loads(done.stdout.splitlines()[-1])
    assert found['scores'] == [0.0]
    assert 3.0 <= found['duration_s'] < 20.0


def test_what_can_not_be_played_is_said_before_anything_is_launched():
    for words, said in (
        ((POLICY, '--task', 'pen_insertt'), "'pen_insertt'"),
        ((POLICY, '--task', 'pen_insert', '--setting', 'dark'), "'dark'"),
        (('run:/nowhere', '--task', 'pen_insert'), '/nowhere'),
    ):
        done = rollout(*words)
        assert done.returncode != 0
        assert said in done.stderr
        assert 'Traceback' not in done.stderr
