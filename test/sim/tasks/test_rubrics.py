# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every level of every rubric, on states made by hand."""

from dataclasses import fields, replace

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.core.tasks import load_task  # noqa: E402
from hvd_ros.sim.tasks import (  # noqa: E402
    basket_carry,
    cup_upright,
    pen_insert,
    trash_dispose,
    wipe_board,
)
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402
from hvd_ros.sim.tasks.sim_task import episodes_of, stack, stage_ends, until  # noqa: E402

NO, LEFT, BOTH = (False, False), (True, False), (True, True)
STILL = {'time_s': 0.0, 'base': (0, 0, 0), 'base_twist': (0, 0, 0)}


def made(kind, **facts):
    return kind(**{name: np.array(value) for name, value in (STILL | facts).items()})


def story(start, *changes):
    """Return the stacked truths of an episode in which one fact changes after the other."""
    states = [start]
    for change in changes:
        states.append(replace(states[-1], **{k: np.array(v) for k, v in change.items()}))
    return stack(states)


PEN = made(
    pen_insert.PenTruth,
    pen=(0.2, 0.1, 0.008),
    tip=(0.27, 0.1, 0.008),
    upright=0.0,
    high=0.008,
    speed=0.0,
    held=NO,
)
RAISED = {'held': LEFT, 'high': 0.15}
IN = {'pen': (0.01, 0, 0.08), 'tip': (0.01, 0.01, 0.01), 'upright': 0.98, 'high': 0.08, 'held': NO}
BESIDE = {'pen': (0.15, 0, 0.008), 'tip': (0.2, 0, 0.008), 'high': 0.008, 'held': NO}


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((), 0),
        (({'held': LEFT},), 0),  # touched, never lifted
        (({'high': 0.3}, IN), 0),  # thrown in
        ((RAISED, BESIDE), 0.5),
        ((RAISED, IN | {'held': LEFT}), 0.5),  # not let go
        ((RAISED, IN | {'speed': 0.4}), 0.5),  # still falling
        ((RAISED, IN | {'upright': 0.3}), 0.5),  # lies across the top
        ((RAISED, IN | {'tip': (0.01, 0, 0.09)}), 0.5),  # stands on the rim
        ((RAISED, IN | {'tip': (0.07, 0, 0.0)}), 0.5),  # leans outside
        ((RAISED, IN), 1),
    ],
)
def test_pen_insert(changes, score):
    assert pen_insert.insert(story(PEN, *changes)) == score


CUP = made(
    cup_upright.CupTruth, bottom=(0.2, 0.1, 0.03), upright=0.0, high=0.04, speed=0.0, held=NO
)
UPRIGHT = {'bottom': (0.01, 0.01, 0.001), 'upright': 0.999, 'high': 0.058, 'held': NO}


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((), 0),
        ((UPRIGHT,), 0),  # knocked upright
        ((RAISED, CUP.__dict__), 0.5),  # slipped
        ((RAISED, UPRIGHT | {'upright': -0.999}), 0.5),  # upside down
        ((RAISED, UPRIGHT | {'bottom': (0.1, 0, -0.008)}), 0.5),  # beside the coaster
        ((RAISED, UPRIGHT | {'bottom': (0, 0, 0.05)}), 0.5),  # above it
        ((RAISED, UPRIGHT | {'held': LEFT}), 0.5),
        ((RAISED, UPRIGHT | {'speed': 0.2}), 0.5),
        ((RAISED, UPRIGHT), 1),
    ],
)
def test_cup_upright(changes, score):
    assert cup_upright.stand(story(CUP, *changes)) == score


WIPE = made(
    wipe_board.WipeTruth,
    eraser=(0, 0, 0),
    away=1.1,
    upright=1.0,
    speed=0.0,
    wiped=0.0,
    ink=(0.6, 0.0, 1.2),
    tilt=0.0,
    held=NO,
)
HERE = {'away': 0.7}
UP = {'held': LEFT, 'eraser': (0, 0, 0.1)}
FETCHED = (HERE, UP, UP, UP, UP, UP)
BACK = {'held': NO, 'eraser': (0.005, 0.01, 0.001)}


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((), 0),
        ((HERE,), 0.5),
        ((HERE, UP, BACK), 0.5),  # lost at once
        ((HERE, *[{'held': LEFT}] * 9), 0.5),  # gripped, never lifted
        (FETCHED, 1),
    ],
)
def test_fetching_the_eraser(changes, score):
    assert wipe_board.fetch(story(WIPE, *changes)) == score


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        (FETCHED, 0),
        ((*FETCHED, {'held': NO}, {'wiped': 0.2}), 0),  # thrown at the board
        ((*FETCHED, {'wiped': 0.03}), 0),
        ((*FETCHED, {'wiped': 0.5}), 0.5),
        ((*FETCHED, {'wiped': 0.5}, {'held': NO, 'wiped': 0.52}), 0.5),
        ((*FETCHED, {'wiped': 0.98}), 0.5),
        ((*FETCHED, {'tilt': 0.2}, {'tilt': 0.0, 'wiped': 1.0}), 0.5),
        ((*FETCHED, {'tilt': -0.2}, {'tilt': 0.0, 'wiped': 1.0}), 0.5),
        ((*FETCHED, {'wiped': 1.0}), 1),
    ],
)
def test_wiping_the_marks(changes, score):
    assert wipe_board.wipe(story(WIPE, *changes)) == score


WIPED = (*FETCHED, {'wiped': 1.0})
NEAR = {'eraser': (0.02, 0.07, 0.08)}


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((), 0),  # lies in its slot, but nobody brought it there
        (WIPED, 0),  # still in the hand
        ((*WIPED, {'eraser': (0, 0, 0.3)}, {'held': NO, 'eraser': (-0.4, 0, -0.9)}), 0),
        ((*FETCHED, {'held': NO, 'eraser': (0, 0.2, -0.9)}), 0),  # dropped before it wiped
        ((*WIPED, NEAR, {'held': NO, 'eraser': (-0.2, 0, -0.9)}), 0.5),
        ((*WIPED, NEAR, BACK | {'eraser': (0, 0.06, 0)}), 0.5),  # beside its slot
        ((*WIPED, NEAR, BACK | {'upright': 0.1}), 0.5),  # tipped over
        ((*WIPED, NEAR, BACK | {'speed': 0.3}), 0.5),
        ((*WIPED, NEAR, BACK), 1),
    ],
)
def test_bringing_the_eraser_back(changes, score):
    assert wipe_board.bring_back(story(WIPE, *changes)) == score


FAR = made(
    basket_carry.BasketTruth,
    ahead=(1.1, 0),
    askew=0.0,
    bottom=(1.1, 0, 0.001),
    upright=1.0,
    edge=0.0,
    speed=0.0,
    held=NO,
    inside=NO,
    taken=NO,
)
AT = {'ahead': (0.62, 0.01)}
HIGH = {'held': BOTH, 'bottom': (0.6, 0, 0.4), 'speed': 0.1}
CARRIED = (AT, *[HIGH] * 6)
OVER = {'bottom': (0, 1.3, 0.73)}
TABLED = {'held': NO, 'bottom': (0, 1.3, 0.72), 'ahead': (0.6, 0), 'speed': 0.0}


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((), 0),
        (({'ahead': (0.62, 0.5)},), 0),
        (({'ahead': (0.62, 0.15)},), 0.5),
        ((AT | {'askew': 0.3},), 0.5),
        ((AT | {'base_twist': (0.2, 0, 0)}, {'ahead': (0.2, 0)}), 0),  # only drove past
        (({'ahead': (0.62, 0.15)}, *[HIGH] * 6, AT | TABLED), 0.5),  # what came later is no help
        (CARRIED, 1),
    ],
)
def test_approaching_the_basket(changes, score):
    assert basket_carry.approach(story(FAR, *changes)) == score


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((AT,), 0),
        ((AT, *[HIGH | {'held': LEFT}] * 6), 0),  # by one hand
        ((AT, *[HIGH | {'held': NO}] * 6), 0),  # kicked up
        ((AT, HIGH), 0),  # for a moment
        ((*CARRIED, HIGH | {'upright': 0.9}), 0.5),
        ((*CARRIED, HIGH | {'ahead': (0.6, 0.12)}), 0.5),
        (CARRIED, 1),
    ],
)
def test_lifting_the_basket(changes, score):
    assert basket_carry.lift(story(FAR, *changes)) == score


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        (CARRIED, 0),
        ((*CARRIED, OVER, TABLED | {'bottom': (0, 0.6, 0.001)}), 0),  # missed the table
        ((*CARRIED, OVER, TABLED | {'upright': 0.1}), 0),  # knocked over
        ((AT, TABLED), 0),  # never carried
        ((*CARRIED, OVER, TABLED | {'held': BOTH}), 0),
        ((*CARRIED, {'bottom': (0, 1.3, 0.9)}, TABLED), 0.5),  # dropped
        ((*CARRIED, OVER, TABLED | {'edge': 0.4}), 0.5),
        ((*CARRIED, OVER, TABLED), 1),
    ],
)
def test_placing_the_basket(changes, score):
    assert basket_carry.place(story(FAR, *changes)) == score


TOOK = ({'taken': LEFT}, {'taken': (False, True)}, {'taken': NO})


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((), 0),
        (TOOK, 0),
        (({'inside': BOTH},), 0),  # swept in
        ((*TOOK, {'inside': BOTH, 'upright': 0.1}), 0),  # the basket was tipped over them
        ((*TOOK, {'inside': LEFT}), 0.5),
        (({'taken': LEFT}, {'taken': NO}, {'inside': BOTH}), 0.5),
        ((*TOOK, {'inside': BOTH}), 1),
        ((*TOOK, {'inside': BOTH}, {'inside': NO}), 0),
    ],
)
def test_filling_the_basket(changes, score):
    assert basket_carry.fill(story(FAR, *changes)) == score


SHUT = made(
    trash_dispose.TrashTruth,
    lid=0.0,
    latched=True,
    lid_touched=False,
    paper=(-0.85, -1.2, -0.24),
    paper_up=0.03,
    paper_touched=False,
    speed=0.0,
    held=NO,
)
PUSH = {'lid_touched': True, 'lid': -0.02}
OPEN = {'lid_touched': False, 'latched': False, 'lid': 1.2}
AWAY = [{'lid_touched': False, 'lid': 0.0}] * 9


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((), 0),
        ((PUSH, *AWAY), 0),
        ((PUSH, {'lid': 1.2}), 0),  # forced, against its latch
        ((PUSH, *AWAY, PUSH, OPEN), 0.5),
        ((PUSH, {'lid_touched': False}, PUSH, OPEN), 1),  # a bounce is no second attempt
        ((PUSH, OPEN), 1),
    ],
)
def test_opening_the_lid(changes, score):
    assert trash_dispose.open_lid(story(SHUT, *changes)) == score


TOUCH = {'paper_touched': True}
LOST = [{'paper_touched': False, 'held': NO, 'paper_up': 0.03}] * 9
TAKEN = {'paper_touched': True, 'held': LEFT, 'paper_up': 0.2}


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((), 0),
        ((TOUCH,), 0),
        ((TOUCH, {'paper_up': 0.2}), 0),  # flicked up
        ((TOUCH, *LOST, TAKEN), 0.5),
        ((TOUCH, TAKEN), 1),
        ((TOUCH, TAKEN, *LOST, TAKEN), 1),  # the first was good
    ],
)
def test_grasping_the_paper(changes, score):
    assert trash_dispose.grasp(story(SHUT, *changes)) == score


@pytest.mark.parametrize(
    ('place', 'score'),
    [
        ({}, 0),
        ({'paper': (0, 0, 0.3), 'held': LEFT}, 0),
        ({'paper': (0, 0, 0.15), 'speed': 0.5}, 0),  # still falling
        ({'paper': (0.3, 0, 0.02)}, 0),  # beside the can
        ({'paper': (0.12, 0, 0.25)}, 0.5),
        ({'paper': (0.02, 0.01, 0.04)}, 1),
    ],
)
def test_disposing_of_the_paper(place, score):
    held = story(SHUT, TAKEN, {'held': NO}, place)
    assert trash_dispose.dispose(held) == score
    assert trash_dispose.dispose(story(SHUT, place)) == 0, 'nobody held it: it was knocked in'


@pytest.mark.parametrize(
    ('changes', 'score'),
    [
        ((), 0),  # it was never open
        ((PUSH, OPEN), 0),
        ((PUSH, OPEN, {'lid': 0.01}), 0.5),
        ((PUSH, OPEN, {'lid': 0.01, 'latched': True}), 1),
        ((PUSH, OPEN, {'lid': 0.01, 'latched': True}, {'latched': False, 'lid': 1.2}), 0),
    ],
)
def test_closing_the_lid(changes, score):
    assert trash_dispose.close_lid(story(SHUT, *changes)) == score


@pytest.mark.parametrize('name', TASKS)
def test_a_task_in_physics_has_the_stages_of_its_file(name):
    assert len(TASKS[name].stages) == len(load_task(name).stages)


def test_contacts_are_counted_with_short_gaps_closed():
    touching = np.array([0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0], dtype=bool)
    assert episodes_of(touching) == 2
    assert episodes_of(np.zeros(9, dtype=bool)) == 0


def test_a_history_can_be_cut_and_never_be_empty():
    history = story(PEN, RAISED, IN)
    assert pen_insert.insert(until(history, 2)) == 0.5
    assert {len(getattr(until(history, 2), f.name)) for f in fields(history)} == {2}
    with pytest.raises(ConfigError, match='no state to score'):
        stack([])


def test_a_stage_ends_when_its_score_is_settled():
    lift, table = [HIGH] * 6, [OVER, TABLED]
    taken = {'taken': BOTH}
    history = story(FAR, AT | taken, *lift, *table, {'inside': LEFT}, {'inside': BOTH}, {})
    # Stood there at 1, held up for the fifth time at 6, let go at 9, second marker at 11.
    assert stage_ends(TASKS['basket_carry'], history) == (1, 6, 9, 11)


def test_a_stage_that_failed_ends_with_the_episode():
    history = story(FAR, AT, {}, {})
    assert stage_ends(TASKS['basket_carry'], history) == (1, 3, 3, 3)


def test_no_stage_ends_before_the_one_before_it():
    history = story(WIPE, *FETCHED, {'wiped': 1.0}, {})
    ends = stage_ends(TASKS['wipe_board'], history)
    assert ends == (6, 7, 8)
    early = story(SHUT, {'paper': (0.0, 0.0, 0.04)}, {}, PUSH, OPEN)
    assert stage_ends(TASKS['trash_dispose'], early) == (4, 4, 4, 4)
