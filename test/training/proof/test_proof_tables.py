# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tables say what ran and how sure it is; what did not run is said in words."""

import math
from pathlib import Path

import pytest
from scipy.stats import binomtest

from hvd_ros.core.errors import ConfigError
from hvd_training.benches import ogbench, tables
from hvd_training.evaluate.compare import Run
from hvd_training.evaluate.words import NOT_RUN
from hvd_training.proof.asking import figures, text
from hvd_training.proof.methods import METHODS
from hvd_training.proof.printing import compared_text, success_text
from hvd_training.proof.shelf import Shelf
from hvd_training.proof.tables import TABLES, Question, table
from test.training.evaluate.made_outcomes import played
from test.training.proof.made_cells import ASK, result


@pytest.mark.parametrize('name', TABLES)
def test_every_table_can_be_asked_for_and_prints_not_run(name: str, tmp_path: Path) -> None:
    made = table(name, ASK)
    assert {cell.method for cell in made.cells()} <= set(METHODS)
    shown = text(made, {}, tmp_path)
    assert made.title in shown
    assert shown.count(NOT_RUN) >= len(made.rows)
    assert all(math.isnan(value) for value in figures([made], {}).values())


def test_a_figure_is_of_all_training_seeds_with_wilsons_interval() -> None:
    made = table('table1', ASK)
    results = {cell: result(cell, '1100' if cell.method == 'bc' else '1110')
               for cell in made.cells()}  # fmt: skip
    low, high = binomtest(4, 8).proportion_ci(method='wilson')
    lines = [line.split('  ') for line in success_text(made, results).splitlines()]
    assert lines[0] == ['table1: Success of imitation and of HVD']
    shown = success_text(made, results).splitlines()[2]
    assert shown.split() == [
        'IL,', 'expert', 'part', *['.50', f'[{low:.2f},{high:.2f}]'.replace('0.', '.')] * 2,
        '.50', '.44',
    ]  # fmt: skip
    assert figures([made], results)['table1_hvd__all_data_cup_upright'] == 0.75


def test_a_seed_that_did_not_run_leaves_no_mean_behind() -> None:
    made = table('table1', ASK)
    lost = next(c for c in made.cells() if c.method == 'hvd' and c.seed == 1)
    results = {cell: result(cell) for cell in made.cells() if cell != lost}
    lines = success_text(made, results).splitlines()
    # The task of the lost cell, and the average that it belongs to; the other task is there.
    assert lines[3].count(NOT_RUN) == 2
    assert '.50 [' in lines[3]
    assert NOT_RUN not in lines[2]
    # No test on a part of the tasks.
    assert lines[-1].startswith('HVD, all data')
    assert lines[-1].count(NOT_RUN) >= 3


def test_one_policy_for_all_tasks_is_looked_at_task_by_task() -> None:
    made = table('table16', ASK)
    assert len(set(made.cells())) == 2 * len(ASK.seeds)
    assert {cell.data.tasks for cell in made.cells()} == {ASK.tasks}
    results = {cell: result(cell) for cell in made.cells()}
    assert '.50 [' in success_text(made, results)


def test_rows_are_tested_against_the_first_one_in_pairs() -> None:
    """Nine of ten episodes that only one has: the exact test has 22 of 1024."""
    cells = {Run('a', 0, 0): played([0] * 9 + [1, 0]), Run('b', 0, 0): played([1] * 9 + [0, 0])}
    shown = compared_text(cells, ['a', 'b'], [0]).splitlines()
    assert shown[0].split()[-4:] == ['seeds', 'p', 'episodes', 'Holm']
    assert shown[2].split()[-2] == f'{22 / 1024:.3f}'.lstrip('0')


def test_shares_of_experts_are_of_a_hundred_episodes() -> None:
    for cell in table('table13', Question()).cells():
        data = cell.data
        assert data.experts + data.imperfect + data.rollouts == 100
    columns = table('table13', Question()).columns
    assert columns == ('20 %', '50 %', '80 %')


def test_stages_are_means_over_seeds(tmp_path: Path) -> None:
    made = table('fig4', ASK)
    results = {cell: result(cell, '1000') for cell in made.cells()}
    assert 'HVD, all data    pen_insert   .25' in text(made, results, tmp_path)


def test_the_bench_refuses_what_is_no_table_or_task(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no table 'tables1'; did you mean 'table1'"):
        tables.measure(True, None, ('tables1',), tmp_path / 'w')
    with pytest.raises(ConfigError, match='write it as cube-single-play-singletask-v0'):
        ogbench.measure(True, None, ('cube-single-v0',), tmp_path / 'w')
    with pytest.raises(ConfigError, match="no OGBench environment 'cub'; did you mean 'cube'"):
        ogbench.measure(True, None, ('cub-single-play-singletask-v0',), tmp_path / 'w')
    assert not (tmp_path / 'w').exists()


def test_some_tasks_may_be_asked_for(tmp_path: Path, capsys) -> None:
    found = tables.measure(False, 1e-9, ('fig4', 'cup_upright', 'wipe_board'), tmp_path)
    assert {key.removeprefix('fig4_') for key in found} == {
        f'{row}_{task}' for row in ('il__expert_part', 'hvd__all_data')
        for task in ('cup_upright', 'wipe_board')
    }  # fmt: skip


def test_the_bench_prints_what_is_there_when_no_time_is_left(tmp_path: Path, capsys) -> None:
    made = table('table1', tables.QUICK)
    shelf = Shelf(tmp_path)
    shelf.keep(made.cells()[0], result(made.cells()[0], '1'))
    found = tables.measure(True, 1e-9, ('table1',), tmp_path)
    shown = capsys.readouterr().out
    assert '1 cells not run: the time is over' in shown
    assert '1 of 2 cells have run' in shown
    assert found['table1_il__expert_part_pen_insert'] == 1.0
    assert math.isnan(found['table1_hvd__all_data_pen_insert'])
