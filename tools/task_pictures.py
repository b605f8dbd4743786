# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The pictures of docs/tasks.md: every task at its start and at the end of each of its stages.

`python tools/task_pictures.py [--seed N] [--out docs/images] [TASK ...]`: each expert plays one
episode; a column is a moment, seen from the side, by the head and by the wrist that is nearer to
the work.
"""

import argparse
from pathlib import Path

import cv2
import mujoco
import numpy as np

from hvd_ros.core.policy.observation import Modality, Picture
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.tasks import load_task
from hvd_ros.sim.cameras import Look, mount_cameras
from hvd_ros.sim.experts.catalogue import play
from hvd_ros.sim.ik import Solver
from hvd_ros.sim.side_view import SideView
from hvd_ros.sim.task_env import TaskEnv
from hvd_ros.sim.tasks import facts
from hvd_ros.sim.tasks.catalogue import TASKS

_BODY = load_body('r1')
_STATE = mujoco.mjtState.mjSTATE_INTEGRATION
_QUALITY = 82
_STRIP = 22  # pixels of text above a column


class Watched(TaskEnv):
    """An episode that can be looked at again, at any of its steps."""

    def __init__(self, task: str) -> None:
        self.side = SideView(task)
        look = Look()
        extend = self.side.extend(lambda spec: mount_cameras(spec, _BODY, look))
        super().__init__(task, _BODY, extend=extend, look=look)
        self._states: list[np.ndarray] = []

    def reset(self, seed: int) -> object:
        """Begin to keep states."""
        first = super().reset(seed)
        self._states = [self._state()]
        return first

    def step(self, action: np.ndarray) -> object:
        """Keep one more."""
        truth = super().step(action)
        self._states.append(self._state())
        return truth

    def column(self, step: int, text: str) -> Picture:
        """Draw a moment: side, head, wrist, one below the other."""
        mujoco.mj_setState(self.model, self.data, self._states[step], _STATE)
        mujoco.mj_forward(self.model, self.data)
        self.task.advance(self.model, self.data)
        seen = self.observe({Modality.RGB}).images
        side = self.side.draw(self.model, self.data)
        wrist = seen[f'{self._near()}_wrist']
        small = [
            cv2.resize(p, (160, 120), interpolation=cv2.INTER_AREA) for p in (seen['head'], wrist)
        ]
        strip = np.full((_STRIP, side.shape[1], 3), 255, np.uint8)
        cv2.putText(
            strip, text, (4, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 30), 1, cv2.LINE_AA
        )
        return np.vstack([strip, side, np.hstack(small)])

    def _near(self) -> str:
        thing, _ = facts.pose(self.data, self.task.things[0])
        hands = {s: facts.pose(self.data, f'{s}_gripping_point')[0] for s in facts.SIDES}
        return min(hands, key=lambda s: float(np.linalg.norm(hands[s] - thing)))

    def _state(self) -> np.ndarray:
        state = np.empty(mujoco.mj_stateSize(self.model, _STATE))
        mujoco.mj_getState(self.model, self.data, state, _STATE)
        return state


def sheet(task: str, seed: int) -> Picture:
    """Return the columns of one task: how it begins, the middle and the end of every stage."""
    env = Watched(task)
    result = play(env, Solver(_BODY), seed)
    names = load_task(task).stage_names
    columns, before = [env.column(0, 'start')], 0
    for i, (name, end, score) in enumerate(
        zip(names, result.stage_ends, result.scores, strict=True)
    ):
        if len(names) < 3:
            columns += [env.column(before + (end - before) * k // 3, f'{k}/3') for k in (1, 2)]
        columns.append(env.column(end, f'{i + 1}. {name}: {score:g}'[:46]))
        before = end
    env.close()
    env.side.close()
    return np.hstack(columns)


def main() -> None:
    """Draw the sheets that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('tasks', nargs='*', default=list(TASKS), metavar='TASK')
    parser.add_argument('--seed', type=int, default=7)
    parser.add_argument('--out', type=Path, default=Path('docs/images'))
    args = parser.parse_args()
    for task in args.tasks:
        path = args.out / f'task_{task}.jpg'
        bgr = cv2.cvtColor(sheet(task, args.seed), cv2.COLOR_RGB2BGR)
        _, jpeg = cv2.imencode('.jpg', bgr, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
        path.write_bytes(jpeg.tobytes())
        print(f'{path}: {bgr.shape[1]}x{bgr.shape[0]}, {path.stat().st_size / 1000:.0f} kB')


if __name__ == '__main__':
    main()
