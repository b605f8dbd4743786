# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What has run stays and is never run again; what has not never looks as if it had."""

from pathlib import Path
from time import monotonic, sleep

import pytest

from hvd_ros.core.errors import ConfigError
from hvd_training.proof.bounded import OutOfTime, within
from hvd_training.proof.schedule import Limits, Schedule
from hvd_training.proof.shelf import Shelf
from hvd_training.proof.tables import table
from test.training.proof.made_cells import ASK, Maker, result

CELLS = table('table1', ASK).cells()  # bc and hvd, two tasks, two seeds


def schedule(root: Path, maker: Maker, said: list[str], limits: Limits | None = None) -> Schedule:
    return Schedule(Shelf(root), lambda cell: None, limits or Limits(), said.append, maker)  # type: ignore[arg-type,return-value]


def test_what_has_run_is_not_run_again(tmp_path: Path) -> None:
    first, second = Maker(), Maker()
    assert schedule(tmp_path, first, []).run(CELLS[:3]) == []
    assert schedule(tmp_path, second, []).run(CELLS) == []
    assert first.made == sorted(CELLS[:3], key=lambda cell: cell.seed)
    assert set(second.made) == set(CELLS[3:])
    assert Shelf(tmp_path).read(CELLS[0]) == result(CELLS[0])


def test_a_cell_of_two_tables_runs_once(tmp_path: Path) -> None:
    maker = Maker()
    schedule(tmp_path, maker, []).run([*CELLS, *table('fig4', ASK).cells()])
    assert len(maker.made) == len(set(maker.made)) == len(CELLS)


def test_seeds_go_round_first(tmp_path: Path) -> None:
    maker = Maker()
    schedule(tmp_path, maker, []).run(CELLS)
    assert [cell.seed for cell in maker.made] == [0] * 4 + [1] * 4


def test_a_cell_that_fails_leaves_nothing_and_takes_nothing_down(tmp_path: Path) -> None:
    said: list[str] = []
    maker = Maker('bc', ConfigError('no such thing'))
    missing = schedule(tmp_path, maker, said).run(CELLS)
    assert {cell.method for cell in missing} == {'bc'}
    assert {cell.method for cell in maker.made} == {'bc', 'hvd'}
    assert 'not run: no such thing' in said
    assert all(Shelf(tmp_path).read(cell) is None for cell in missing)


def test_a_defect_is_not_taken_for_a_cell_that_was_not_run(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        schedule(tmp_path, Maker('bc', ZeroDivisionError()), []).run(CELLS)


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    shelf, maker = Shelf(tmp_path), Maker()
    shelf.keep(CELLS[0], result(CELLS[0]))
    text = shelf.path(CELLS[0]).read_text()
    shelf.path(CELLS[0]).write_text(text[: len(text) // 2])
    schedule(tmp_path, maker, []).run(CELLS[:1])
    assert maker.made == CELLS[:1]


def test_no_cell_is_begun_when_the_time_is_over(tmp_path: Path) -> None:
    said: list[str] = []
    maker = Maker()
    missing = schedule(tmp_path, maker, said, Limits(all_s=0.0)).run(CELLS)
    assert (maker.made, len(missing)) == ([], len(CELLS))
    assert said == ['8 cells not run: the time is over']


def test_a_cell_that_takes_too_long_is_cut_off_and_the_next_one_runs(tmp_path: Path) -> None:
    class Slow(Maker):
        def __call__(self, cell, world, root):
            if cell == CELLS[0]:
                sleep(60)
            return super().__call__(cell, world, root)

    said: list[str] = []
    begun = monotonic()
    missing = schedule(tmp_path, Slow(), said, Limits(cell_s=0.05)).run(CELLS)
    assert monotonic() - begun < 30
    assert missing == [CELLS[0]]
    assert any('not done within 0 s; run it again to go on' in line for line in said)


def test_the_alarm_is_off_afterwards() -> None:
    with pytest.raises(OutOfTime), within(0.02, 'it'):
        sleep(60)
    with within(0.02, 'it'):
        pass
    sleep(0.05)  # an alarm that was left on would end the test run
