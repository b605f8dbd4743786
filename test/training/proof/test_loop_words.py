# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the loop says: how far it is, what came of it, and why it did not run live."""

import pytest

pytest.importorskip('torch')

from hvd_training.benches.tables import QUICK  # noqa: E402
from hvd_training.cli import live  # noqa: E402
from hvd_training.evaluate.outcome import Ending, Outcome  # noqa: E402
from hvd_training.proof import loop, verdict  # noqa: E402
from hvd_training.proof.road import _BEGIN_S, Road  # noqa: E402
from hvd_training.proof.shelf import Result  # noqa: E402


def _outcomes(*wins: bool) -> tuple[Outcome, ...]:
    return tuple(
        Outcome('pen_insert', 'usual', seed, Ending.PLAYED, (float(won),))
        for seed, won in enumerate(wins)
    )


def _said(base: tuple[Outcome, ...], ours: tuple[Outcome, ...]) -> str:
    imitation, hvd = loop.cells(QUICK)
    return verdict.verdict(imitation, Result(base), hvd, Result(ours))


def test_a_clear_win_of_hvd_is_said_with_its_interval_and_its_test() -> None:
    text = _said(_outcomes(*[False] * 10), _outcomes(*[True] * 10))
    assert 'HVD on all data succeeds more often' in text
    assert '1.00 [.72,1.00]' in text
    assert 'p .002' in text


def test_a_clear_loss_is_said_as_plainly() -> None:
    text = _said(_outcomes(*[True] * 10), _outcomes(*[False] * 10))
    assert 'Imitation of the demonstrations succeeds more often' in text


def test_a_difference_that_chance_makes_is_not_called_one() -> None:
    text = _said(_outcomes(*[False] * 10), _outcomes(*[True] * 3, *[False] * 7))
    assert '+0.30' in text
    assert 'can not tell the two apart' in text
    assert 'succeeds more often' not in text


def test_a_policy_that_failed_has_no_score_and_the_reason_is_told() -> None:
    broken = Outcome('pen_insert', 'usual', 0, Ending.POLICY_ERROR, error='it spoke NaN')
    with pytest.raises(verdict.NothingPlayed, match='it spoke NaN'):
        _said(_outcomes(False), (broken,))
    with pytest.raises(verdict.NothingPlayed, match='it spoke NaN'):
        verdict.seeds_to_show((broken,))


def test_successes_are_shown_and_without_one_the_best_attempt() -> None:
    assert verdict.seeds_to_show(_outcomes(False, True, True)) == (1, 2)
    assert verdict.seeds_to_show(_outcomes(False, False)) == (0,)


def test_the_loop_trains_both_policies_on_as_many_chunks() -> None:
    imitation, ours = loop.cells(loop.USUAL)
    assert imitation.scale.policy_steps == 2 * ours.scale.policy_steps


def test_what_is_left_follows_the_pace_of_this_computer_and_not_what_was_known() -> None:
    now, said = [0.0], []
    road = Road(*loop.cells(loop.USUAL), 2, said.append, lambda: now[0])
    road.begin('bc', 'data')  # known from before: no time passes
    road.begin('bc', 'policy')
    usual = road.parts[1].cost_s + _BEGIN_S
    now[0] += 3 * usual
    road.begin('bc', 'value')  # imitation has none: no line
    road.begin('bc', 'episodes')
    left_s = sum(part.cost_s + _BEGIN_S for part in road.parts[2:])
    assert len(said) == 3
    assert f'about {round(3 * left_s / 60)} min left' in said[-1]


def test_a_live_part_that_fails_on_a_busy_computer_says_so() -> None:
    assert 'other work takes 90% of' in live.why_not(0.9)
    assert 'hvd doctor' in live.why_not(0.1)
    assert 0.0 <= live.busy_share(0.05) <= 1.0


def test_a_live_episode_that_was_lost_ends_with_a_reason_and_code_1(
    monkeypatch, tmp_path, capsys
) -> None:
    monkeypatch.setattr(live, '_LOOK_S', 0.05)
    monkeypatch.setattr(live, '_rollout', lambda words: (0, {'lost': 'the mux refuses'}))
    assert live.play(tmp_path, 'pen_insert', (7,), 'rays', 8080) == 1
    assert 'did not go well live' in capsys.readouterr().err
    monkeypatch.setattr(live, '_rollout', lambda words: (0, {'lost': ''}))
    assert live.play(tmp_path, 'pen_insert', (7,), 'rays', 8080) == 0
