# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bad work comes in every grade: each stage of each task is worth 0, 0.5 and 1 to somebody."""

import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim.experts.catalogue import EXPERT, Fault, Manner, play  # noqa: E402
from hvd_ros.sim.ik import Solver  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402


def bad(kind, strength, systematic=False, quits=False):
    faults = (Fault(kind, strength, systematic), Fault('giving_up', 1.0))
    return Manner('imperfect', faults if quits else faults[:1])


FORGETS_TO_OPEN = Manner(
    'imperfect', (Fault('wrong_order', 0.9), Fault('giving_up', 0.9))
)  # and stops when the paper lies on the lid
TOUCHES_FIRST = Manner('correction', (Fault('misgrasp', 0.5, True),))
# Who plays on which seed; the expert, on seed 0, is worth 1 everywhere.
CAST = {
    'pen_insert': ((bad('misgrasp', 1.0), 20001), (bad('early_release', 1.0), 20001)),
    'cup_upright': ((bad('misgrasp', 1.0, True), 20001), (bad('early_release', 1.0), 20001)),
    'wipe_board': (
        (bad('giving_up', 1.0), 30013),
        (bad('pose_error', 1.0), 20001),
        (bad('drift', 1.0), 20001),
    ),
    'basket_carry': (
        (bad('giving_up', 1.0), 30002),
        (bad('pose_error', 0.6, True, quits=True), 40000),
        (bad('drift', 1.0, True, quits=True), 40036),
    ),
    'trash_dispose': (
        (bad('giving_up', 1.0), 30005),
        (bad('over_correction', 1.0, quits=True), 40015),
        (TOUCHES_FIRST, 20010),
        (FORGETS_TO_OPEN, 35382),
        (bad('wrong_order', 0.5), 30006),
    ),
}


@pytest.mark.parametrize(
    'name',
    [
        'pen_insert',
        'cup_upright',
        'wipe_board',
        pytest.param('basket_carry', marks=pytest.mark.slow),
        pytest.param('trash_dispose', marks=pytest.mark.slow),
    ],
)
def test_every_level_of_every_stage_is_reached(name, episode):
    env, solver = TaskEnv(name, load_body('r1')), Solver(load_body('r1'))
    ends = [play(env, solver, seed, manner).scores for manner, seed in CAST[name]]
    ends.append(episode(name, EXPERT).result.scores)
    for stage, levels in zip(env.stage_names, zip(*ends, strict=True), strict=True):
        assert set(levels) == {0.0, 0.5, 1.0}, stage


def test_a_missed_grasp_is_noticed_mended_and_takes_longer(episode):
    name = 'cup_upright'
    manner = Manner('correction', (Fault('misgrasp', 1.0, systematic=True),))
    mended = episode(name, manner).result
    assert mended.success
    assert mended.duration_s > episode(name).result.duration_s + 2.0
    assert not episode(name, bad('misgrasp', 1.0, True)).result.success


def test_a_wrong_place_is_noticed_before_the_hand_closes(episode):
    fault = Fault('pose_error', 1.0, systematic=True)
    mended = episode('pen_insert', Manner('correction', (fault,))).result
    assert mended.success
    assert mended.duration_s > episode('pen_insert').result.duration_s + 1.0


def test_faults_at_nothing_are_an_expert(episode):
    manner = Manner('imperfect', (Fault('drift', 0.0), Fault('pose_error', 0.0, True)))
    assert episode('pen_insert', manner).asked.tobytes() == episode('pen_insert').asked.tobytes()
