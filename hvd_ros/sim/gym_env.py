# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The tasks for other people's code: Gymnasium environments.

Importing this module registers them; `hvd_ros/PenInsert-v0` is Pen Insert, and so on. The physics,
the bounds of a command and the scores are those of TaskEnv, and a seed means the same episode.
"""

from collections.abc import Iterable
from typing import Any

import gymnasium
from gymnasium import spaces
import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.labels.rewards import STEP
from hvd_ros.core.policy.observation import Modality, Observation, modalities
from hvd_ros.core.robot.body import Array
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.cameras import Look
from hvd_ros.sim.seeds import SEEDS
from hvd_ros.sim.task_env import STEP_S, TaskEnv
from hvd_ros.sim.tasks.catalogue import TASKS

_WIDEST = 1e3  # of a state: far beyond any angle, place or speed, and still a bound


class TaskGymEnv(gymnasium.Env[dict[str, Any], Array]):
    """
    One task as Gymnasium knows environments.

    The reward of a step is how much the score of any stage changed in it, or -0.001 where none
    did. In the last step `info['rewards']` has what a labelled episode would have: the score of
    each stage where it was settled for good, which only the end can tell.
    """

    def __init__(
        self,
        task: str,
        robot: str = 'r1',
        setting: str = 'usual',
        needs: Iterable[str] = (Modality.STATE,),
        look: Look | None = None,
        render_mode: str | None = None,
    ) -> None:
        self._needs, self._look = modalities(needs), look or Look()
        self._env = TaskEnv(task, load_body(robot), setting, look=self._look)
        self.render_mode = render_mode
        limits = self._env.body.limits
        self.action_space = spaces.Box(limits.low, limits.high, dtype=np.float64)
        self.observation_space = spaces.Dict(self._spaces())
        self._scores: tuple[float, ...] = ()

    metadata = {'render_modes': ['rgb_array'], 'render_fps': round(1 / STEP_S)}  # noqa: RUF012

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin the episode of a seed, or without one an episode of another seed each time."""
        if options:
            raise ConfigError(
                f'options {options}: an episode has none but its seed; a setting is given to '
                'gymnasium.make()'
            )
        super().reset(seed=seed)
        # Without a seed, one that datasets are made of: never one that tests are run on.
        own = self.np_random.integers(len(SEEDS['generation'])) if seed is None else seed
        self._env.reset(int(own))
        self._scores = self._env.scores
        return self._shown(), self._info()

    def step(self, action: Array) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Carry out a command for a tenth of a second."""
        self._env.step(action)
        before, self._scores = self._scores, self._env.scores
        gained = sum(self._scores) - sum(before)
        terminated = self._env.done
        truncated = self._env.late and not terminated
        info = self._info()
        if terminated or truncated:
            result = self._env.result()
            info |= {'rewards': result.rewards, 'stage_ends': result.stage_ends}
        return self._shown(), gained or STEP, terminated, truncated, info

    def render(self) -> Any:
        """Return what the head sees (H, W, 3)."""
        if self.render_mode != 'rgb_array':
            return None
        return self._env.observe({Modality.RGB}).images['head']

    def close(self) -> None:
        """Give the graphics memory back."""
        self._env.close()

    def _shown(self) -> dict[str, Any]:
        return _flat(self._env.observe(self._needs), self._needs)

    def _info(self) -> dict[str, Any]:
        done = min(self._scores) == 1.0
        return {'scores': self._scores, 'success': done, 'time_s': self._env.time_s}

    def _spaces(self) -> dict[str, spaces.Space[Any]]:
        views, needs = self._look.views, self._needs
        found: dict[str, spaces.Space[Any]] = {'state': _numbers(self._env.state_names)}
        if Modality.SIM_STATE in needs:
            found['sim_state'] = _numbers(self._env.sim_state_names)
        for view in views:
            shape = (view.height, view.width)
            if Modality.RGB in needs:
                found[f'rgb.{view.camera}'] = spaces.Box(0, 255, (*shape, 3), np.uint8)
            if Modality.DEPTH in needs:
                found[f'depth.{view.camera}'] = spaces.Box(0, 65535, shape, np.uint16)
        if Modality.CLOUD in needs:
            points = self._look.cloud.points
            found['cloud.xyz'] = spaces.Box(-_WIDEST, _WIDEST, (points, 3), np.float32)
            found['cloud.rgb'] = spaces.Box(0, 255, (points, 3), np.uint8)
        return found


def gym_id(task: str) -> str:
    """Return the name that gymnasium.make() knows a task by."""
    return f'hvd_ros/{task.title().replace("_", "")}-v0'


def _numbers(names: tuple[str, ...]) -> spaces.Box:
    return spaces.Box(-_WIDEST, _WIDEST, (len(names),), np.float64)


def _flat(seen: Observation, needs: frozenset[Modality]) -> dict[str, Any]:
    found: dict[str, Any] = {'state': seen.state}
    if seen.sim_state is not None:
        found['sim_state'] = seen.sim_state
    found |= {f'rgb.{camera}': image for camera, image in seen.images.items()}
    found |= {f'depth.{camera}': depth for camera, depth in seen.depth_mm.items()}
    if seen.cloud is not None:
        found['cloud.xyz'], found['cloud.rgb'] = seen.cloud
    return found


for _task in TASKS:
    gymnasium.register(
        gym_id(_task),
        'hvd_ros.sim.gym_env:TaskGymEnv',
        kwargs={'task': _task},
        max_episode_steps=None,
    )
