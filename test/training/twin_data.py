# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the twin's robot saw: two short episodes with drawn cameras and clouds, as a dataset."""

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from hvd_ros.cli.main import main
from hvd_ros.core.mux.command import Source
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.cloud import SceneConfig
from hvd_ros.sim.cameras import Look
from hvd_ros.sim.experts.catalogue import EXPERT, Moves, operator_moves
from hvd_ros.sim.generate.players import play
from hvd_ros.sim.generate.tape import Credits, Shows, Tape
from hvd_ros.sim.ik import Solver
from hvd_ros.sim.task_env import TaskEnv
from hvd_ros.sim.views import VIEWS
from hvd_training.data.convert import Choice, Plan, convert
from hvd_training.data.unit import UnitConfig

TASK, SIZE, POINTS, STEPS = 'pen_insert', (48, 64), 256, 20  # two seconds
HORIZON = 4  # of the chunks that its statistics are of


def make(place: Path) -> Path:
    """Let an operator begin the task, and somebody who wanders; convert both episodes."""
    height, width = SIZE
    small = tuple(replace(view, width=width, height=height) for view in VIEWS)
    body = load_body('r1')
    env = TaskEnv(TASK, body, look=Look(small, cloud=SceneConfig(points=POINTS)))
    for seed, kind in enumerate(('expert', 'rollout')):
        env.reset(seed)
        rng = np.random.default_rng(seed)
        moves = _wandering(env, rng)
        if kind == 'expert':
            moves = operator_moves(TASK, EXPERT, env, Solver(body), rng)
        credits = Credits(f'twin-{kind}', kind, 'made', Source.TELEOP)
        tape = Tape(env, place / 'episodes', credits, Shows(cameras=True, cloud=True))
        tape.keep(play(env, islice(moves, STEPS), tape))
    env.close()
    out = convert(Choice((place / 'episodes',)), Plan(place / 'data', 'v3.0', UnitConfig()))
    # Joints as differences from where a chunk starts, as the paper's policies learn them.
    assert main(['dataset', 'stats', str(out), '--delta', '--horizon', str(HORIZON)]) == 0
    return out


def _wandering(env: TaskEnv, rng: np.random.Generator) -> Moves:
    while True:
        yield env.command + rng.uniform(-0.1, 0.1, env.body.size)
