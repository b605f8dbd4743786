# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a graph is told for the sake of a policy's eyes, and what its referee remembers."""

from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')

from hvd_ros.cli.graph_episode import Referee, _Episode, arguments  # noqa: E402
from hvd_ros.core.mux.command import Mode  # noqa: E402
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


def test_a_policy_that_the_mux_gives_no_second_chance_ends_with_its_score(monkeypatch):
    """The robot holds for what is left of the time: an episode, and no failure of the graph."""
    answers = [SimpleNamespace(success=True)] + [
        SimpleNamespace(success=False, message='three bad commands in a row', reason='')
    ] * 99
    monkeypatch.setattr('hvd_ros.cli.graph_episode._AGAIN_S', 0.0)
    episode = object.__new__(_Episode)
    episode._session = SimpleNamespace(call=lambda *_: answers.pop(0), spin=lambda seconds: hold())
    episode._graph = SimpleNamespace(check=lambda: None)
    episode._referee, episode._held, episode._policy = Referee(('lift',)), 0, []
    episode._mux = []

    def hold():
        episode._referee.hear({'lift': '0.5', 'success': 'false'}, 1.0)
        episode._mux.append(SimpleNamespace(mode=Mode.HOLD))

    played = episode.play(60.0)
    assert (played.scores, played.held) == ((0.5,), 1)
    assert 'three bad commands in a row' in played.lost
