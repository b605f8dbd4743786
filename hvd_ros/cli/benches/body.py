# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every tick pays for the body: kinematics, self distance, the mux, the simulated robot."""

from collections.abc import Callable
import time

import numpy as np

from hvd_ros.core.mux.state import Inputs, MuxConfig, MuxState, prepare
from hvd_ros.core.mux.tick import step
from hvd_ros.core.robot.collision import SelfCollision
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.sim.robot import SimRobot

_ROBOT = 'r1'
_TICK_S = 0.01


def measure(quick: bool, minutes: float | None) -> dict[str, float]:
    """Return the median cost of one call of each, in milliseconds."""
    runs = 50 if quick else round(60_000 * (minutes or 1 / 60))
    body = load_body(_ROBOT)
    values = body.pose('home')
    kinematics, collision, robot = BodyKinematics(body), SelfCollision(body), SimRobot(body)
    return {
        'kinematics_ms_p50': _median_ms(lambda: kinematics.poses(values), runs),
        'self_distance_ms_p50': _median_ms(lambda: collision.distance(values), runs),
        'mux_step_ms_p50': _median_ms(_mux(), runs),
        'sim_robot_tick_ms_p50': _median_ms(lambda: robot.step(_TICK_S), runs),
    }


def _mux() -> Callable[[], object]:
    """Return a mux that holds, ticked with nothing new to hear."""
    body = load_body(_ROBOT)
    setup = prepare(body, MuxConfig(), SelfCollision(body).distance)
    state, now_ns = MuxState(), 0

    def tick() -> None:
        nonlocal state, now_ns
        now_ns += round(_TICK_S * 1e9)
        state, _ = step(state, now_ns, Inputs(ros_now_ns=now_ns), setup)

    return tick


def _median_ms(call: Callable[[], object], runs: int) -> float:
    costs = []
    for _ in range(runs):
        began = time.perf_counter()
        call()
        costs.append(time.perf_counter() - began)
    return float(np.median(costs)) * 1e3
