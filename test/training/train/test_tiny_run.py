# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From a dataset to a policy that acts, by the verbs; and every way in which runs do not fit."""

from dataclasses import replace
import json
from pathlib import Path
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
import torch

from hvd_ros.cli.main import main
from hvd_ros.core.errors import ConfigError, ContractMismatch, HvdError
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.robot.description import load_body
from hvd_training.data.loading.opening import open_corpus
from hvd_training.train import checkpoint, run_folder
from hvd_training.train.config import PolicyTrain
from hvd_training.train.loading import load_policy
from hvd_training.train.phase2 import PolicyPhase, train_policy
from hvd_training.train.presets import preset
from hvd_training.train.value_run import open_value
from hvd_training.values.health import Diverged
from test.training.learning_data import dataset, good_and_bad

PROMPT = 'put the pen into the box'
SOME = ['--data.validation', '0.25']


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp('data') / 'd', good_and_bad(8))


@pytest.fixture(scope='module')
def runs(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the value `v` and the policy `p`, made by the verbs."""
    place = tmp_path_factory.mktemp('runs')
    words = [str(data), '--preset', 'tiny-hvd', *SOME]
    assert main(['train-value', *words, '--out', str(place / 'v')]) == 0
    before = (place / 'v' / 'model.safetensors').read_bytes()
    policy = [*words, '--value', str(place / 'v'), '--out', str(place / 'p')]
    assert main(['train-policy', *policy]) == 0
    # A policy learns by a value and never changes it.
    assert (place / 'v' / 'model.safetensors').read_bytes() == before
    return place


def tiny(objective: str = 'hvd', **changes: object) -> PolicyTrain:
    made = preset('tiny-hvd').policy.named(None, objective)
    return replace(made, data=replace(made.data, validation=0.25), **changes)


def test_a_run_folder_says_what_it_was_made_of(data: Path, runs: Path) -> None:
    for name in ('v', 'p'):
        names = {path.name for path in (runs / name).iterdir()}
        assert {'config.json', 'run.json', 'norm_stats.json', 'metrics.jsonl',
                'model.safetensors', 'checkpoints'} <= names  # fmt: skip
    about = json.loads((runs / 'p' / 'run.json').read_text())
    assert about['value']['sha256'] == run_folder.file_hash(runs / 'v' / 'model.safetensors')
    assert about['datasets'][0]['path'] == str(data)
    assert (
        about['norm_sha256'] == json.loads((runs / 'p' / 'norm_stats.json').read_text())['sha256']
    )
    assert len(about['held_out']) == 2
    assert about['layout_id'] == '0x1'
    assert {'git_commit', 'torch', 'hvd_ros'} <= about['made_with'].keys()


def test_reports_have_speed_and_what_held_out_episodes_say(runs: Path) -> None:
    for name, wanted in (('v', 'auc/episode'), ('p', 'held_out/loss_expert')):
        rows = [json.loads(line) for line in (runs / name / 'metrics.jsonl').open()]
        assert [row['step'] for row in rows] == [5, 10, 15, 20]
        assert {'steps_per_s', 'data_wait_share', wanted} <= rows[-1].keys()


def test_a_policy_acts_the_same_for_the_same_seed_in_absolute_commands(runs: Path) -> None:
    policy = load_policy(runs / 'p')
    assert (policy.name, policy.execute, policy.needs) == ('p', 2, {Modality.STATE})
    seen = Observation(0, np.array([0.5, -0.5]))
    chunks = []
    for seed in (1, 1, 2):
        policy.reset(seed, PROMPT)
        chunks.append(policy.act(seen))
    assert chunks[0].shape == (4, 3)
    assert np.array_equal(chunks[0], chunks[1])
    assert not np.array_equal(chunks[0], chunks[2])


def test_a_policy_acts_on_what_the_corpus_would_show_it(data: Path, runs: Path) -> None:
    """Normalising an observation where it acts is what was done where it learnt."""
    policy = load_policy(runs / 'p')
    corpus = open_corpus([str(data)], tiny().data)
    batch = corpus.chunks(np.array([3]))
    state = corpus.parts[0].state[3]
    look = Observation(0, state.astype(float))
    policy.look(look)
    seen = policy._seen(look)
    assert torch.equal(seen['state'], batch.observation['state'])


def test_weights_are_computed_once_and_kept_under_the_value_and_the_data(
    data: Path, runs: Path, tmp_path: Path
) -> None:
    (kept,) = (runs / 'v' / 'weights').iterdir()
    said: list[str] = []
    train_policy([str(data)], tiny(), tmp_path / 'a', runs / 'v', say=said.append)
    assert said == []
    # The same value with other weights must not find them.
    other = shutil.copytree(runs / 'v', tmp_path / 'v')
    tensors = load_file(other / 'model.safetensors')
    save_file({k: t + 1 if t.is_floating_point() else t for k, t in tensors.items()},
              other / 'model.safetensors')  # fmt: skip
    train_policy([str(data)], tiny(), tmp_path / 'b', other, say=said.append)
    assert len(said) == 1
    assert len(list((other / 'weights').iterdir())) == 2
    assert kept.is_file()


def test_best_of_n_takes_its_value_along(data: Path, runs: Path, tmp_path: Path) -> None:
    train_policy([str(data)], tiny('idql'), tmp_path / 'i', runs / 'v')
    moved = (tmp_path / 'i').rename(tmp_path / 'moved')
    policy = load_policy(moved)
    policy.reset(0, PROMPT)
    assert np.isfinite(policy.act(Observation(0, np.zeros(2)))).all()
    shutil.rmtree(moved / 'value')
    with pytest.raises(ContractMismatch, match="no folder 'value'; copy the run as a whole"):
        load_policy(moved)


def test_dimensions_that_were_not_learnt_stay_where_they_are(data: Path, tmp_path: Path) -> None:
    config = tiny('bc')
    config = replace(config, data=replace(config.data, dimensions=('c',)))
    train_policy([str(data)], config, tmp_path / 'p')
    policy = load_policy(tmp_path / 'p')
    policy.reset(0, PROMPT)
    chunk = policy.act(Observation(0, np.array([0.25, -0.75])))
    assert (chunk[:, :2] == [0.25, -0.75]).all()


def test_a_prompt_that_was_never_learnt_is_refused(data: Path, tmp_path: Path) -> None:
    config = tiny('bc')
    config = replace(config, data=replace(config.data, observe=('state', 'prompt')))
    train_policy([str(data)], config, tmp_path / 'p')
    with pytest.raises(ConfigError, match='never learnt'):
        load_policy(tmp_path / 'p').reset(0, 'dance')


def test_a_policy_does_not_act_on_another_body(data: Path, runs: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(runs / 'p', tmp_path / 'p')
    about = json.loads((moved / 'run.json').read_text()) | {'robot': 'r1'}
    (moved / 'run.json').write_text(json.dumps(about))
    with pytest.raises(ContractMismatch, match="learnt on 'r1' with layout 0x1"):
        load_policy(moved, load_body('r1'))


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['--preset', 'tiny-hdv'], "no preset 'tiny-hdv'; did you mean 'tiny-hvd'"),
        (['--objective', 'hvdd'], "did you mean 'hvd'"),
        (['--objective.beat', '1', '--objective', 'hvd'], "did you mean 'beta'"),
        ([], 'no run was named; say --out'),
        (['--resume', '--out', 'nowhere'], 'nowhere is no run'),
    ],
)
def test_a_wrong_word_is_one_line_and_code_2(
    data: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['train-policy', str(data), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count('\n') == 1


def test_every_field_is_shown_with_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['train-value', '--preset', 'small-hvd', '--show', '--value.alpha', '2.5']) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert '2.5' in rows['--value.alpha']
    assert 'sharpness' in rows['--value.alpha']


def _refused(data: Path, config: PolicyTrain, out: Path, value: Path | None, said: str) -> None:
    with pytest.raises(HvdError, match=said) as raised:
        train_policy([str(data)], config, out, value)
    assert '\n' not in str(raised.value)
    # What was refused has left nothing behind that looks like a run.
    assert not out.exists()


def test_an_objective_that_goes_by_a_value_asks_for_one(data: Path, tmp_path: Path) -> None:
    for name in ('hvd', 'iql_awr', 'idql', 'qipo'):
        _refused(data, tiny(name), tmp_path / 'p', None, 'name its run: --value RUN')


def test_a_policy_is_no_value(data: Path, runs: Path, tmp_path: Path) -> None:
    _refused(data, tiny(), tmp_path / 'p', runs / 'p', 'holds a policy, a value is needed')
    with pytest.raises(ContractMismatch, match='holds a value, a policy is needed'):
        load_policy(runs / 'v')


def test_an_empty_expert_set_is_refused(data: Path, runs: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='is an expert demonstration.*name the expert set'):
        train_policy([f'mixed:{data}'], tiny(), tmp_path / 'p', runs / 'v')


def test_an_unknown_group_is_told_the_right_one(data: Path, tmp_path: Path, capsys) -> None:
    words = [str(data), '--preset', 'tiny-hvd', '--value.order', 'whoel', '--out']
    assert main(['train-value', *words, str(tmp_path / 'v')]) == 2
    assert "no group 'whoel'; did you mean 'whole'" in capsys.readouterr().err


def test_a_value_of_other_statistics_is_refused(data: Path, runs: Path, tmp_path: Path) -> None:
    other = dataset(tmp_path / 'd', good_and_bad(8, first=30))
    _refused(other, tiny(), tmp_path / 'p', runs / 'v', 'another norm_sha256.*--use')


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'horizon': 6}, 'another horizon .*choose the same --data.horizon'),
        ({'observe': ('state', 'prompt')}, 'another observe'),
        ({'limit': 3.0}, 'another limit'),
        ({'dimensions': ('a',)}, 'another actions'),
    ],
)
def test_a_value_that_saw_other_numbers_is_refused(
    data: Path, runs: Path, tmp_path: Path, change: dict, said: str
) -> None:
    config = tiny()
    config = replace(config, data=replace(config.data, **change))
    _refused(data, config, tmp_path / 'p', runs / 'v', said)


def test_a_damaged_checkpoint_is_refused(runs: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(runs / 'p', tmp_path / 'p')
    path = moved / 'model.safetensors'
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ContractMismatch, match='does not fit its config.json'):
        load_policy(moved)
    shutil.copy(runs / 'v' / 'model.safetensors', path)
    with pytest.raises(ContractMismatch, match='does not fit its config.json'):
        load_policy(moved)


def test_a_value_opens_frozen(runs: Path) -> None:
    value = open_value(runs / 'v')
    assert not any(p.requires_grad for p in value.learner.losses.parameters())
    assert not value.learner.losses.training


def test_a_policy_that_is_not_saved_yet_says_when_it_will_be(runs: Path, tmp_path: Path) -> None:
    moved = shutil.copytree(runs / 'p', tmp_path / 'p')
    (moved / 'model.safetensors').unlink()
    with pytest.raises(ConfigError, match='appears with the first checkpoint'):
        load_policy(moved)


def test_a_loss_that_is_no_number_ends_the_run_with_a_sound_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = PolicyPhase.step

    def broken(self, number, parts, report):
        log = step(self, number, parts, report)
        return {'loss': torch.tensor(torch.nan)} if number == 3 else log

    monkeypatch.setattr(PolicyPhase, 'step', broken)
    config = tiny('bc')
    config = replace(config, run=replace(config.run, log_every=1, save_every=1))
    with pytest.raises(Diverged, match='step 4: loss is not finite.*checkpoint is still sound'):
        train_policy([str(data)], config, tmp_path / 'p')
    assert checkpoint.required(tmp_path / 'p').step == 3
