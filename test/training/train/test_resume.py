# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Four updates are two, a new start, and two more: every bit of every file and every report."""

from dataclasses import replace
import functools
import json
from pathlib import Path
import signal

import pytest
from safetensors.torch import load_file
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.objectives.qipo import QipoConfig
from hvd_training.train import checkpoint, loop
from hvd_training.train.config import PolicyTrain, ValueTrain
from hvd_training.train.metrics import read_metrics
from hvd_training.train.phase1 import train_value
from hvd_training.train.phase2 import train_policy
from hvd_training.train.presets import preset
from test.training.learning_data import dataset, good_and_bad

TIMES = ('steps_per_s', 'data_wait_share')
SPLIT = 0.25


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(dataset(tmp_path_factory.mktemp('data') / 'd', good_and_bad(8)))


@pytest.fixture(scope='module')
def value(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp('value') / 'v'
    train_value([data], value_config(2), out)
    return out


def value_config(steps: int) -> ValueTrain:
    made = preset('tiny-hvd').value
    assert made is not None
    run = replace(made.run, steps=steps, log_every=1, save_every=2, validate_every=2, keep=9)
    return replace(made, run=run, data=replace(made.data, validation=SPLIT))


def policy_config(objective: str, steps: int, **policy: object) -> PolicyTrain:
    made = preset('tiny-hvd').policy.named(None, objective)
    run = value_config(steps).run
    # The rate depends on how many updates there will be, so it is the same for both ways.
    optim = replace(made.optim, schedule='constant', warmup=1)
    return replace(
        made,
        run=run,
        optim=optim,
        data=replace(made.data, validation=SPLIT),
        policy=replace(made.policy, **policy),
    )


def same_files(a: Path, b: Path) -> None:
    names = sorted(p.name for p in a.glob('*.safetensors'))
    assert names == sorted(p.name for p in b.glob('*.safetensors'))
    assert names
    for name in names:
        first, second = load_file(a / name), load_file(b / name)
        assert first.keys() == second.keys()
        for key in first:
            assert torch.equal(first[key], second[key]), (name, key)


def same_runs(a: Path, b: Path) -> None:
    same_files(a, b)
    same_files(checkpoint.required(a).folder, checkpoint.required(b).folder)
    plain = [
        [{k: v for k, v in row.items() if k not in TIMES} for row in read_metrics(run)]
        for run in (a, b)
    ]
    assert plain[0] == plain[1]
    assert [row['step'] for row in plain[0]] == [1, 2, 3, 4]


def test_a_value_that_is_gone_on_with_is_the_one_that_was_not_stopped(
    data: str, tmp_path: Path
) -> None:
    train_value([data], value_config(4), tmp_path / 'whole')
    train_value([data], value_config(2), tmp_path / 'parts')
    train_value([data], value_config(4), tmp_path / 'parts', resume=True)
    same_runs(tmp_path / 'whole', tmp_path / 'parts')


@pytest.mark.parametrize(
    ('objective', 'policy'),
    [
        ('bc', {'head': 'mse'}),
        ('hvd', {'head': 'clean_flow'}),
        ('hvd', {'head': 'ddpm'}),
        ('qipo', {'head': 'flow', 'sampling_steps': 2}),
    ],
)
def test_a_policy_that_is_gone_on_with_is_the_one_that_was_not_stopped(
    data: str, value: Path, tmp_path: Path, objective: str, policy: dict
) -> None:
    make = functools.partial(policy_config, objective, **policy)
    whole, two, four = make(4), make(2), make(4)
    if objective == 'qipo':  # draws of update 1 are learnt from until update 4, behind the stop
        whole, two, four = (
            replace(c, objective=QipoConfig(draws=4, renew_every=4, imitate_share=0.0))
            for c in (whole, two, four)
        )
    train_policy([data], whole, tmp_path / 'whole', value)
    train_policy([data], two, tmp_path / 'parts', value)
    train_policy([data], four, tmp_path / 'parts', value, resume=True)
    same_runs(tmp_path / 'whole', tmp_path / 'parts')


def test_the_same_seed_gives_the_same_run_and_another_one_another(
    data: str, tmp_path: Path
) -> None:
    for name, seed in (('a', 0), ('b', 0), ('c', 1)):
        config = value_config(4)
        train_value([data], replace(config, run=replace(config.run, seed=seed)), tmp_path / name)
    same_runs(tmp_path / 'a', tmp_path / 'b')
    first, other = (load_file(tmp_path / n / 'model.safetensors') for n in ('a', 'c'))
    changed = [not torch.equal(first[k], other[k]) for k in first if k.endswith('weight')]
    assert any(changed)


def test_ctrl_c_saves_what_was_learnt_and_going_on_gives_the_same(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_value([data], value_config(4), tmp_path / 'whole')
    seed = loop.seed

    def interrupting(base: int, step: int) -> None:
        seed(base, step)
        if step == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(loop, 'seed', interrupting)
    with pytest.raises(KeyboardInterrupt):
        train_value([data], value_config(4), tmp_path / 'parts')
    monkeypatch.undo()
    assert checkpoint.required(tmp_path / 'parts').step == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    train_value([data], value_config(4), tmp_path / 'parts', resume=True)
    same_files(tmp_path / 'whole', tmp_path / 'parts')


def test_a_run_that_is_there_is_not_begun_again(data: str, value: Path) -> None:
    before = (value / 'config.json').read_bytes()
    with pytest.raises(ConfigError, match='is there already; --resume goes on'):
        train_value([data], value_config(2), value)
    assert (value / 'config.json').read_bytes() == before


def test_a_run_that_is_done_has_nothing_left_to_do(data: str, tmp_path: Path) -> None:
    train_value([data], value_config(2), tmp_path / 'v')
    before = checkpoint.required(tmp_path / 'v').folder.stat().st_mtime_ns
    train_value([data], value_config(2), tmp_path / 'v', resume=True)
    assert checkpoint.required(tmp_path / 'v').folder.stat().st_mtime_ns == before


def test_a_run_does_not_go_on_with_other_data(data: str, value: Path, tmp_path: Path) -> None:
    other = str(dataset(tmp_path / 'd', good_and_bad(8, first=50), like=Path(data)))
    with pytest.raises(ContractMismatch, match='learnt from other data'):
        train_value([other], value_config(4), value, resume=True)


def test_a_run_does_not_go_on_as_another_phase(data: str, value: Path) -> None:
    with pytest.raises(ContractMismatch, match='holds a value, a policy is needed'):
        train_policy([data], policy_config('bc', 4), value, resume=True)


def test_a_report_of_a_step_that_is_made_again_stands_once(data: str, tmp_path: Path) -> None:
    run = tmp_path / 'v'
    train_value([data], value_config(2), run)
    with (run / 'metrics.jsonl').open('a') as file:
        file.write(json.dumps({'step': 3, 'loss_q': 1.0}) + '\n{"step": 4, "lo')
    train_value([data], value_config(4), run, resume=True)
    assert [row['step'] for row in read_metrics(run)] == [1, 2, 3, 4]


def test_accumulating_gives_the_same_update_as_one_pass(data: str, tmp_path: Path) -> None:
    # Chunks of one step are all whole, so that parts weigh the same.
    runs = []
    for parts in (1, 2):
        config = policy_config('bc', 3, head='flow')
        config = replace(
            config,
            data=replace(config.data, horizon=1),
            run=replace(config.run, accumulate=parts),
        )
        train_policy([data], config, tmp_path / str(parts))
        runs.append(load_file(tmp_path / str(parts) / 'model.safetensors'))
    for key in runs[0]:
        assert torch.allclose(runs[0][key], runs[1][key], atol=1e-5), key
