# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd sim`: what is printed, what is refused in one line, and the exit codes."""

from pathlib import Path

import pytest

from hvd_ros.cli import main as cli
from hvd_ros.cli import sim
from hvd_ros.core.episodes.reader import list_episodes
from hvd_ros.sim.tasks.pen_insert import PenInsert

STILL = 'test.sim.generate.quick_policy:Still'
QUICK = ('--mix', 'rollouts', '--episodes', '2', '--tasks', 'pen_insert', '--workers', '1')


def run(*words):
    return cli.main(['sim', *map(str, words)])


@pytest.mark.parametrize('name', sim.SUB_VERBS)
def test_every_sub_verb_has_a_file_and_a_help(name, capsys):
    assert Path(sim.__file__).with_name('sim_verbs').joinpath(f'{name}.py').exists()
    with pytest.raises(SystemExit):
        run(name, '--help')
    assert 'usage: hvd sim' in capsys.readouterr().out


def test_generate_makes_the_episodes_and_says_what_comes_next(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(PenInsert, 'limit_s', 0.5)
    out = tmp_path / 'out'
    assert run('generate', *QUICK, '--policy', STILL, '--out', out, '--seed', 4) == 0
    said = capsys.readouterr()
    assert len(list_episodes(out)) == 2
    assert 'rollout          2 episodes       12 frames' in said.out
    assert f'{out}: 2 episodes' in said.out
    assert f'next: hvd dataset convert {out} --out DATASET' in said.out
    # The same command again makes nothing and says the same.
    assert run('generate', *QUICK, '--policy', STILL, '--out', out, '--seed', 4) == 0
    assert capsys.readouterr().out == said.out


@pytest.mark.parametrize(
    ('words', 'code', 'said'),
    [
        (('--mix', 'wb5'), 2, "did you mean 'wb50'"),
        (('--episodes', 0), 2, '0 episodes: allowed are 1 to'),
        (('--tasks', 'pen_insrt'), 2, "did you mean 'pen_insert'"),
        (('--setting', 'backgrund'), 2, "did you mean 'background'"),
        (('--seed', -1), 2, 'seed -1'),
        (('--workers', 0), 2, '--workers 0: at least 1'),
        (('--mix', 'rollouts'), 2, 'name who plays with --policy'),
        (('--policy', 'neighbours:nowhere.npz'), 2, "there is nothing at 'nowhere.npz'"),
        (('--policy', 'neighbour:x'), 2, "policy 'neighbour:x'"),
        (('--policy', 'expert'), 2, "policy 'expert'"),
        (('--policy', 'test.sim.generate.quick_policy:Foreign'), 4, 'is of a body with layout'),
    ],
)
def test_bad_input_is_one_line_and_leaves_no_folder(words, code, said, tmp_path, capsys):
    out = tmp_path / 'out'
    assert run('generate', '--out', out, *words) == code
    errors = capsys.readouterr().err
    assert errors.startswith('error: ')
    assert errors.count('\n') == 1
    assert said in errors
    assert not out.exists()


def test_a_folder_that_holds_other_things_is_refused(tmp_path, capsys):
    (tmp_path / 'mine').write_text('precious')
    assert run('generate', '--out', tmp_path) == 2
    assert 'holds other things' in capsys.readouterr().err
