# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A run is trained once, shared by whoever asks for the same, and gone on with when cut off."""

from dataclasses import replace
from pathlib import Path

import pytest

from hvd_training.proof import learning
from hvd_training.proof.cell import Cell, Data, Scale
from hvd_training.proof.making import make
from hvd_training.train import loop
from test.training.evaluate.made_outcomes import played
from test.training.learning_data import dataset, good_and_bad

SCALE = Scale(
    policy_steps=4, value_steps=4, batch_size=4, horizon=4, episodes=1, sees='state',
    policy=('--policy.width', '16', '--policy.depth', '1'),
    value=('--value.width', '16', '--value.depth', '1'),
)  # fmt: skip
CELL = Cell('hvd', Data(('pen_insert',), 4, 4), 0, SCALE)


class World:
    """A dataset that is there."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def datasets(self, data: Data, scale: Scale) -> list[str]:
        return [f'any:{self._data}']

    def outcomes(self, cell: Cell, run: Path):
        assert (run / 'model.safetensors').is_file()
        return played('1')


@pytest.fixture(scope='module')
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(dataset(tmp_path_factory.mktemp('data') / 'd', good_and_bad(8)))


def count(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that grows by the kind of every training."""
    kinds: list[str] = []
    train = loop.train

    def counted(learner, batches, folder, *rest, **named):
        kinds.append(folder.kind)
        return train(learner, batches, folder, *rest, **named)

    monkeypatch.setattr(loop, 'train', counted)
    return kinds


def test_a_cell_is_data_value_policy_and_episodes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = count(monkeypatch)
    found = make(CELL, world, tmp_path)
    assert kinds == ['value', 'policy']
    assert set(found.seconds) == {'data', 'value', 'policy', 'episodes'}
    assert (tmp_path / found.value_run / 'model.safetensors').is_file()
    assert found.value['loss_q'] > 0
    assert found.policy['loss'] > 0
    # The same again trains nothing; another number of episodes neither.
    make(CELL, world, tmp_path)
    make(replace(CELL, scale=replace(SCALE, episodes=2)), world, tmp_path)
    assert kinds == ['value', 'policy']
    # Another seed trains both, imitation no value.
    make(replace(CELL, seed=1), world, tmp_path)
    make(replace(CELL, method='bc'), world, tmp_path)
    assert kinds == ['value', 'policy', 'value', 'policy', 'policy']


def test_training_that_was_cut_off_goes_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, specs = replace(CELL, method='bc'), world.datasets(CELL.data, SCALE)
    seed, steps = loop.seed, []

    def cut(base: int, step: int) -> None:
        steps.append(step)
        if steps == [-1, 0, 1, 2]:
            raise InterruptedError
        seed(base, step)

    monkeypatch.setattr(loop, 'seed', cut)
    with pytest.raises(InterruptedError):
        learning.policy_of(cell, specs, None, tmp_path)
    steps.append(-9)
    found = learning.policy_of(cell, specs, None, tmp_path)
    assert [s for s in steps[steps.index(-9) + 1 :] if s >= 0] == [2, 3]
    assert found.report['loss'] > 0
