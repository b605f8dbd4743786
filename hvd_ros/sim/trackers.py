# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The vendor's joint trackers: every part runs after its streamed target at a bounded speed.

A stream that ended holds the set point, which lags the target: no jump to where it led. All parts
are one vector, because this runs between any two physics steps.
"""

import mujoco
import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import CommandRejected
from hvd_ros.core.robot.body import Array, Body, Kind

# How fast the vendor's joint tracker follows [rad/s]; a finger as its joint says [m/s].
ARM_SPEED = np.array([3.0, 3.0, 3.0, 5.0, 5.0, 5.0])
TORSO_SPEED = np.full(4, 1.5)
FINGER_SPEED = np.array([0.25])
STREAM_TIMEOUT_S = 0.2


class Trackers:
    """Moves the set points of the servos in `ctrl` towards the targets of their parts."""

    def __init__(self, model: mujoco.MjModel, body: Body) -> None:
        self._step_s = float(model.opt.timestep)
        self.servos = {part: _servos(model, names) for part, (names, _) in _parts(body).items()}
        self._all = np.concatenate(list(self.servos.values()))
        ends = np.cumsum([len(ids) for ids in self.servos.values()])
        self._where = {
            part: slice(end - len(ids), end)
            for (part, ids), end in zip(self.servos.items(), ends, strict=True)
        }
        speed = np.concatenate([speed for _, speed in _parts(body).values()])
        self._most: Array = speed * self._step_s
        self._low, self._high = model.actuator_ctrlrange[self._all].T
        self._target: Array = np.zeros(len(self._all))
        # How far a set point may move in one step: nowhere while its part is silent.
        self._reach, self._back = np.zeros(len(self._all)), np.zeros(len(self._all))
        self._silent_s: dict[str, float] = {}  # of the parts that move

    def aim(self, part: str, name: str, target: npt.ArrayLike) -> None:
        """Set the target of a part, called by a name; refuses NaN and wrong sizes."""
        where = self._where[part]
        asked = np.asarray(target, dtype=np.float64)
        finite(name, asked, self._target[where].shape)
        self._target[where] = np.clip(asked, self._low[where], self._high[where])
        if part not in self._silent_s:
            self._allow(where, self._most[where])
        self._silent_s[part] = 0.0

    def advance(self, ctrl: Array) -> None:
        """Move the set points for one physics step."""
        if not self._silent_s:
            return
        move = self._target - ctrl[self._all]
        np.maximum(move, self._back, out=move)
        np.minimum(move, self._reach, out=move)
        ctrl[self._all] += move
        for part, silent_s in list(self._silent_s.items()):
            self._silent_s[part] = silent_s + self._step_s
            if self._silent_s[part] >= STREAM_TIMEOUT_S:
                del self._silent_s[part]
                self._allow(self._where[part], 0.0)

    def _allow(self, where: slice, reach: npt.ArrayLike) -> None:
        self._reach[where] = reach
        np.negative(self._reach, out=self._back)


def finite(name: str, values: Array, shape: tuple[int, ...]) -> None:
    """Refuse a target of another size or with something that is no number."""
    if values.shape != shape or not np.all(np.isfinite(values)):
        raise CommandRejected(
            f'{name}: a target needs {shape[0]} finite numbers, got {values.tolist()}'
        )


def _parts(body: Body) -> dict[str, tuple[list[str], Array]]:
    speeds = {'left_arm': ARM_SPEED, 'right_arm': ARM_SPEED, 'torso': TORSO_SPEED}
    found = {
        part: ([body.dimensions[i].joint for i in body.parts[part]], speed)
        for part, speed in speeds.items()
    }
    fingers = [d.name for d in body.dimensions if d.kind is Kind.OPENING]
    return found | {name: ([name], FINGER_SPEED) for name in fingers}


def _servos(model: mujoco.MjModel, names: list[str]) -> npt.NDArray[np.intp]:
    return np.array([model.actuator(name).id for name in names])
