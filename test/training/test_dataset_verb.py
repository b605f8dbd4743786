# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import json

import pytest

from hvd_ros.cli.main import main
from hvd_training.benches import convert as bench
from hvd_training.cli.dataset import ACTS
from hvd_training.data.dataset import Dataset
from test.episode_maker import make_episode


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    root = tmp_path_factory.mktemp('episodes')
    for seed, kind in enumerate(('expert', 'suboptimal', 'rollout', 'expert')):
        outcome = 'failure' if kind == 'suboptimal' else 'success'
        make_episode(root, frames=15, seed=seed, kind=kind, outcome=outcome, cameras=('head',))
    make_episode(root, frames=25, seed=9, task='wipe_board', cameras=('head',))
    return root


def hvd(*words):
    return main(['dataset', *map(str, words)])


@pytest.fixture(scope='module')
def made(recorded, tmp_path_factory):
    out = tmp_path_factory.mktemp('made') / 'set'
    assert hvd('convert', recorded, '--out', out, '--workers', 1) == 0
    return out


@pytest.mark.parametrize('act', ACTS)
def test_every_act_has_help_with_examples(act, capsys):
    with pytest.raises(SystemExit) as done:
        hvd(act, '--help')
    assert done.value.code == 0
    assert 'examples:\n  hvd dataset' in capsys.readouterr().out


def test_the_arguments_of_the_hvd_repository_do_what_theirs_do(recorded, tmp_path, capsys):
    code = hvd(
        'convert',
        *('--raw_dirs', recorded / 'wipe_board', recorded / 'pen_insert'),
        *('--tasks', 'wipe it', 'insert it'),
        *('--num_episodes', 2),
        '--success_only',
        *('--out', tmp_path / 'a', '--format', 'v2.1', '--state', 'position', '--workers', 1),
    )
    assert code == 0
    data = Dataset(tmp_path / 'a')
    assert [f.prompt for f in data.facts] == ['wipe it', 'insert it', 'insert it']
    assert all(facts.success for facts in data.facts)
    assert data.format == 'v2.1'
    assert data.features['observation.state'].shape == (21,)
    assert 'pi0' not in capsys.readouterr().out


def test_a_state_too_large_for_openpi_is_told(made, tmp_path, capsys):
    assert hvd('convert', made, '--out', tmp_path / 'b', '--format', 'v2.1') == 0
    assert 'pi0 in openpi takes 32' in capsys.readouterr().out
    assert Dataset(tmp_path / 'b').content_sha256 == Dataset(made).content_sha256


def test_an_option_without_effect_on_a_dataset_is_refused(made, tmp_path, capsys):
    assert hvd('convert', made, '--out', tmp_path / 'b', '--state', 'position') == 2
    assert '--state has no effect on a dataset' in capsys.readouterr().err


def test_stats_check_and_sharing(made, tmp_path, capsys):
    assert hvd('stats', made, '--openpi', tmp_path / 'norm_stats.json') == 0
    assert 'left_arm_joint1' in capsys.readouterr().out
    assert set(json.loads((tmp_path / 'norm_stats.json').read_text())) == {'norm_stats'}
    assert hvd('check', made, '--json') == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last['errors'] == 0
    parts = tmp_path / 'parts'
    assert hvd('split', made, '--out', parts, '--parts', 'a=0.5', 'b=0.5') == 0
    assert hvd('stats', parts / 'b', '--use', made) == 0
    assert hvd('merge', parts / 'a', parts / 'b', '--out', tmp_path / 'm') == 0
    assert Dataset(tmp_path / 'm').frames == Dataset(made).frames


def test_differences_leave_openings_and_speeds_alone(made, capsys):
    assert hvd('stats', made, '--delta', '--horizon', 4) == 0
    assert 'actions: delta, 4 a row' in capsys.readouterr().out
    kept = json.loads((made / 'meta/norm_stats.json').read_text())['representation']['delta']
    assert len(kept) == 16
    assert not [name for name in kept if 'gripper' in name or 'base' in name]


def test_damage_is_an_error_code(made, tmp_path, capsys):
    parts = tmp_path / 'parts'
    hvd('split', made, '--out', parts, '--parts', 'a=0.5', 'b=0.5')
    next((parts / 'a').glob('videos/*/*/*.mp4')).unlink()
    assert hvd('check', parts / 'a') == 1
    assert 'error:' in capsys.readouterr().out


def test_complexity_and_composition_of_recordings_and_datasets_agree(recorded, made, capsys):
    texts = []
    for place in (recorded, made):
        assert hvd('complexity', place, '--json') == 0
        assert hvd('composition', place, '--json') == 0
        texts.append(capsys.readouterr().out.splitlines())
    assert texts[0][0].split()[:2] == ['Task', 'Temporal']
    scores = json.loads(next(line for line in texts[0] if line.startswith('{"pen')))
    assert scores == {'pen_insert': 0.0, 'wipe_board': pytest.approx(0.75, abs=0.26)}
    assert json.loads(texts[0][-1]) == json.loads(texts[1][-1])
    assert json.loads(texts[0][-1])['expert_percent'] == pytest.approx(100 * 55 / 85)


@pytest.mark.parametrize(
    ('words', 'text'),
    [
        (['convert', '--out', 'x'], 'name at least one folder'),
        (['convert', '{}', '--out', 'x', '--kind', 'experts'], "did you mean 'expert'"),
        (['convert', '{}', '--out', 'x', '--state', 'speed'], "state feature 'speed'"),
        (['split', '{}', '--out', 'x', '--parts', 'train'], 'write NAME=SHARE'),
        (['complexity', '{}', '--kind', 'nobody'], "kind 'nobody'"),
        (['stats', '{}'], 'is missing; is'),
    ],
)
def test_wrong_arguments_end_in_one_line(words, text, recorded, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert hvd(*(word.format(recorded) for word in words)) > 0
    said = capsys.readouterr().err
    assert text in said
    assert said.count('\n') == 1


def test_the_bench_has_its_keys_and_says_nothing_of_a_peer_that_is_not_there(monkeypatch):
    monkeypatch.delenv(bench.PEER, raising=False)
    monkeypatch.setattr(bench, '_SIZE', (48, 64))
    found = bench.measure(quick=True, minutes=None)
    assert found['frames_per_s'] > 0
    assert found['ratio_vs_lerobot'] != found['ratio_vs_lerobot']
    assert found['size_ratio'] != found['size_ratio']
