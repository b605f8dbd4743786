# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd record` against a recorder on real topics: answers, refusals and exit codes."""

import json
import subprocess
import sys
import zlib

import pytest

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
pytest.importorskip('rclpy')

from hvd_ros.core.episodes.reader import Episode, list_episodes  # noqa: E402
from test.nodes.recorder_bench import RecorderBench  # noqa: E402


def hvd_record(namespace, *words):
    return subprocess.run(
        [sys.executable, '-m', 'hvd_ros.cli.main', 'record', '--namespace', namespace, *words],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_episode_from_a_terminal(tmp_path, request):
    namespace = f'/record_{zlib.crc32(request.node.name.encode())}'
    bench = RecorderBench(namespace, root=str(tmp_path))
    try:
        bench.ready()
        early = hvd_record(namespace, 'save')
        assert early.returncode == 1
        assert 'refused: no stopped episode to save' in early.stderr
        words = ('--task', 'wipe_board', '--operator', 'Ann', '--kind', 'suboptimal')
        done = hvd_record(namespace, 'start', *words)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith('recording ')
        bench.frames(3)
        assert hvd_record(namespace, 'mark', '0.5').returncode == 0
        told = hvd_record(namespace, 'status', '--json')
        assert told.returncode == 0, told.stderr
        status = json.loads(told.stdout)
        assert (status['task'], status['scores'], status['state']) == ('wipe_board', [0.5], 1)
        assert 'recording' in hvd_record(namespace, 'status').stdout
        for action in ('pause', 'pause', 'stop', 'save'):
            assert hvd_record(namespace, action).returncode == 0
    finally:
        bench.close()
    (folder,) = list_episodes(tmp_path)
    with Episode.open(folder) as episode:
        meta = episode.meta
        assert (meta.operator, meta.kind) == ('Ann', 'suboptimal')
        assert [m.score for m in episode.labels.marks] == [0.5]


def test_without_a_recorder_it_says_what_to_start():
    done = hvd_record('/nobody_here', 'status')
    assert done.returncode == 3
    assert 'hvd launch record' in done.stderr
    assert 'Traceback' not in done.stderr


def test_a_mark_without_a_score_is_refused_before_anything_is_asked():
    done = hvd_record('/nobody_here', 'mark')
    assert done.returncode == 1
    assert '0, 0.5 or 1' in done.stderr
