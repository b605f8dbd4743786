# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A task played at full speed: ten commands a second, physics in between, a score at the end.

The same seed gives the same bits. A command is what the robot's command topic carries, in the
order of the body; it is bounded as the mux bounds it, so that nothing is learnt here that the
real robot would not do.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
import math

import mujoco
import numpy as np
import numpy.typing as npt

from hvd_ros.core.errors import CommandRejected, ConfigError
from hvd_ros.core.labels.labels import SIMULATOR, Mark
from hvd_ros.core.labels.rewards import rewards
from hvd_ros.core.policy.observation import (
    Depth,
    Modality,
    Observation,
    Picture,
    PointCloud,
)
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.robot.state import StateLayout
from hvd_ros.core.tasks import load_task
from hvd_ros.sim import robot_model
from hvd_ros.sim.cameras import Cameras, Look, mount_cameras
from hvd_ros.sim.robot import SimulationBroken
from hvd_ros.sim.sim_state import SimState
from hvd_ros.sim.tasks import backdrop
from hvd_ros.sim.tasks.catalogue import load_sim_task
from hvd_ros.sim.tasks.history import History
from hvd_ros.sim.tasks.setting import draw, load_setting
from hvd_ros.sim.tasks.sim_task import Truth, scores, stage_ends
from hvd_ros.sim.views import View
from hvd_ros.sim.wiring import Wiring

STEP_S = 0.1
SLICE = 5  # physics steps between two looks at where the base points, and at the mechanisms
_SETTLE_S = 0.4
_RESTING = 0.05  # [m/s] of anything loose, once settled
_FASTEST = 30.0  # likewise, ever: what falls from a hand has five, what is thrown ten
_START = (0.12, 0.15, 0.15)  # half ranges of the base's place: m, m, rad
_TORSO_START = 0.05  # likewise of every torso joint [rad]
_OPENING = 0.9
_LOOK_EVERY = 5  # control steps between two scores, and of success before the end


@dataclass(frozen=True)
class Result:
    """How an episode ended."""

    task: str
    setting: str
    seed: int
    scores: tuple[float, ...]
    stage_ends: tuple[int, ...]  # control steps from the start
    success: bool
    duration_s: float

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What the simulator says of every stage, as a label of the episode."""
        ends = zip(self.stage_ends, self.scores, strict=True)
        return tuple(Mark(end, i, score, SIMULATOR) for i, (end, score) in enumerate(ends))

    @property
    def rewards(self) -> Array:
        """What every step is worth, the first included, as for a labelled episode (N + 1,)."""
        return rewards(self.marks, round(self.duration_s / STEP_S) + 1)


class TaskEnv:
    """One task, one robot; reset() before step()."""

    def __init__(
        self,
        task: str,
        body: Body,
        setting: str = 'usual',
        extend: Callable[[mujoco.MjSpec], None] | None = None,
        look: Look | None = None,
    ) -> None:
        """
        Build the scene, with the cameras of a look on the robot.

        Who gives `extend` mounts cameras himself, or none; it must change nothing in the physics.
        """
        # _check says what MuJoCo would write into MUJOCO_LOG.TXT in whatever folder we run from.
        mujoco.set_mju_user_warning(lambda text: None)
        self.task, self.body = load_sim_task(task), body
        self.setting = load_setting(setting)
        described = load_task(task)
        self.stage_names, self.prompt = described.stage_names, described.prompt
        look = look or Look()
        self.model = _compiled(self, extend or (lambda spec: mount_cameras(spec, body, look)))
        self.data = mujoco.MjData(self.model)
        self._wiring = Wiring(self.model, body)
        self._layout, self._sim_state = StateLayout(body), SimState(self.task, self.model)
        self._cameras, self._look = Cameras(self.model, body, look), look
        self._loose = _loose(self.model)
        self._slices = round(STEP_S / self.model.opt.timestep / SLICE)
        limits = body.limits
        self._fastest = STEP_S * np.where(self._wiring.bases, limits.acceleration, limits.velocity)
        self._command: Array = np.zeros(body.size)
        self._seed = -1
        self.truths = History()

    def reset(self, seed: int) -> Truth:
        """Begin the episode that belongs to a seed."""
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            raise ConfigError(f'seed {seed!r}: must be a whole number from 0')
        self._seed, rng = int(seed), np.random.default_rng(int(seed))
        mujoco.mj_resetData(self.model, self.data)
        self._stand(rng)
        # Kinematics first: a task may look at what it places.
        mujoco.mj_forward(self.model, self.data)
        self.task.randomise(self.model, self.data, rng, self.setting)
        self._settle()
        first = self._tell()
        self.truths = History([first])
        return first

    def step(self, action: npt.ArrayLike) -> Truth:
        """Carry out a command (D,) for a tenth of a second."""
        if not self.truths:
            raise ConfigError('step() before reset(): there is no episode yet')
        target = self.bounded(self._read(action))
        before, way, self._command = self._command, target - self._command, target
        for i in range(self._slices):
            self._drive(before + way * (i + 1) / self._slices)
        self._check()
        truth = self._tell()
        self.truths.append(truth)
        return truth

    def _read(self, action: npt.ArrayLike) -> Array:
        try:
            asked = np.asarray(action, dtype=np.float64)
        except (TypeError, ValueError):  # no numbers
            asked = np.empty(0)
        if asked.shape != (self.body.size,) or not np.isfinite(asked).all():
            raise CommandRejected(
                f'an action needs {self.body.size} finite numbers in the order of the body, '
                f'got {action!r}'
            )
        return asked

    def bounded(self, asked: Array) -> Array:
        """Return what is carried out of a command: within limits, and no faster than they say."""
        limits, fastest = self.body.limits, self._fastest
        # Not np.clip, which takes five times as long for so few.
        change = np.minimum(np.maximum(asked - self._command, -fastest), fastest)
        found: Array = np.minimum(np.maximum(self._command + change, limits.low), limits.high)
        return found

    @property
    def position(self) -> Array:
        """Where every dimension is (D,): joints, body-frame base velocities, openings."""
        return self._wiring.position(self.data)

    @property
    def velocity(self) -> Array:
        """How fast every joint moves (D,); NaN where the robot measures none."""
        return self._wiring.velocity(self.data)

    @property
    def state_names(self) -> tuple[str, ...]:
        """What each number of an observation's state is."""
        return self._layout.names

    @property
    def sim_state_names(self) -> tuple[str, ...]:
        """What each number of an observation's privileged state is."""
        return self._sim_state.names

    @property
    def sim_state(self) -> Array:
        """The privileged state (P,) of now, without the rest of an observation."""
        return self._sim_state.read(self.data, self.truths[-1])

    @property
    def views(self) -> tuple[View, ...]:
        """How each camera of the look takes its pictures."""
        return self._look.views

    def observe(self, needs: Collection[Modality] = (Modality.STATE,)) -> Observation:
        """Look at what is asked for; stamp 0 is the start of the episode."""
        if not self.truths:
            raise ConfigError('observe() before reset(): there is no episode yet')
        position = self.position
        images, depths = self._pictures(needs)
        cloud: PointCloud | None = None
        if Modality.CLOUD in needs and self._look.cloud_from == 'rays':
            cloud = self._cameras.cheap_cloud(self.data)
        elif Modality.CLOUD in needs:
            cloud = self._cameras.cloud(position, images, depths)
        return Observation(
            stamp_ns=round(self.time_s * 1e9),
            state=self._layout.state(position, self.velocity),
            images=images if Modality.RGB in needs else {},
            depth_mm=depths if Modality.DEPTH in needs else {},
            cloud=cloud,
            sim_state=self.sim_state if Modality.SIM_STATE in needs else None,
            prompt=self.prompt,
        )

    def close(self) -> None:
        """Give the graphics memory back; safe to call twice, and the episode can go on."""
        self._cameras.close()

    def _pictures(
        self, needs: Collection[Modality]
    ) -> tuple[dict[str, Picture], dict[str, Depth]]:
        drawn = Modality.CLOUD in needs and self._look.cloud_from == 'depth'
        if not drawn and not {Modality.RGB, Modality.DEPTH} & set(needs):
            return {}, {}
        return self._cameras.pictures(self.data)

    @property
    def command(self) -> Array:
        """What was carried out last (D,)."""
        return self._command.copy()

    @property
    def time_s(self) -> float:
        """How long the episode has been running."""
        return (len(self.truths) - 1) * STEP_S

    @property
    def scores(self) -> tuple[float, ...]:
        """The score of every stage so far."""
        return scores(self.task, self.truths.view())

    @property
    def done(self) -> bool:
        """Whether the task has been done for half a second, as far as anybody looked."""
        steps = len(self.truths)
        if steps % _LOOK_EVERY or min(self.scores) < 1.0:
            return False
        # Done in passing is not done: what falls through a basket is in it for a moment.
        return min(scores(self.task, self.truths.view(steps - _LOOK_EVERY))) == 1.0

    @property
    def late(self) -> bool:
        """Whether the time of the task is over."""
        return self.time_s >= self.task.limit_s

    @property
    def over(self) -> bool:
        """Whether the task has been done for half a second, or its time is."""
        return self.late or self.done

    def result(self) -> Result:
        """Say how the episode ended; call it at its end."""
        found = self.scores
        return Result(
            task=self.task.name,
            setting=self.setting.name,
            seed=self._seed,
            scores=found,
            stage_ends=stage_ends(self.task, self.truths.view()),
            success=min(found) == 1.0,
            duration_s=self.time_s,
        )

    def _drive(self, command: Array) -> None:
        self._wiring.command(self.data, command)
        mujoco.mj_step(self.model, self.data, SLICE)
        self.task.advance(self.model, self.data)

    def _tell(self) -> Truth:
        # After a step, poses are those before its last two milliseconds.
        mujoco.mj_kinematics(self.model, self.data)
        return self.task.truth(self.model, self.data)

    def _stand(self, rng: np.random.Generator) -> None:
        torso, limits = self.body.parts['torso'], self.body.limits
        at = self.body.pose('home').copy()
        at[self.body.mask(Kind.OPENING)] = _OPENING
        at[torso] += rng.uniform(-_TORSO_START, _TORSO_START, len(torso))
        self._command = np.clip(at, limits.low, limits.high)
        high = np.array(_START)
        self.data.qpos[:3] = draw(rng, -high, high, self.setting.pose)
        self._wiring.place(self.data, self._command)

    def _settle(self) -> None:
        for _ in range(round(_SETTLE_S / self.model.opt.timestep / SLICE)):
            self._drive(self._command)
        self._check()
        for name, moving in self._speeds():
            if moving > _RESTING:
                raise SimulationBroken(
                    f"{self._episode}: '{name}' does not come to rest ({moving:.2f} m/s); widen "
                    'the place that randomise() puts it into'
                )

    def _check(self) -> None:
        # mj_step does not raise: it counts a warning and starts over from the initial state.
        broken = np.flatnonzero(self.data.warning.number)
        why = [mujoco.mjtWarning(int(i)).name for i in broken]
        why += [f"'{name}' at {v:.0f} m/s" for name, v in self._speeds() if not v < _FASTEST]
        if why:
            self.truths = History()
            raise SimulationBroken(
                f'{self._episode}: the physics broke ({why[0]}); this episode has no score, '
                'reset() begins another'
            )

    def _speeds(self) -> Iterator[tuple[str, float]]:
        """Say how fast every loose thing moves."""
        for name, at in self._loose:
            yield name, math.hypot(*self.data.qvel[at : at + 3].tolist())

    @property
    def _episode(self) -> str:
        return f"{self.task.name}, setting '{self.setting.name}', seed {self._seed}"


def _loose(model: mujoco.MjModel) -> tuple[tuple[str, int], ...]:
    """Return what can fly, and where its velocity is."""
    free = np.flatnonzero(model.jnt_type == mujoco.mjtJoint.mjJNT_FREE)
    return tuple((model.body(model.jnt_bodyid[j]).name, int(model.jnt_dofadr[j])) for j in free)


def _compiled(env: TaskEnv, extend: Callable[[mujoco.MjSpec], None]) -> mujoco.MjModel:
    spec = robot_model.build(env.body)
    (backdrop.other if env.setting.background else backdrop.usual)(spec)
    env.task.build(spec)
    if env.setting.background:
        backdrop.repaint(spec)
    extend(spec)
    return spec.compile()
