# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What only a simulation knows becomes a named column; tasks with other things share a dataset."""

from dataclasses import replace

import numpy as np
import pytest

from hvd_ros.core.errors import EpisodeError
from hvd_training.data.columns import SIM_STATE
from hvd_training.data.convert import Choice, Plan, convert
from hvd_training.data.dataset import Dataset
from hvd_training.data.reader import DatasetReader
from hvd_training.data.statistics import norm_stats
from hvd_training.data.statistics.check import check
from hvd_training.data.subset import merge
from hvd_training.data.unit import UnitConfig
from test.episode_maker import make_episode, sim_state_of

PEN, BOARD = ('pen.x', 'pen.height'), ('board.wiped', 'pen.x')
FRAMES = 12


def made(root, **how):
    return make_episode(root, frames=FRAMES, cameras=(), cloud=False, **how)


def plan(out, **how):
    return Plan(out, 'v3.0', UnitConfig(), **how)


@pytest.fixture(scope='module')
def both(tmp_path_factory):
    """Return a dataset of two tasks, of which each has a number that the other lacks."""
    root = tmp_path_factory.mktemp('both')
    made(root / 'in', seed=1, sim_state=PEN)
    made(root / 'in', seed=2, sim_state=BOARD, task='wipe_board', prompt='wipe')
    return convert(Choice((root / 'in',)), plan(root / 'out'), tell=print)


def test_one_task_gives_its_numbers_in_the_order_of_the_recording(tmp_path):
    made(tmp_path / 'in', sim_state=PEN)
    data = Dataset(convert(Choice((tmp_path / 'in',)), plan(tmp_path / 'out')))
    assert data.features[SIM_STATE].names == PEN
    expected = np.array([sim_state_of(i, PEN) for i in range(FRAMES)], np.float32)
    np.testing.assert_array_equal(data.numbers(0)[SIM_STATE], expected)


def test_several_tasks_have_the_numbers_of_all_and_zero_where_they_have_none(both):
    data = Dataset(both)
    assert data.features[SIM_STATE].names == ('pen.x', 'pen.height', 'board.wiped')
    pen, board = (data.numbers(e)[SIM_STATE] for e in (0, 1))
    one, other = (np.array([sim_state_of(i, n) for i in range(FRAMES)]) for n in (PEN, BOARD))
    np.testing.assert_allclose(pen, np.column_stack([one, np.zeros(FRAMES)]), rtol=1e-6)
    expected = np.column_stack([other[:, 1], np.zeros(FRAMES), other[:, 0]])
    np.testing.assert_allclose(board, expected, rtol=1e-6)


def test_reader_statistics_checks_and_merging_know_the_column(both, tmp_path):
    again = merge([Dataset(both)], tmp_path / 'again', 'v2.1')
    data = Dataset(again)
    assert data.content_sha256 == Dataset(both).content_sha256
    row = DatasetReader(again).rows([3], [SIM_STATE])[SIM_STATE][0]
    np.testing.assert_allclose(row[:2], sim_state_of(3, PEN), rtol=1e-6)
    made_stats = norm_stats.compute(data, norm_stats.Representation())
    values = np.concatenate([c[SIM_STATE] for c in data.each([SIM_STATE])])
    np.testing.assert_allclose(made_stats.stats[SIM_STATE]['mean'], values.mean(0), rtol=1e-5)
    assert [f for f in check(data) if f.level == 'error'] == []


def test_it_can_be_left_out_and_real_recordings_have_none(tmp_path):
    made(tmp_path / 'sim', sim_state=PEN)
    made(tmp_path / 'real')
    off = convert(Choice((tmp_path / 'sim',)), plan(tmp_path / 'off', sim_state=False))
    real = convert(Choice((tmp_path / 'real',)), plan(tmp_path / 'none'))
    assert SIM_STATE not in Dataset(off).features
    assert SIM_STATE not in Dataset(real).features


@pytest.mark.parametrize('odd', [(), ('pen.y', 'pen.height')])
def test_an_episode_that_does_not_fit_is_named_with_the_way_out(tmp_path, odd):
    made(tmp_path / 'in', seed=1, sim_state=PEN)
    bad = made(tmp_path / 'in', seed=2, sim_state=odd)
    told = []
    with pytest.raises(EpisodeError):
        convert(Choice((tmp_path / 'in',)), plan(tmp_path / 'out'), tell=told.append)
    assert bad.name in told[-1]
    assert '--sim-state off' in told[-1]
    resumed = replace(plan(tmp_path / 'out'), resume=True, skip_bad=True)
    assert len(Dataset(convert(Choice((tmp_path / 'in',)), resumed)).rows) == 1


def test_a_torn_first_episode_does_not_decide_about_its_task(tmp_path):
    torn = made(tmp_path / 'in', seed=1, sim_state=PEN)
    made(tmp_path / 'in', seed=2, sim_state=PEN)
    next(torn.glob('*.mcap')).write_bytes(b'')
    resumed = plan(tmp_path / 'out', skip_bad=True)
    data = Dataset(convert(Choice((tmp_path / 'in',)), resumed))
    assert data.features[SIM_STATE].names == PEN
