# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd episodes`: what is printed, and the exit codes."""

import json
from pathlib import Path

import pytest

from hvd_ros.cli import episodes
from hvd_ros.cli import main as cli
from test import episode_maker as maker

PLAIN = {'frames': 3, 'cameras': (), 'cloud': False}


@pytest.fixture
def root(tmp_path, monkeypatch):
    root = tmp_path / 'data'
    maker.make_episode(root, **PLAIN)
    maker.make_episode(root, task='wipe_board', seed=1, kind='suboptimal', outcome='', **PLAIN)
    monkeypatch.setenv('HVD_DATA_DIR', str(root))
    return root


def run(*words):
    return cli.main(['episodes', *map(str, words)])


def torn(root):
    folder = next((root / 'pen_insert').iterdir())
    bag = next(folder.glob('*.mcap'))
    bag.write_bytes(bag.read_bytes()[:-50])
    return folder


@pytest.mark.parametrize('name', episodes.SUB_VERBS)
def test_every_sub_verb_has_a_file_and_a_help(name, capsys):
    assert Path(episodes.__file__).with_name('episode_verbs').joinpath(f'{name}.py').exists()
    with pytest.raises(SystemExit):
        run(name, '--help')
    assert 'usage: hvd episodes' in capsys.readouterr().out


def test_list_has_a_line_per_episode_and_a_sum(root, capsys):
    assert run('list') == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        'episode_id', 'task', 'kind', 'outcome', 'frames', 'duration_s', 'rate_hz', 'healthy',
        'size_mb',
    ]  # fmt: skip
    assert lines[1].split()[1:8] == ['pen_insert', 'expert', 'success', '3', '0.3', '10.0', 'yes']
    assert lines[2].split()[1:4] == ['wipe_board', 'suboptimal', '-']
    assert lines[3].startswith('2 episodes, 6 frames')


def test_list_as_json_of_one_task(root, capsys):
    assert run('list', '--task', 'wipe_board', '--json') == 0
    found = json.loads(capsys.readouterr().out)
    assert [row['task'] for row in found['episodes']] == ['wipe_board']
    assert found['episodes'][0]['frames'] == 3
    assert found['problems'] == []


def test_list_names_what_is_not_sealed_and_what_is_broken(root, capsys):
    folder = next((root / 'pen_insert').iterdir())
    (folder / 'episode.json').write_text('{')
    (root / 'pen_insert' / 'later.partial').mkdir()
    assert run('list') == 1
    out = capsys.readouterr().out
    assert 'not sealed' in out
    assert 'later.partial' in out
    assert 'problem:' in out
    assert '1 episodes' in out


@pytest.mark.parametrize(
    ('words', 'code', 'said'),
    [
        (['list', '--root', '/nowhere'], 6, 'HVD_DATA_DIR'),
        (['verify', 'no-such-id'], 2, "no episode 'no-such-id'"),
        (['list', '--task', 'pen_inser'], 2, "did you mean 'pen_insert'"),
        (['repair', '--root', '/nowhere'], 6, 'HVD_DATA_DIR'),
    ],
)
def test_a_wrong_word_is_one_line(root, capsys, words, code, said):
    assert run(*words) == code
    error = capsys.readouterr().err
    assert said in error
    assert error.count('\n') == 1


def test_verify_finds_repair_mends_verify_is_content(root, capsys):
    assert run('verify') == 0
    torn(root)
    assert run('verify') == 1
    assert 'not a whole MCAP file' in capsys.readouterr().out
    assert run('repair') == 0
    assert '2 folders, 1 repaired, 0 not' in capsys.readouterr().out
    assert run('verify', '--json') == 0
    assert json.loads(capsys.readouterr().out) == {'episodes': 2, 'problems': []}
    assert run('repair') == 0
    assert '2 folders, 0 repaired, 0 not' in capsys.readouterr().out


def test_one_episode_by_id_and_by_folder(root, capsys):
    folder = torn(root)
    assert run('verify', folder.name) == 1
    assert run('verify', next((root / 'wipe_board').iterdir())) == 0
    assert capsys.readouterr().out.splitlines()[-1] == '1 episodes checked, 0 problems'


def test_repair_says_what_it_could_not_do(root, capsys):
    odd = root / 'pen_insert' / 'x.partial'
    odd.mkdir()
    (odd / 'x_0.mcap').write_bytes(b'no')
    assert run('repair', odd) == 1
    assert 'not an MCAP file (2 bytes)' in capsys.readouterr().out


def test_copy_and_copy_again(root, tmp_path, capsys):
    assert run('copy', tmp_path / 'disk') == 0
    assert '2 episodes are whole in' in capsys.readouterr().out
    assert run('copy', tmp_path / 'disk') == 0
    assert capsys.readouterr().out.count('there already') == 2
    assert run('verify', '--root', tmp_path / 'disk') == 0
