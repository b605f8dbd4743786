# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A generated episode becomes a dataset that says what the simulation had, step by step."""

import numpy as np
import pytest

from hvd_ros.core.mux.command import Source
from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.generate.players import play
from hvd_ros.sim.generate.tape import Credits, Shows, Tape
from hvd_ros.sim.task_env import TaskEnv
from hvd_training.data.columns import ACTION, ASKED, SIM_STATE, STATE
from hvd_training.data.convert import Choice, Plan, convert
from hvd_training.data.dataset import Dataset
from hvd_training.data.native import native_facts
from hvd_training.data.statistics.check import check
from hvd_training.data.unit import UnitConfig

STEPS = 9


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """Return what an env showed and did at each step, its result, and the dataset of it."""
    root = tmp_path_factory.mktemp('generated')
    env = TaskEnv('wipe_board', load_body('r1'))
    env.reset(2)
    rows = []

    def moves():
        rng = np.random.default_rng(0)
        for _ in range(STEPS):
            asked = env.command + rng.uniform(-0.1, 0.1, env.body.size)
            seen = env.observe({Modality.STATE, Modality.SIM_STATE})
            rows.append((seen.state, seen.sim_state, asked, env.bounded(asked)))
            yield asked

    tape = Tape(env, root / 'in', Credits('made', 'rollout', 'x', Source.POLICY), Shows())
    result = play(env, moves(), tape)
    folder = tape.keep(result)
    out = convert(Choice((root / 'in',)), Plan(root / 'out', 'v3.0', UnitConfig()))
    return [np.array(column) for column in zip(*rows, strict=True)], result, folder, Dataset(out)


def test_state_asked_action_and_what_only_the_simulation_knows(made):
    (state, sim_state, asked, sent), _, _, data = made
    columns = data.numbers(0)
    for name, values in ((STATE, state), (SIM_STATE, sim_state), (ASKED, asked), (ACTION, sent)):
        found = columns[name]
        assert found.shape == (STEPS + 1, values.shape[1]), name
        np.testing.assert_allclose(found[:-1], values.astype(np.float32), rtol=0, atol=1e-6)


def test_rewards_and_terminal_are_those_of_the_rubric(made):
    _, result, folder, data = made
    columns = data.numbers(0)
    expected = np.full(STEPS + 1, -0.001)
    for end in set(result.stage_ends):
        pairs = zip(result.stage_ends, result.scores, strict=True)
        expected[end] = sum(score for at, score in pairs if at == end)
    np.testing.assert_allclose(columns['reward'], expected, rtol=1e-6)
    assert columns['terminal'].tolist() == [False] * STEPS + [True]
    assert native_facts(folder).stages == 3
    assert (columns['kind'] == 2).all()
    assert (columns['source'] == Source.POLICY).all()


def test_its_frames_are_ten_a_second_without_a_gap(made):
    *_, data = made
    columns = data.numbers(0)
    assert data.fps == 10
    assert columns['steps_left'].tolist() == list(range(STEPS + 1, 0, -1))
    assert [f for f in check(data) if f.level == 'error'] == []
