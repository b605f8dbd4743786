# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two processes do what one does with the same chunks; weights can be shared out as well."""

from collections.abc import Sequence
from dataclasses import replace
import os
from pathlib import Path
import socket
import subprocess
import sys

import pytest
from safetensors.torch import load_file
import torch

from hvd_training.train import checkpoint
from hvd_training.train.config import PolicyTrain, RunConfig, ValueTrain
from hvd_training.train.metrics import read_metrics
from hvd_training.train.phase1 import train_value
from hvd_training.train.phase2 import train_policy
from hvd_training.train.presets import preset
from test.training.learning_data import dataset, good_and_bad

LIMIT_S = 400  # a busy machine takes a minute to import PyTorch
STEPS = 4
PARALLEL = ('ddp', 'fsdp')


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    # Short episodes: many chunks are cut by the end, and parts differ in how many steps count.
    return str(dataset(tmp_path_factory.mktemp('data') / 'd', good_and_bad(8, frames=6)))


def run_config(**changes: object) -> RunConfig:
    made = preset('tiny-hvd').policy.run
    return replace(
        made,
        steps=STEPS,
        device='cpu',
        log_every=1,
        save_every=STEPS,
        validate_every=STEPS,
        **changes,
    )


def value_config(**changes: object) -> ValueTrain:
    made = preset('tiny-hvd').value
    assert made is not None
    return replace(made, run=run_config(**changes), data=replace(made.data, validation=0.25))


def policy_config(**changes: object) -> PolicyTrain:
    made = preset('tiny-hvd').policy
    optim = replace(made.optim, schedule='constant', warmup=0, ema=0.5)
    return replace(
        made, run=run_config(**changes), optim=optim, data=replace(made.data, validation=0.25)
    )


def together(lines: Sequence[str], processes: int = 2) -> None:
    """Run a program in several processes that find each other as torchrun lets them."""
    program = '\n'.join(['import sys', f'sys.path[:0] = {sys.path!r}',
        'from test.training.train.test_two_processes import *', *lines])  # fmt: skip
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
    started = [
        subprocess.Popen(
            [sys.executable, '-c', program],
            env=os.environ
            | {'WORLD_SIZE': str(processes), 'RANK': str(rank), 'LOCAL_RANK': str(rank)}
            | {'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': port, 'OMP_NUM_THREADS': '1'},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(processes)
    ]
    try:
        said = [process.communicate(timeout=LIMIT_S)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    assert [process.returncode for process in started] == [0] * processes, '\n'.join(said)[-4000:]


def alike(a: Path, b: Path) -> None:
    for name in ('model', 'learning', 'optimizer'):
        first, second = (
            {}
            if not (checkpoint.required(run).folder / f'{name}.safetensors').is_file()
            else checkpoint.required(run).tensors(name)
            for run in (a, b)
        )
        assert first.keys() == second.keys(), name
        for key in first:
            # The sums are the same, in another order.
            assert torch.allclose(first[key].double(), second[key].double(), atol=2e-6), key
    steps = [[row['step'] for row in read_metrics(run)] for run in (a, b)]
    assert steps == [list(range(1, STEPS + 1))] * 2


def everything(data: str, place: Path) -> None:
    """Learn in each of two processes: a value, and each way of sharing out, cut in two."""
    train_value([data], value_config(), place / 'value')
    for parallel in PARALLEL:
        whole = policy_config(parallel=parallel)
        half = replace(whole, run=replace(whole.run, steps=STEPS // 2))
        train_policy([data], half, place / parallel, place / 'one-value')
        train_policy([data], whole, place / parallel, place / 'one-value', resume=True)


@pytest.fixture(scope='module')
def runs(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of what one process learnt, and of what two learnt together."""
    place = tmp_path_factory.mktemp('runs')
    train_value([data], value_config(), place / 'one-value')
    train_policy([data], policy_config(), place / 'one', place / 'one-value')
    # All in one start of theirs: importing PyTorch takes longer than everything that it does here.
    together([f'everything({data!r}, Path({str(place)!r}))'])
    return place


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_processes_learn_the_value_that_one_learns(runs: Path) -> None:
    alike(runs / 'one-value', runs / 'value')


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize('parallel', PARALLEL)
def test_two_processes_learn_the_policy_that_one_learns_and_go_on_with_it(
    runs: Path, parallel: str
) -> None:
    alike(runs / 'one', runs / parallel)
    # One process takes up what two have written.
    published = [load_file(runs / name / 'model.safetensors') for name in (parallel, 'one')]
    assert published[0].keys() == published[1].keys()
