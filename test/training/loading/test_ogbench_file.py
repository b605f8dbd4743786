# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OGBench files: where a trajectory was cut is not where the goal was reached."""

from pathlib import Path

import numpy as np
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.starts import choose_starts
from hvd_training.groups import ogbench_manipulation
from hvd_training.train.contract import groups_for

RAW = DataConfig(horizon=4, normalise='none', limit=0.0, validation=0.0)
LENGTHS = (7, 5)  # rows of the trajectories, the last observation included


def fields(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = sum(LENGTHS)
    ends = np.cumsum(LENGTHS) - 1
    terminals = np.zeros(rows, np.float32)
    terminals[ends] = 1
    masks = np.ones(rows, np.float32)
    masks[[3, 4]] = 0  # the goal is reached in the middle of the first trajectory
    return {
        'observations': rng.normal(size=(rows, 3)).astype(np.float32),
        'actions': rng.uniform(-1, 1, (rows, 5)).astype(np.float32),
        'terminals': terminals,
        'masks': masks,
        'rewards': masks * -1,
    }


def saved(path: Path, **values: np.ndarray) -> str:
    np.savez(path, **values)
    return str(path)


def test_chunks_end_at_terminals_and_bootstraps_at_masks(tmp_path: Path) -> None:
    data = fields()
    corpus = open_corpus([saved(tmp_path / 'a.npz', **data)], RAW)
    starts = choose_starts(corpus)
    assert starts.every.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9, 10]  # 6 and 11 have no action
    batch = corpus.chunks(np.array([1, 4, 8]))
    assert batch.valid.tolist() == [[True] * 4, [True, True, False, False], [True] * 3 + [False]]
    assert batch.terminated.tolist() == [[False, False, True, True], [True] + [False] * 3,
                                         [False] * 4]  # fmt: skip
    assert batch.rewards.tolist() == [[-1, -1, 0, 0], [0, -1, 0, 0], [-1, -1, -1, 0]]
    follows = batch.next_observation['state'].numpy()
    assert np.array_equal(follows, data['observations'][[5, 6, 11]])
    assert np.array_equal(batch.actions[0].numpy(), data['actions'][1:5])


def test_a_file_with_next_observations_gives_the_same_chunks(tmp_path: Path) -> None:
    data = fields()
    acts = np.flatnonzero(data['terminals'] == 0)
    ends = np.cumsum(LENGTHS) - 2
    cut = {name: values[acts] for name, values in data.items()}
    cut['terminals'] = np.isin(acts, ends).astype(np.float32)
    cut['next_observations'] = data['observations'][acts + 1]
    first = open_corpus([saved(tmp_path / 'a.npz', **data)], RAW)
    second = open_corpus([saved(tmp_path / 'b.npz', **cut)], RAW)
    a, b = (c.chunks(choose_starts(c).every) for c in (first, second))
    for name in ('actions', 'valid', 'rewards', 'terminated', 'row'):
        assert np.array_equal(getattr(a, name).numpy(), getattr(b, name).numpy()), name
    assert np.array_equal(a.next_observation['state'], b.next_observation['state'])


def test_trajectories_that_reach_the_goal_are_successes(tmp_path: Path) -> None:
    corpus = open_corpus([saved(tmp_path / 'a.npz', **fields())], RAW)
    assert [facts.success for facts in corpus.facts] == [True, False]
    assert groups_for(corpus) == ogbench_manipulation()


def test_roles_make_a_slice_of_successes_the_demonstrations(tmp_path: Path) -> None:
    good, every = saved(tmp_path / 'good.npz', **fields()), saved(tmp_path / 'e.npz', **fields(1))
    corpus = open_corpus([f'optimal:{good}', f'mixed:{every}'], RAW)
    assert corpus.is_expert.tolist() == [True, True, False, False]
    # Nothing says how to normalise such files, so the first one's numbers do for both.
    alone = open_corpus([good], RAW)
    assert {part.stats.sha256 for part in corpus.parts} == {alone.parts[0].stats.sha256}


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'masks': None}, 'lacks masks'),
        ({'rewards': np.zeros(3, np.float32)}, 'different lengths'),
        ({'terminals': np.zeros(12, np.float32)}, 'its last trajectory has no end'),
    ],
)
def test_a_file_that_is_not_whole_is_refused(tmp_path: Path, change: dict, said: str) -> None:
    data = {k: v for k, v in (fields() | change).items() if v is not None}
    with pytest.raises(ContractMismatch, match=said):
        open_corpus([saved(tmp_path / 'a.npz', **data)], RAW)


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    path = Path(saved(tmp_path / 'a.npz', **fields()))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ContractMismatch, match='no whole .npz file'):
        open_corpus([str(path)], RAW)
