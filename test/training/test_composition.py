# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import cv2
from made_source import MadeSource
import pytest

from hvd_ros.core.errors import ConfigError
from hvd_training.data.facts import StageEnd
from hvd_training.data.statistics.composition import compose, draw, tables

EXPERT = MadeSource(0).facts  # two stages, 0.5 and 1


def facts(kind, frames, *scores, task='pen_insert'):
    ends = tuple(StageEnd(i, i, score) for i, score in enumerate(scores))
    return replace(EXPERT, kind=kind, frames=frames, ends=ends, task=task)


@pytest.fixture
def found():
    # The shares of WB-50: 43.7, 14.6 and 41.7 percent.
    return compose(
        [
            facts('expert', 400, 1, 1),
            facts('expert', 37, 1, 0, task='wipe_board'),
            facts('suboptimal', 146, 0.5),
            facts('rollout', 400, 1, 1),
            facts('rollout', 17),
        ]
    )


def test_shares_are_those_of_frames(found):
    assert found.total == 1000
    assert [found.share(k) for k in ('expert', 'suboptimal', 'rollout')] == [0.437, 0.146, 0.417]
    assert found.as_json()['hours'] == pytest.approx(100 / 3600)


def test_frames_are_counted_by_task_kind_and_success(found):
    assert found.frames['pen_insert', 'expert', True] == 400
    assert found.frames['wipe_board', 'expert', False] == 37
    assert found.frames['pen_insert', 'rollout', False] == 17
    assert found.episodes['pen_insert', 'suboptimal', False] == 1


def test_stages_are_counted_by_score_and_those_not_reached_apart(found):
    assert found.scores['pen_insert', 0, '0.5'] == 1
    assert found.scores['pen_insert', 1, 'not reached'] == 2
    assert found.scores['wipe_board', 1, '0'] == 1
    assert found.scores['pen_insert', 1, '1'] == 2


def test_the_tables_say_it_in_columns(found):
    text = tables(found)
    assert '43.7%' in text
    assert '14.6%' in text
    assert '41.7%' in text
    row = next(line for line in text.splitlines() if line.startswith('pen_insert  '))
    assert row.split() == ['pen_insert', '400', '0', '0', '146', '400', '17']


def test_a_stated_outcome_counts_before_the_marks():
    assert replace(facts('expert', 9, 1, 1), outcome='failure').success is False
    assert replace(facts('expert', 9, 0, 0), outcome='success').success is True
    assert facts('expert', 9, 1, 0.5).success is False
    assert facts('expert', 9, 1, 1).success is True


def test_the_figure_is_a_picture(found, tmp_path):
    draw(found, tmp_path / 'a.png')
    image = cv2.imread(str(tmp_path / 'a.png'))
    assert image.shape[1] > 1000
    assert len({tuple(pixel) for pixel in image[::10, ::10].reshape(-1, 3)}) > 5


def test_nothing_to_count_says_so():
    with pytest.raises(ConfigError, match='no episode'):
        compose([])
