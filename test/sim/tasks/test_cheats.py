# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Negative controls, in physics: who does nothing, flails or cheats gets what the rubric says.

A cheat moves things as no hand could, or presses and pushes where a hand should have grasped.
"""

import numpy as np
import pytest

mujoco = pytest.importorskip('mujoco')

from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim.scene import TABLE_HEIGHT_M as TABLE  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402
from hvd_ros.sim.tasks import facts  # noqa: E402
from hvd_ros.sim.tasks.basket_carry import TABLE_AT  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402
from hvd_ros.sim.tasks.cup_upright import COASTER_HIGH, HIGH  # noqa: E402
from hvd_ros.sim.tasks.sim_task import episodes_of  # noqa: E402
from hvd_ros.sim.tasks.trash_dispose import CAN_X  # noqa: E402
from hvd_ros.sim.tasks.wipe_board import ERASER  # noqa: E402

BODY = load_body('r1')
STAND = facts.about_y(0.0)


def begun(task, seed=0):
    env = TaskEnv(task, BODY)
    env.reset(seed)
    return env


def wait(env, seconds=1.0):
    for _ in range(round(10 * seconds)):
        env.step(env.command)


def put(env, thing, place, axes=STAND):
    """Put a thing somewhere at rest, by magic."""
    facts.lay(env.model, env.data, thing, np.asarray(place, dtype=float), axes)
    at = env.model.jnt_dofadr[env.model.body(thing).jntadr[0]]
    env.data.qvel[at : at + 6] = 0.0
    mujoco.mj_forward(env.model, env.data)


def throw(env, thing, velocity):
    at = env.model.jnt_dofadr[env.model.body(thing).jntadr[0]]
    env.data.qvel[at : at + 3] = velocity


def grip(env, thing, side='left', closed=0.0, steps=8):
    """Let a hand close around a thing that magic keeps between its fingers."""
    action, gripper = env.command, BODY.index(f'{side}_gripper')
    action[gripper] = closed
    for _ in range(steps):
        hand, axes = facts.pose(env.data, f'{side}_gripping_point')
        put(env, thing, hand, axes)
        env.step(action)


def let_go(env, side='left'):
    action = env.command
    action[BODY.index(f'{side}_gripper')] = 1.0
    for _ in range(6):
        env.step(action)


def spot(env, name):
    return facts.pose(env.data, name)[0]


@pytest.mark.parametrize('task', TASKS)
def test_who_does_nothing_for_long_gets_nothing(task):
    env = begun(task, 3)
    wait(env, 3.0)
    assert set(env.scores) == {0.0}


@pytest.mark.parametrize('task', TASKS)
def test_who_flails_does_no_task(task):
    """Smooth random motion of everything, which gets farther than noise does."""
    env = begun(task, 4)
    rng = np.random.default_rng(1)
    for _ in range(8):
        goal = rng.uniform(BODY.limits.low, BODY.limits.high)
        for _ in range(8):
            env.step(env.command + 0.3 * (goal - env.command))
    assert max(env.scores) <= 0.5
    assert not env.result().success


# Pen Insert, Cup Upright.


def test_a_pen_that_was_only_dropped_in_is_worth_nothing():
    env = begun('pen_insert')
    put(env, 'pen', spot(env, 'holder') + [0, 0, 0.12])
    wait(env, 2.0)
    assert env.truths[-1].tip[2] < 0.03, 'it stands in the holder'
    assert env.scores == (0.0,)


def test_a_pen_that_was_held_and_dropped_beside_is_worth_half():
    env = begun('pen_insert')
    grip(env, 'pen')
    wait(env)
    assert env.truths[-1].held[0], 'the hand holds it'
    let_go(env)
    wait(env)
    assert env.scores == (0.5,)


def test_a_cup_that_was_set_up_by_magic_is_worth_nothing():
    env = begun('cup_upright')
    put(env, 'cup', spot(env, 'coaster') + [0, 0, COASTER_HIGH + HIGH / 2 + 0.002])
    wait(env)
    assert env.truths[-1].upright > 0.98
    assert env.scores == (0.0,)


@pytest.mark.parametrize(
    ('axes', 'beside', 'score'),
    [
        (STAND, 0.0, 1.0),
        (facts.about_y(np.pi), 0.0, 0.5),  # upside down
        (facts.about_y(np.pi / 2), 0.0, 0.5),  # still on its side
        (STAND, 0.12, 0.5),  # upright, beside the coaster
    ],
)
def test_a_cup_that_was_held_counts_by_how_it_stands(axes, beside, score):
    env = begun('cup_upright')
    grip(env, 'cup', closed=0.5)
    wait(env, 0.5)
    assert env.truths[-1].held[0]
    let_go(env)
    put(env, 'cup', spot(env, 'coaster') + [beside, 0, COASTER_HIGH + HIGH / 2 + 0.002], axes)
    wait(env)
    assert env.scores == (score,)


# Wipe Board.


def at_the_board(env, far=0.06):
    marks = np.array([env.data.site(f'mark{i}').xpos for i in range(60)])
    return marks.mean(axis=0) - [far, 0, 0]


def test_an_eraser_that_is_thrown_at_the_board_wipes_nothing_that_counts():
    env = begun('wipe_board')
    put(env, 'eraser', at_the_board(env))
    throw(env, 'eraser', [2.0, 0, 0])
    wait(env)
    assert env.truths[-1].wiped > 0.05, 'it did take ink along'
    assert env.scores == (0.0, 0.0, 0.0)


def test_ink_that_is_wiped_by_a_pressed_but_unheld_eraser_does_not_count():
    env = begun('wipe_board')
    put(env, 'eraser', at_the_board(env, ERASER[0] + 0.002))
    env.data.xfrc_applied[env.model.body('eraser').id, :3] = 6.0, 0, 0.6
    wait(env, 0.5)
    assert env.truths[-1].wiped > 0.05
    assert env.scores[1] == 0.0


def test_an_eraser_that_was_held_but_never_above_its_slot_was_not_fetched():
    env = begun('wipe_board')
    grip(env, 'eraser', closed=0.5)
    wait(env)
    assert env.truths[-1].held[0]
    let_go(env)
    wait(env)
    assert env.scores == (0.5, 0.0, 0.0)


# Basket Carry.


def test_a_basket_that_is_knocked_over_was_not_lifted():
    env = begun('basket_carry')
    put(env, 'basket', [1.1, 0.0, 0.25], facts.about_y(1.4))
    throw(env, 'basket', [0.5, 0, 1.0])
    wait(env, 2.0)
    assert env.truths[-1].upright < 0.9
    assert env.scores[1:] == (0.0, 0.0, 0.0)


def test_a_basket_that_flew_onto_the_table_was_not_placed():
    env = begun('basket_carry')
    put(env, 'basket', [*TABLE_AT, TABLE + 0.005])
    wait(env)
    assert env.truths[-1].bottom[2] == pytest.approx(TABLE, abs=0.01)
    assert env.scores[1:3] == (0.0, 0.0)


def test_markers_that_were_never_held_do_not_count_and_those_that_were_do():
    env = begun('basket_carry')
    put(env, 'basket', [*TABLE_AT, TABLE + 0.005])
    for name, y in (('pen_left', -0.05), ('pen_right', 0.05)):
        flat = facts.about_y(np.pi / 2)
        put(env, name, [TABLE_AT[0], TABLE_AT[1] + y, TABLE + 0.06], flat)
    wait(env)
    assert env.truths[-1].inside.all()
    assert env.scores[3] == 0.0
    grip(env, 'pen_left')
    let_go(env)
    put(env, 'pen_left', [TABLE_AT[0], TABLE_AT[1], TABLE + 0.08], facts.about_y(np.pi / 2))
    wait(env)
    assert env.scores[3] == 0.5


# Trash Dispose.


def test_a_lid_that_is_forced_is_neither_open_nor_to_be_closed():
    env = begun('trash_dispose')
    hinge = env.model.joint('lid').dofadr[0]
    env.data.qfrc_applied[hinge] = 300.0
    wait(env, 0.5)
    env.data.qfrc_applied[hinge] = 0.0
    wait(env)
    lid = env.truths.view().lid
    assert lid.max() > 0.9, 'it was wide open'
    assert lid[-1] < 0.1, 'and is shut again'
    assert (env.scores[0], env.scores[3]) == (0.0, 0.0)


def test_paper_that_flies_into_the_can_was_neither_grasped_nor_disposed_of():
    env = begun('trash_dispose')
    put(env, 'paper', [CAN_X, 0, TABLE + 0.05])
    wait(env)
    assert abs(env.truths[-1].paper[2]) < 0.1
    assert env.scores == (0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(('attempts', 'score'), [(1, 1.0), (2, 0.5), (3, 0.5)])
def test_attempts_are_counted_by_contacts(attempts, score):
    """No script says how often it tried: the paper knows by what it was touched, and when."""
    env = begun('trash_dispose')
    for _ in range(attempts - 1):
        let_go(env)
        hand, axes = facts.pose(env.data, 'left_gripping_point')
        put(env, 'paper', hand + 0.03 * axes[:, 1])  # against one finger
        env.step(env.command)
        put(env, 'paper', [0.1, -1.25, 0.49])
        wait(env)
    grip(env, 'paper', closed=0.2)
    wait(env, 0.5)
    assert env.truths[-1].held[0]
    assert episodes_of(env.truths.view().paper_touched) == attempts
    assert env.scores[1] == score
