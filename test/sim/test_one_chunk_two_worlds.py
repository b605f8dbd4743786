# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One chunk, three places: carried out without a graph, by the mux, and read back from a recording.

A row has to mean the same in all of them, or a policy that learnt in one acts too early, too late
or somewhere else in another.
"""

import numpy as np
import pytest

from hvd_ros.core.episodes.actions import action_at
from hvd_ros.core.mux.chunks import aim, plan
from hvd_ros.core.mux.command import Mode
from hvd_ros.sim.task_env import STEP_S, TaskEnv
from test.core.episodes.test_actions import table
from test.core.mux.mux_rig import BASE, BODY, HOME, JOINTS, MS, TICK_NS, Rig

STEPS = 4
TORSO = BODY.parts['torso']


@pytest.fixture(scope='module')
def env():
    return TaskEnv('pen_insert', BODY)


def wandering(start):
    """Return rows (STEPS, D) within every limit, of which no two are alike."""
    reach = np.where(BODY.limits.velocity > 0, BODY.limits.velocity, 0.0) * 0.02
    reach[BASE] = 0.02
    steps = np.random.default_rng(0).uniform(-1, 1, (STEPS, BODY.size)) * reach
    return np.clip(start + np.cumsum(steps, axis=0), BODY.limits.low, BODY.limits.high)


def test_the_mux_aims_where_a_headless_episode_does_at_every_moment_of_a_chunk(env, monkeypatch):
    env.reset(0)
    start, rows, headless = env.command, wandering(env.command), []
    drive = env._drive
    monkeypatch.setattr(env, '_drive', lambda command: (headless.append(command), drive(command)))
    for row in rows:
        env.step(row)

    rig = Rig()
    made = plan(rig.chunk(rows), rig.ros_ns, rig.now_ns, BODY, start, rig.now_ns)
    slice_ns = STEPS * STEP_S * 1e9 / len(headless)
    # A slice is driven to where the command stands when it ends; the last one ends the chunk.
    live = [
        aim(made, rig.now_ns + round((i + 1) * slice_ns)).target for i in range(len(headless) - 1)
    ]
    np.testing.assert_allclose(live, headless[:-1], rtol=0, atol=1e-12)
    np.testing.assert_allclose(headless[-1], rows[-1], rtol=0, atol=1e-12)


def motion(at_s):
    """Return a whole-body motion (N, D) that every limit allows, as a function of time."""
    swing = np.zeros(BODY.size)
    swing[JOINTS], swing[TORSO], swing[BASE] = 0.2, 0.1, 0.1
    middle = HOME.copy()
    middle[BASE] = 0.0
    middle[[BODY.index('left_gripper'), BODY.index('right_gripper')]] = 0.5
    return middle + np.outer(1 - np.cos(2.0 * np.atleast_1d(at_s)), swing)


def rolled_out(seconds, period_ns=200 * MS, latency_ns=40 * MS):
    """Return ticks [s] and what the mux sent (N, D) for chunks that all tell of one motion."""
    rig = Rig(start=motion(0)[0])
    begin_ns, spoken, ticks = rig.now_ns + 500 * MS, [], []
    rows_s = (np.arange(8) + 1) * STEP_S
    while rig.now_ns < begin_ns + seconds * 1e9:
        at_ns = rig.now_ns + TICK_NS - begin_ns
        if at_ns % period_ns == latency_ns:
            seen_s = max((at_ns - latency_ns) / 1e9, -0.5)
            rows = motion(np.maximum(seen_s + rows_s, 0))
            spoken = [rig.chunk(rows, latency_ns)]
            spoken[0] = type(spoken[0])(**{**vars(spoken[0]), 'observation_ns':
                                           rig.ros_ns + TICK_NS - latency_ns})  # fmt: skip
        rig.tick(chunks=tuple(spoken))
        spoken = []
        if at_ns == -100 * MS:
            assert rig.ask(Mode.POLICY).granted
        ticks.append(at_ns / 1e9)
    return np.array(ticks), np.array([decision.values for decision in rig.sent])


@pytest.fixture(scope='module')
def rollout():
    return rolled_out(4.0)


def test_the_mux_sends_a_motion_when_it_was_meant_and_does_not_trail_behind(rollout):
    ticks, sent = rollout
    wanted, driven = motion(np.maximum(ticks, 0)), ticks > 0.3
    # Straight lines of 0.1 s leave a curve by h^2/8 of its curvature; the rest is acceleration.
    off = np.abs(sent - wanted)[driven].max(axis=0)
    assert off[JOINTS].max() < 0.004, dict(zip(BODY.names, off.round(4), strict=True))
    assert off[BASE].max() < 0.004


def test_the_actions_of_a_recorded_rollout_are_the_rows_that_were_played(rollout):
    ticks, sent = rollout
    frames_s = np.arange(5, 35) * STEP_S
    seen = table(np.round(ticks * 1e9), sent, stamps=np.round(frames_s * 1e9))
    rows = motion(frames_s + STEP_S)
    np.testing.assert_allclose(action_at(seen), rows, rtol=0, atol=0.004)
