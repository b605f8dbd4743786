# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A run stays readable whatever kills the process that writes it."""

from collections.abc import Iterator
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.train import checkpoint

# Importing PyTorch takes longer than writing: it is done once, and every writer forks from there.
WRITERS = textwrap.dedent("""
    import os
    from pathlib import Path
    import sys
    import torch
    from hvd_training.train import checkpoint
    torch.set_num_threads(1)
    run = Path(sys.argv[1])
    for line in sys.stdin:
        if writer := os.fork():
            print(writer, flush=True)
            os.waitpid(writer, 0)
            print('gone', flush=True)
            continue
        found = checkpoint.latest(run)
        step = found.step if found else 0
        while True:
            step += 1
            files = {n: {'w': torch.full((200_000,), float(step))} for n in ('model', 'optimizer')}
            made = checkpoint.save(run, {'step': step}, files, keep=2)
            checkpoint.publish(run, made / 'model.safetensors')
""")


def files(step: int) -> dict[str, dict[str, torch.Tensor]]:
    return {'model': {'w': torch.full((4,), float(step))}}


@pytest.fixture
def writers(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(
        [sys.executable, '-c', WRITERS, str(tmp_path)], start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    yield started
    os.killpg(started.pid, signal.SIGKILL)
    started.communicate()


def newest(run: Path) -> int:
    """Return the newest step by the names alone: what they hold may be on its way out."""
    return max((int(p.name) for p in run.glob(f'{checkpoint.FOLDER}/[0-9]*')), default=0)


@pytest.mark.timeout(300)
def test_kill_9_at_any_moment_leaves_a_run_that_can_be_read(
    tmp_path: Path, writers: subprocess.Popen[str]
) -> None:
    rng, last = random.Random(0), 0
    assert writers.stdin is not None and writers.stdout is not None
    for _ in range(5):
        writers.stdin.write('another\n')
        writers.stdin.flush()
        writer = int(writers.stdout.readline())
        deadline = time.monotonic() + 60
        while newest(tmp_path) <= last:
            assert time.monotonic() < deadline, 'nothing was written'
            time.sleep(0.01)
        time.sleep(rng.uniform(0.05, 0.3))
        os.kill(writer, signal.SIGKILL)
        assert writers.stdout.readline() == 'gone\n'
        found = checkpoint.latest(tmp_path)
        assert found is not None
        assert found.step > last
        for name in ('model', 'optimizer'):
            assert (found.tensors(name)['w'] == found.step).all()
        published = tmp_path / 'model.safetensors'
        if published.exists():
            value = checkpoint.load_file(published)['w']
            assert value.min() == value.max() >= last
        last = found.step
    assert last > 5


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3, 4):
        checkpoint.save(tmp_path, {'step': step}, files(step), keep=2)
    names = sorted(p.name for p in (tmp_path / checkpoint.FOLDER).iterdir())
    assert names == ['00000003', '00000004']


def test_what_was_being_written_or_lost_a_file_is_not_taken(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        checkpoint.save(tmp_path, {'step': step}, files(step), keep=9)
    place = tmp_path / checkpoint.FOLDER
    (place / '00000003').rename(place / '.partial-00000003')
    (place / '00000002' / 'model.safetensors').unlink()
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found.step == 1


def test_a_file_that_was_cut_is_not_taken(tmp_path: Path) -> None:
    for step in (1, 2):
        checkpoint.save(tmp_path, {'step': step}, files(step), keep=9)
    path = tmp_path / checkpoint.FOLDER / '00000002' / 'model.safetensors'
    path.write_bytes(path.read_bytes()[:-3])
    found = checkpoint.latest(tmp_path)
    assert found is not None
    assert found.step == 1


def test_a_file_with_other_content_of_the_same_length_is_said_to_be_damaged(
    tmp_path: Path,
) -> None:
    checkpoint.save(tmp_path, {'step': 1}, files(1), keep=1)
    path = tmp_path / checkpoint.FOLDER / '00000001' / 'model.safetensors'
    path.write_bytes(b'\xff' * path.stat().st_size)
    with pytest.raises(ContractMismatch, match='is damaged.*go on from the one before'):
        checkpoint.required(tmp_path).tensors('model')


def test_a_run_without_one_says_so(tmp_path: Path) -> None:
    assert checkpoint.latest(tmp_path) is None
    with pytest.raises(ConfigError, match='no whole checkpoint'):
        checkpoint.required(tmp_path)


def test_numbers_come_back_as_they_were_with_their_type(tmp_path: Path) -> None:
    tensors = {
        'half': torch.tensor([1.5], dtype=torch.bfloat16),
        'step': torch.tensor(7.0),
        'flag': torch.tensor([True, False]),
        'turned': torch.arange(6).reshape(2, 3).T,
    }
    checkpoint.save(tmp_path, {'step': 1, 'seed': 3}, {'model': tensors}, keep=1)
    found = checkpoint.required(tmp_path)
    assert found.state['seed'] == 3
    for name, tensor in found.tensors('model').items():
        assert tensor.dtype == tensors[name].dtype
        assert torch.equal(tensor, tensors[name])
