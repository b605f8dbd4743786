# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Chunks keep to their episode, say which steps are real, and lose no reward at the end."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.labels.labels import Mark
from hvd_ros.core.labels.rewards import rewards
from hvd_training.data.assemble import assemble
from hvd_training.data.dataset import Dataset
from hvd_training.data.facts import EpisodeFacts, StageEnd
from hvd_training.data.lerobot import layout
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.starts import choose_starts, held_out, of_episodes
from hvd_training.data.reader import DatasetReader
from hvd_training.data.source import RawFrames
from hvd_training.data.statistics import norm_stats
from hvd_training.data.statistics.norm_stats import DELTA, Representation
from hvd_training.values.targets import chunk_return
from test.training.learning_data import Numbers, dataset, good_and_bad
from test.training.made_source import MadeSource, units_of

RAW = DataConfig(horizon=5, normalise='none', limit=0.0, validation=0.0)


@dataclass(frozen=True)
class Staged(Numbers):
    """An episode of a task of two stages, marked by (frame, stage, score)."""

    marks: tuple[tuple[int, int, float], ...] = ()

    @property
    def facts(self) -> EpisodeFacts:
        ends = tuple(StageEnd(*mark) for mark in self.marks)
        found: EpisodeFacts = replace(super().facts, stages=2, ends=ends, outcome='')
        return found

    def raw(self) -> RawFrames:
        ends = [Mark(*mark, 'a') for mark in self.marks]
        return replace(super().raw(), reward=rewards(ends, self.frames))


def test_no_chunk_holds_actions_of_two_episodes(tmp_path: Path) -> None:
    sources = [Numbers(i, 3 + 4 * i, constant=float(i)) for i in range(5)]
    corpus = open_corpus([str(dataset(tmp_path / 'd', sources))], RAW)
    batch = corpus.chunks(choose_starts(corpus).every)
    own = batch.episode.float()[:, None, None].expand_as(batch.actions)
    assert torch.equal(batch.actions[batch.valid], own[batch.valid])
    # What stands behind the end is the last action again, so it is of the same episode, too.
    assert torch.equal(batch.actions, own)


def test_a_pause_ends_a_chunk_and_is_no_termination(tmp_path: Path) -> None:
    corpus = open_corpus([str(dataset(tmp_path / 'd', [Numbers(0, 12, gap_before=6)]))], RAW)
    batch = corpus.chunks(np.array([4]))
    assert batch.valid[0].tolist() == [True, True, False, False, False]
    assert not batch.terminated.any()
    last = corpus.chunks(np.array([5])).observation['state']
    assert torch.equal(batch.next_observation['state'], last)


def test_the_end_of_an_episode_is_a_termination_and_a_reward_that_counts_once(
    tmp_path: Path,
) -> None:
    corpus = open_corpus([str(dataset(tmp_path / 'd', [Numbers(0, 12)]))], RAW)
    batch = corpus.chunks(np.array([9]))
    assert batch.terminated[0].tolist() == [False, False, True, False, False]
    assert batch.rewards[0].tolist() == pytest.approx([-0.001, -0.001, 1.0, 0.0, 0.0])


@pytest.mark.parametrize('horizon', [1, 4, 12])
def test_the_last_reward_is_in_as_many_chunks_as_can_reach_it(
    tmp_path: Path, horizon: int
) -> None:
    frames = 12
    corpus = open_corpus(
        [str(dataset(tmp_path / 'd', [Numbers(i, frames) for i in range(2)]))],
        replace(RAW, horizon=horizon),
    )
    batch = corpus.chunks(choose_starts(corpus).every)
    total, _ = chunk_return(batch.rewards, batch.valid, batch.terminated, 1.0, 1.0)
    for episode in range(2):
        paid = (total > 0.5) & (batch.episode == episode)
        assert int(paid.sum()) == min(horizon, frames)


def test_what_follows_a_chunk_is_k_steps_later_or_the_last_frame(tmp_path: Path) -> None:
    corpus = open_corpus([str(dataset(tmp_path / 'd', [Numbers(0, 12)]))], RAW)
    state = corpus.parts[0].state
    batch = corpus.chunks(np.array([0, 6, 7, 11]))
    assert np.array_equal(batch.next_observation['state'].numpy(), state[[5, 11, 11, 11]])


def test_only_successes_end_for_good_if_asked(tmp_path: Path) -> None:
    root = str(dataset(tmp_path / 'd', good_and_bad(2)))
    for ends, wanted in (('recorded', [True, True]), ('success', [True, False])):
        corpus = open_corpus([root], replace(RAW, ends=ends))
        last = np.flatnonzero(corpus.left == 1)
        assert corpus.terminated[last].tolist() == wanted


@pytest.mark.parametrize(
    ('marks', 'paid'),
    [
        # The recording goes on for a moment after the last stage.
        ([(2, 0, 1.0), (5, 1, 1.0)], {2: 1.0, 7: 1.0}),
        # Half done since frame 5, and never more.
        ([(2, 0, 1.0), (5, 1, 0.5)], {2: 1.0, 7: 0.5}),
        ([(3, 0, 0.5), (7, 1, 0.0)], {7: 0.5}),
        # Two stages in one frame: only the last one waits.
        ([(4, 0, 1.0), (4, 1, 0.5)], {4: 1.0, 7: 0.5}),
        # What is done is done; the stage behind it never was.
        ([(3, 0, 1.0)], {3: 1.0}),
        ([(3, 0, 1.0), (7, 1, 0.0)], {3: 1.0, 7: 0.0}),
        ([], {}),
    ],
)
def test_the_score_that_closes_an_episode_is_paid_on_its_last_frame(
    tmp_path: Path, marks: list[tuple[int, int, float]], paid: dict[int, float]
) -> None:
    other = Staged(1, 6, marks=((5, 1, 1.0),))
    root = str(dataset(tmp_path / 'd', [Staged(0, 8, marks=tuple(marks)), other]))
    recorded = open_corpus([root], replace(RAW, rewards='recorded')).rewards
    assert np.flatnonzero(recorded > 0).tolist()[:-1] == sorted({f for f, _, s in marks if s})
    settled = open_corpus([root], RAW).rewards
    assert settled.tolist() == pytest.approx(
        [paid.get(frame, -0.001) for frame in range(8)] + [-0.001] * 5 + [1.0]
    )


def test_rewards_of_behavior_1k_follow_from_success_alone(tmp_path: Path) -> None:
    root = str(dataset(tmp_path / 'd', good_and_bad(2, frames=6)))
    corpus = open_corpus([root], replace(RAW, rewards='success', step_reward=-0.25))
    good, bad = np.split(corpus.rewards, [6])
    assert good.tolist() == [-0.25] * 5 + [1.0]
    assert bad.tolist() == [-0.25] * 7


def test_rows_and_episodes_are_numbered_over_all_datasets_in_the_order_asked_for(
    tmp_path: Path,
) -> None:
    first = dataset(tmp_path / 'a', [Numbers(i, 6, constant=float(i)) for i in (0, 1)])
    second = dataset(tmp_path / 'b', [Numbers(2, 7, constant=2.0)], like=first)
    corpus = open_corpus([str(first), f'mixed:{second}'], RAW)
    batch = corpus.chunks(np.array([18, 0, 12, 7]))
    assert batch.episode.tolist() == [2, 0, 2, 1]
    assert batch.row.tolist() == [18, 0, 12, 7]
    assert batch.actions[:, 0, 0].tolist() == [2.0, 0.0, 2.0, 1.0]


def test_demonstrations_are_what_the_role_or_the_kind_says(tmp_path: Path) -> None:
    first = dataset(tmp_path / 'a', good_and_bad(4))
    second = dataset(tmp_path / 'b', good_and_bad(4, first=4), like=first)
    for specs, config, wanted in (
        ([f'{first}'], RAW, [0, 2]),
        ([f'optimal:{first}', f'mixed:{second}'], RAW, [0, 1, 2, 3]),
        ([f'mixed:{first}'], RAW, []),
        ([f'mixed:{first}'], replace(RAW, expert='success'), [0, 2]),
    ):
        corpus = open_corpus(specs, config)
        assert np.flatnonzero(corpus.is_expert).tolist() == wanted
        starts = choose_starts(corpus)
        assert set(corpus.episode_of_rows[starts.expert]) == set(wanted)
        assert corpus.chunks(starts.every).expert.tolist() == [
            e in wanted for e in corpus.episode_of_rows[starts.every]
        ]


def test_an_episode_that_is_in_both_datasets_is_learnt_from_once(tmp_path: Path) -> None:
    every = good_and_bad(6)
    demos = dataset(tmp_path / 'demos', every[::2])
    mixed = dataset(tmp_path / 'mixed', every, like=demos)
    corpus = open_corpus([f'optimal:{demos}', f'mixed:{mixed}'], RAW)
    starts = choose_starts(corpus)
    names = [corpus.facts[e].episode_id for e in np.unique(corpus.episode_of_rows[starts.every])]
    assert sorted(names) == sorted(s.facts.episode_id for s in every)
    assert len(np.unique(corpus.episode_of_rows[starts.expert])) == 3


def test_whole_episodes_are_held_out_and_both_copies_of_one_together(tmp_path: Path) -> None:
    every = good_and_bad(20)
    demos = dataset(tmp_path / 'demos', every[::2])
    mixed = dataset(tmp_path / 'mixed', every, like=demos)
    config = replace(RAW, validation=0.3)
    corpus = open_corpus([f'optimal:{demos}', f'mixed:{mixed}'], config)
    starts = choose_starts(corpus)
    learnt = {corpus.facts[e].episode_id for e in corpus.episode_of_rows[starts.every]}
    shown = {corpus.facts[e].episode_id for e in corpus.episode_of_rows[starts.expert]}
    held = {corpus.facts[e].episode_id for e in corpus.episode_of_rows[starts.held_out]}
    assert not learnt & held
    assert not shown & held
    assert len(held) == 6
    assert len(learnt | held) == 20
    other = open_corpus([str(mixed)], replace(config, split_seed=1))
    assert held != {other.facts[e].episode_id for e in np.flatnonzero(held_out(other))}


def test_rows_of_some_episodes_can_be_taken_out(tmp_path: Path) -> None:
    corpus = open_corpus([str(dataset(tmp_path / 'd', good_and_bad(4)))], RAW)
    wanted = np.array([False, True, False, True])
    rows = of_episodes(corpus, choose_starts(corpus).every, wanted)
    assert set(corpus.episode_of_rows[rows]) == {1, 3}


def test_some_dimensions_can_be_learnt_alone(tmp_path: Path) -> None:
    root = str(dataset(tmp_path / 'd', good_and_bad(2)))
    corpus = open_corpus([root], replace(RAW, dimensions=('c', 'a')))
    assert corpus.names == ('a', 'c')
    whole = open_corpus([root], RAW).chunks(np.arange(4)).actions
    assert torch.equal(corpus.chunks(np.arange(4)).actions, whole[..., [0, 2]])
    with pytest.raises(ConfigError, match="data.dimensions 'd'.*valid: a, b, c"):
        open_corpus([root], replace(RAW, dimensions=('d',)))


def test_differences_start_from_the_state_of_the_first_step_and_come_back(tmp_path: Path) -> None:
    how = Representation(DELTA, 5, ('a',))
    root = str(dataset(tmp_path / 'd', good_and_bad(4), how))
    corpus = open_corpus([root], replace(RAW, normalise='zscore'))
    part, rows = corpus.parts[0], np.arange(0, 20, 3)
    batch = corpus.chunks(rows)
    state = part.state[rows]
    raw = np.stack([part.action[r + np.minimum(np.arange(5), part.left[r] - 1)] for r in rows])
    stats = part.stats.stats['action']
    relative = raw.copy()
    relative[..., 0] -= state[:, None, 0]
    wanted = (relative - stats['mean']) / stats['std']
    assert np.allclose(batch.actions.numpy(), wanted, atol=1e-5)
    back = corpus.normaliser.absolute(batch.actions.numpy(), state)
    assert np.allclose(back, raw, atol=1e-4)


def test_differences_over_another_horizon_are_refused(tmp_path: Path) -> None:
    root = str(dataset(tmp_path / 'd', good_and_bad(2), Representation(DELTA, 4, ('a',))))
    with pytest.raises(ContractMismatch, match='--delta --horizon 5'):
        open_corpus([root], RAW)


def test_numbers_beyond_the_limit_are_clipped_and_counted(tmp_path: Path) -> None:
    calm = dataset(tmp_path / 'calm', [Numbers(i, 30, constant=0.0) for i in range(3)])
    wild = dataset(tmp_path / 'wild', [Numbers(9, 30, constant=7.0)], like=calm)
    corpus = open_corpus([f'optimal:{calm}', f'mixed:{wild}'], DataConfig(horizon=5, limit=10.0))
    last = corpus.chunks(np.array([100])).actions
    # The deviation of what never moved was raised to 0.01, so 7 is 700 of them.
    assert float(last.max()) == 10.0
    assert corpus.clipped(np.arange(90))['action'] == 0.0
    assert corpus.clipped(np.arange(90, 120))['action'] == 1.0
    assert corpus.clipped(np.arange(120))['action'] == pytest.approx(0.25)


@pytest.mark.parametrize('method', ['zscore', 'quantile'])
def test_normalised_numbers_come_back(tmp_path: Path, method: str) -> None:
    root = str(dataset(tmp_path / 'd', good_and_bad(4)))
    corpus = open_corpus([root], replace(RAW, normalise=method))
    raw = open_corpus([root], RAW).chunks(np.arange(9))
    batch = corpus.chunks(np.arange(9))
    assert not torch.allclose(batch.actions, raw.actions, atol=1e-2)
    back = corpus.normaliser.absolute(batch.actions.numpy(), raw.observation['state'].numpy())
    assert np.allclose(back, raw.actions.numpy(), atol=1e-5)
    state = corpus.normaliser.state.back(batch.observation['state'].numpy())
    assert np.allclose(state, raw.observation['state'].numpy(), atol=1e-5)


def test_images_clouds_and_prompts_are_those_of_their_rows(tmp_path: Path) -> None:
    sources = [MadeSource(i, 6, prompt=f'do {i}') for i in (1, 0)]
    assemble(units_of(tmp_path / 'u', *sources), tmp_path / 'd', layout.V30, tmp_path / 'w')
    data = Dataset(tmp_path / 'd')
    norm_stats.save(norm_stats.compute(data, Representation()), data)
    config = replace(RAW, observe=('state', 'rgb.head', 'cloud', 'prompt'), cloud_points=7)
    corpus = open_corpus([str(data.root)], config)
    rows = np.array([7, 2, 11])
    batch = corpus.chunks(rows)
    reader = DatasetReader(data.root)
    for i, row in enumerate(rows.tolist()):
        assert np.array_equal(batch.observation['rgb.head'][i].numpy(), reader.image(row, 'head'))
        xyz, rgb = reader.cloud(row)
        cloud = batch.observation['cloud'][i].numpy()
        assert np.allclose(cloud[:, :3], xyz[np.arange(7) % len(xyz)])
        assert np.allclose(cloud[:, 3:] * 255, rgb[np.arange(7) % len(xyz)])
    assert [corpus.prompts[i] for i in batch.observation['prompt']] == ['do 0', 'do 1', 'do 0']
