# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How fast the five tasks are played, how well by their experts, and what a picture costs.

Steps are those of the experts' episodes, contacts and scores included, without the operators' own
thinking, which the processor time of an episode has as well. Beside them, in the same run,
robosuite's mobile manipulator in the interpreter that HVD_ROBOSUITE_PYTHON names; without one its
figures are nothing.
"""

from collections.abc import Callable
import math
import os
import resource
import statistics
import subprocess
import time

import numpy as np

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.robot.body import Body
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.cameras import CHEAP, Look
from hvd_ros.sim.experts.catalogue import EXPERT, operator_moves
from hvd_ros.sim.ik import Solver
from hvd_ros.sim.seeds import seeds_for
from hvd_ros.sim.task_env import STEP_S, TaskEnv
from hvd_ros.sim.tasks.catalogue import TASKS

PEER = 'HVD_ROBOSUITE_PYTHON'
_EPISODES = 1000  # at most, of a task
_PEER_CODE = """
import sys, time
import numpy as np
import robosuite
env = robosuite.make('Lift', robots='PandaOmron', has_renderer=False, horizon=100000,
                     has_offscreen_renderer=False, use_camera_obs=False, control_freq=10)
env.reset()
low, high = env.action_spec
rng = np.random.default_rng(0)
for _ in range(5):  # compiles on its first steps
    env.step(rng.uniform(low, high))
steps, began = 0, time.perf_counter()
while time.perf_counter() - began < float(sys.argv[1]):
    env.step(rng.uniform(low, high))
    steps += 1
print(steps / (time.perf_counter() - began))
"""


def measure(quick: bool, minutes: float | None) -> dict[str, float]:
    """Let the experts play each task for a fifth of the time, then look around."""
    body = load_body('r1')
    solver = Solver(body)
    seconds = 0.0 if quick else 60.0 * (minutes or 2.0) / len(TASKS)
    figures: dict[str, float] = {}
    for task in TASKS:
        whole = not quick or task == 'pen_insert'
        figures |= _played(TaskEnv(task, body), solver, seconds, whole)
    figures |= _looked(body, rounds=2 if quick else 30)
    figures['memory_mb'] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peer = _peer(1.0 if quick else 10.0)
    rates = [figures[f'{task}_steps_per_s'] for task in TASKS]
    figures['robosuite_steps_per_s'] = peer
    figures['ratio_vs_robosuite'] = statistics.median(rates) / peer
    return figures


def _played(env: TaskEnv, solver: Solver, seconds: float, whole: bool) -> dict[str, float]:
    """Play episodes until the time is over; one that is not played to its end has no success."""
    task, steps, spent, wins, began = env.task.name, 0, 0.0, [], time.perf_counter()
    began_cpu = time.process_time()
    for seed in seeds_for('test', _EPISODES):
        env.reset(seed)
        rng = np.random.default_rng((seed, 1))
        for action in operator_moves(task, EXPERT, env, solver, rng):
            start = time.perf_counter()
            env.step(action)
            over = env.over
            spent += time.perf_counter() - start
            steps += 1
            if over or (not whole and steps >= 40):
                break
        wins.append(min(env.scores) == 1.0)
        if time.perf_counter() - began >= seconds:
            break
    cpu_s = time.process_time() - began_cpu
    return {
        f'{task}_cpu_s_per_episode': cpu_s / len(wins) if whole else math.nan,
        f'{task}_steps_per_s': steps / spent,
        f'{task}_expert_success': sum(wins) / len(wins) if whole else math.nan,
        f'{task}_episodes': len(wins),
        f'{task}_real_time_factor': steps * STEP_S / spent,
    }


def _looked(body: Body, rounds: int) -> dict[str, float]:
    """Time what an observation costs, in the scene with the most in it."""
    figures = {}
    look = Look()
    env = TaskEnv('basket_carry', body, look=look)
    env.reset(0)
    figures['state_ms'] = _median_ms(env.observe, rounds)
    try:
        pictures = _median_ms(lambda: env.observe({Modality.RGB, Modality.DEPTH}), rounds)
        figures['rgbd_320x240_ms_per_frame'] = pictures / len(look.views)
        figures['depth_cloud_4096_ms'] = _median_ms(lambda: env.observe({Modality.CLOUD}), rounds)
    except DeviceError:  # no graphics here
        figures |= {'rgbd_320x240_ms_per_frame': math.nan, 'depth_cloud_4096_ms': math.nan}
    env.close()
    cheap = TaskEnv('basket_carry', body, look=CHEAP)
    cheap.reset(0)
    figures['ray_cloud_512_ms'] = _median_ms(lambda: cheap.observe({Modality.CLOUD}), rounds)
    return figures


def _median_ms(act: Callable[[], object], rounds: int) -> float:
    act()  # what is made at the first time is not timed
    took = []
    for _ in range(rounds):
        start = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - start))
    return statistics.median(took)


def _peer(seconds: float) -> float:
    """Return robosuite's steps a second, NaN where nobody named an interpreter that has it."""
    python = os.environ.get(PEER)
    if not python:
        return math.nan
    done = subprocess.run(
        [python, '-c', _PEER_CODE, str(seconds)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ['no word'])[-1]
        raise DeviceError(
            f'{PEER}={python}: {last}; it needs robosuite 1.5 and mujoco <= 3.6, or unset it'
        )
    return float(done.stdout.split()[-1])
