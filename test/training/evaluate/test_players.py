# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An episode is played as on the robot, and what goes wrong is never a score."""

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.policy.observation import Modality
from hvd_ros.sim.task_env import TaskEnv
from hvd_ros.sim.tasks.pen_insert import PenInsert
from hvd_training.evaluate.controls import Nothing, Random
from hvd_training.evaluate.outcome import Ending
from hvd_training.evaluate.players import ExpertPlayer, PolicyPlayer, play
from test.training.evaluate.scripted_env import (
    BODY,
    Chunks,
    LooksAround,
    OtherBody,
    Raises,
    RaisesAtReset,
    SaysNan,
    ScriptedEnv,
    TooShort,
    WrongShape,
)


def test_a_policy_looks_every_execute_steps_and_its_chunk_is_carried_out_from_the_first_step():
    env = ScriptedEnv(limit=10)
    policy = Chunks(execute=4)
    outcome = play(PolicyPlayer(policy, BODY), env, 11)
    assert [at for at, _ in env.looks] == [0, 4, 8]
    carried_out = [int(command[0]) for command in env.commands]
    assert carried_out == [100, 101, 102, 103, 200, 201, 202, 203, 300, 301]
    assert policy.begun == (11, 'wipe it')
    assert (outcome.seed, outcome.calls, outcome.scores) == (11, 3, (1.0, 0.5, 1.0))


def test_a_policy_is_shown_only_what_it_names():
    env = ScriptedEnv()
    play(PolicyPlayer(Chunks(), BODY), env, 0)
    assert {needs for _, needs in env.looks} == {frozenset({Modality.STATE})}


def test_strict_needs_every_stage_loose_the_last_one():
    outcome = play(PolicyPlayer(Chunks(), BODY), ScriptedEnv(), 0)
    assert (outcome.strict, outcome.loose, outcome.score) == (False, True, pytest.approx(2.5 / 3))


@pytest.mark.parametrize(
    ('policy', 'text'),
    [
        (Raises(), r'ZeroDivisionError: no gradient today \(.*scripted_env.py:\d+\)'),
        (RaisesAtReset(), 'KeyError'),
        (SaysNan(), "step 3 of its chunk is nan for 'left_arm_joint6'"),
        (WrongShape(), r'shape \(6, 20\)'),
        (TooShort(), 'needed are 4 or more steps'),
    ],
)
def test_what_a_policy_does_wrong_is_its_error_and_no_score(policy, text):
    outcome = play(PolicyPlayer(policy, BODY), ScriptedEnv(), 5)
    assert outcome.ending is Ending.POLICY_ERROR
    assert outcome.scores == ()
    assert not (outcome.strict or outcome.loose)
    with pytest.raises(ConfigError, match='seed 5'):
        _ = outcome.score
    import re

    assert re.search(text, outcome.error), outcome.error


def test_physics_that_breaks_is_neither_a_score_nor_the_policys_error():
    outcome = play(PolicyPlayer(Chunks(), BODY), ScriptedEnv(breaks_at=3), 5)
    assert (outcome.ending, outcome.scores) == (Ending.BLOW_UP, ())
    assert 'the physics broke' in outcome.error


def test_what_can_not_be_shown_stops_the_evaluation_instead_of_being_dark():
    with pytest.raises(ConfigError, match='can not show rgb'):
        play(PolicyPlayer(LooksAround(), BODY), ScriptedEnv(), 0)


def test_a_policy_of_another_body_is_refused_before_it_plays():
    with pytest.raises(ContractMismatch, match=r'layout 0*7.*--robot'):
        PolicyPlayer(OtherBody(), BODY)


def test_what_is_no_policy_is_refused_with_what_is_missing():
    with pytest.raises(ContractMismatch, match='no name, needs, execute, reset, act'):
        PolicyPlayer(object(), BODY)


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(PenInsert, 'limit_s', 1.0)


def test_nothing_and_random_play_the_real_task_and_score_nothing(short):
    env = TaskEnv('pen_insert', BODY)
    for policy in (Nothing(BODY), Random(BODY)):
        outcome = play(PolicyPlayer(policy, BODY), env, 2_000_000)
        assert (outcome.ending, outcome.scores) == (Ending.PLAYED, (0.0,))
        assert outcome.duration_s == pytest.approx(1.0)


def test_nothing_does_nothing_and_random_something_that_belongs_to_the_seed(short):
    env = TaskEnv('pen_insert', BODY)

    def hands(policy, seed):
        play(PolicyPlayer(policy, BODY), env, seed)
        return env.position

    before = env.reset(3) and env.position
    assert np.abs(hands(Nothing(BODY), 3) - before).max() < 0.02
    moved = hands(Random(BODY), 3)
    assert np.abs(moved - before).max() > 0.1
    assert np.array_equal(hands(Random(BODY), 3), moved)


def test_the_same_seed_gives_the_same_outcome_whatever_was_played_before(short):
    env, player = TaskEnv('pen_insert', BODY), PolicyPlayer(Random(BODY), BODY)
    first = play(player, env, 4)
    play(player, env, 9)
    again = play(player, env, 4)
    assert (first.scores, first.stage_ends, first.calls) == (
        again.scores, again.stage_ends, again.calls,
    )  # fmt: skip


def test_the_expert_succeeds_and_counts_as_privileged():
    player = ExpertPlayer(BODY)
    assert Modality.SIM_STATE in player.needs
    assert play(player, TaskEnv('pen_insert', BODY), 2_000_000).strict
