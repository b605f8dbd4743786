# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a graph is told for the sake of a policy's eyes, and what its referee remembers."""

import pytest

pytest.importorskip('rclpy')

from hvd_ros.cli.graph_episode import Referee, arguments  # noqa: E402
from hvd_ros.core.policy.observation import Modality  # noqa: E402

pytestmark = pytest.mark.ros
STATE, CLOUD, RGB, SIM = Modality.STATE, Modality.CLOUD, Modality.RGB, Modality.SIM_STATE


@pytest.mark.parametrize(
    ('needs', 'cloud', 'cameras', 'made', 'oracle'),
    [
        ({STATE}, 'rays', 'false', 'false', 'none'),
        ({STATE, SIM}, 'rays', 'false', 'false', 'state'),
        ({STATE, CLOUD}, 'rays', 'false', 'false', 'rays'),
        ({STATE, CLOUD, SIM}, 'table', 'false', 'false', 'table'),
        ({STATE, CLOUD}, 'depth', 'true', 'true', 'none'),
        ({STATE, CLOUD, SIM}, 'depth', 'true', 'true', 'state'),
        ({STATE, RGB}, 'depth', 'true', 'false', 'none'),
    ],
)
def test_nothing_is_started_that_nobody_looks_at(needs, cloud, cameras, made, oracle):
    told = arguments('p', frozenset(needs), 'pen_insert', 'region', 7, cloud, 'r1')
    assert (told['cameras'], told['cloud'], told['oracle']) == (cameras, made, oracle)
    assert (told['scene'], told['task'], told['setting'], told['seed']) == (
        'pen_insert', 'pen_insert', 'region', '7',
    )  # fmt: skip


def test_a_stage_counts_from_when_its_score_last_changed():
    referee = Referee(('lift', 'put'))
    referee.hear({'lift': '0', 'put': '0', 'success': 'false'}, 0.1)
    referee.hear({'lift': '0.5', 'put': '0', 'success': 'false'}, 4.0)
    referee.hear({'lift': '1', 'put': '0', 'success': 'false'}, 6.0)
    referee.hear({'lift': '1', 'put': '1', 'success': 'true'}, 9.0)
    assert (referee.scores, referee.since_s, referee.success) == ([1, 1], [6.0, 9.0], True)
