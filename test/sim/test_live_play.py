# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An operator behind the whole command path does what the headless one does."""

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim.experts.catalogue import EXPERT, operator_moves  # noqa: E402
from hvd_ros.sim.ik import Solver  # noqa: E402
from hvd_ros.sim.joylo_player import JoyloPlayer  # noqa: E402
from hvd_ros.sim.live_play import LivePlay  # noqa: E402
from hvd_ros.sim.onlooker import Onlooker  # noqa: E402
from hvd_ros.sim.steady_hands import SteadyHands  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402
from hvd_ros.sim.tasks import facts  # noqa: E402
from test.sim.likeness import aligned, likeness  # noqa: E402
from test.sim.whole_path import JOINTS, WholePath  # noqa: E402

BODY = load_body('r1')
SOLVER = Solver(BODY)
TICK_S = 0.02


def moves_of(task, eyes, seed):
    return operator_moves(task, EXPERT, eyes, SOLVER, np.random.default_rng((seed, 1)))


def headless(task, seed):
    """Return the env after an episode, and where everything was (N, nq)."""
    env = TaskEnv(task, BODY)
    env.reset(seed)
    states = [env.data.qpos.copy()]
    for action in moves_of(task, env, seed):
        env.step(action)
        states.append(env.data.qpos.copy())
        if env.over:
            break
    return env, np.array(states)


def live(task, seed, seconds=60.0):
    """Return the whole path, the eyes and where everything was (N, nq)."""
    path = WholePath(BODY, task, seed).engage()
    eyes, states = Onlooker(BODY, task, seed), []

    def look():
        eyes.look(path.physics, path.asked[0])
        states.append(eyes.data.qpos.copy())

    look()
    steady = SteadyHands(BODY, SOLVER)
    play = LivePlay(eyes, moves_of(task, eyes, seed), JoyloPlayer(BODY, JOINTS), steady, look)
    for _ in range(round(seconds / TICK_S)):
        act = play.act(path.asked[0], path.decision.values, TICK_S)
        if act is None:
            break
        path.act(act)
    return path, eyes, np.array(states)


def test_a_slower_walk_along_the_same_way_is_aligned():
    way = np.linspace(0.0, 1.0, 21)[:, None] * [1.0, 2.0]
    pairs = aligned(way, np.repeat(way, 2, axis=0))
    assert np.array_equal(pairs[:, 0], pairs[:, 1] // 2)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_an_expert_behind_leader_and_mux_does_what_it_does_headless():
    env, alone = headless('pen_insert', 101)
    path, eyes, behind = live('pen_insert', 101)
    assert env.scores == eyes.scores == path.side.stage.scoreboard.scores == (1.0,)
    found = likeness(env.model, alone, behind)
    assert found.joints_rms_rad < 0.03, found.text
    assert found.joints_max_rad < 0.2, found.text
    assert found.base_max_m < 0.02, found.text
    assert found.yaw_max_rad < 0.03, found.text
    assert -0.5 < found.longer_s < 2.5, found.text
    pens = [facts.pose(d, 'pen')[0] for d in (env.data, eyes.data)]
    assert np.linalg.norm(pens[0] - pens[1]) < 0.03
    assert not path.refusals


def test_the_first_seconds_behind_leader_and_mux_are_those_of_the_headless_expert():
    env, alone = headless('cup_upright', 101)
    _, _, behind = live('cup_upright', 101, seconds=3.0)
    # As far as it got, whatever follows.
    pairs = aligned(behind[:, :3], alone[:40, :3])
    apart = np.abs(behind[pairs[:, 0], :3] - alone[pairs[:, 1], :3])[pairs[:, 1] < 39]
    assert np.ptp(behind[:, 0]) > 0.1, 'it has not driven'
    assert apart[:, :2].max() < 0.01
    assert apart[:, 2].max() < 0.04  # a turn is noticed and ended a tenth of a second later
