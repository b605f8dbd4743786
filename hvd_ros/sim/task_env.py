# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A task played at full speed: ten commands a second, physics in between, a score at the end.

The same seed gives the same bits. A command is what the robot's command topic carries, in the
order of the body; it is bounded as the mux bounds it, so that nothing is learnt here that the
real robot would not do.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

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
from hvd_ros.sim.tasks import backdrop, facts
from hvd_ros.sim.tasks.catalogue import load_sim_task
from hvd_ros.sim.tasks.history import History
from hvd_ros.sim.tasks.setting import draw, load_setting
from hvd_ros.sim.tasks.sim_task import Truth, scores, stage_ends

STEP_S = 0.1
SLICE = 5  # physics steps between two looks at where the base points, and at the mechanisms
_SETTLE_S = 0.4
_RESTING = 0.05  # [m/s] of anything loose, once settled
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
        self._servos, self._scale = _servos(self.model, body)
        self._layout, self._sim_state = StateLayout(body), SimState(self.task, self.model)
        self._cameras, self._look = Cameras(self.model, body, look), look
        self._joints, self._rates = _joints(self.model, body), _rates(self.model, body)
        self._bases = body.mask(Kind.VELOCITY)
        self._slices = round(STEP_S / self.model.opt.timestep / SLICE)
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
        mujoco.mj_kinematics(self.model, self.data)
        self.truths = History([self.task.truth(self.model, self.data)])
        return self.truths[0]

    def step(self, action: npt.ArrayLike) -> Truth:
        """Carry out a command (D,) for a tenth of a second."""
        if not self.truths:
            raise ConfigError('step() before reset(): there is no episode yet')
        asked = np.asarray(action, dtype=np.float64)
        if asked.shape != (self.body.size,) or not np.isfinite(asked).all():
            raise CommandRejected(
                f'an action needs {self.body.size} finite numbers in the order of the body, '
                f'got {asked.tolist()}'
            )
        target = self.bounded(asked)
        before, self._command = self._command, target
        for i in range(self._slices):
            self._drive(before + (target - before) * (i + 1) / self._slices)
        self._check()
        # After a step, poses are those before its last two milliseconds.
        mujoco.mj_kinematics(self.model, self.data)
        self.truths.append(self.task.truth(self.model, self.data))
        return self.truths[-1]

    def bounded(self, asked: Array) -> Array:
        """Return what is carried out of a command: within limits, and no faster than they say."""
        limits = self.body.limits
        fastest = np.where(self._bases, limits.acceleration, limits.velocity) * STEP_S
        change = np.clip(asked - self._command, -fastest, fastest)
        return np.clip(self._command + change, limits.low, limits.high)

    @property
    def position(self) -> Array:
        """Where every dimension is (D,): joints, body-frame base velocities, openings."""
        found: Array = np.empty(self.body.size)
        found[self._bases] = facts.about_z(-self.data.qpos[2]) @ self.data.qvel[:3]
        joints = self.data.qpos[self._joints].mean(axis=1)
        found[~self._bases] = joints / self._scale[~self._bases]
        return found

    @property
    def velocity(self) -> Array:
        """How fast every joint moves (D,); NaN where the robot measures none."""
        found: Array = np.full(self.body.size, np.nan)
        found[self.body.mask(Kind.POSITION)] = self.data.qvel[self._rates]
        return found

    @property
    def state_names(self) -> tuple[str, ...]:
        """What each number of an observation's state is."""
        return self._layout.names

    @property
    def sim_state_names(self) -> tuple[str, ...]:
        """What each number of an observation's privileged state is."""
        return self._sim_state.names

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
        privileged = Modality.SIM_STATE in needs
        return Observation(
            stamp_ns=round(self.time_s * 1e9),
            state=self._layout.state(position, self.velocity),
            images=images if Modality.RGB in needs else {},
            depth_mm=depths if Modality.DEPTH in needs else {},
            cloud=cloud,
            sim_state=self._sim_state.read(self.data, self.truths[-1]) if privileged else None,
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
        wanted = command.copy()
        wanted[self._bases] = facts.about_z(self.data.qpos[2]) @ command[self._bases]
        self.data.ctrl[self._servos] = wanted * self._scale
        mujoco.mj_step(self.model, self.data, SLICE)
        self.task.advance(self.model, self.data)

    def _stand(self, rng: np.random.Generator) -> None:
        torso = self.body.parts['torso']
        at = self.body.pose('home').copy()
        at[self.body.mask(Kind.OPENING)] = _OPENING
        at[torso] += rng.uniform(-_TORSO_START, _TORSO_START, len(torso))
        self._command = np.clip(at, self.body.limits.low, self.body.limits.high)
        high = np.array(_START)
        self.data.qpos[:3] = draw(rng, -high, high, self.setting.pose)
        for i, d in enumerate(self.body.dimensions):
            if d.kind is not Kind.VELOCITY:
                value = self._command[i] * d.joint_per_unit
                self.data.qpos[self.model.joint(d.joint).qposadr[0]] = value
            if d.kind is Kind.OPENING:
                other = d.joint.replace('joint1', 'joint2')
                self.data.qpos[self.model.joint(other).qposadr[0]] = value

    def _settle(self) -> None:
        for _ in range(round(_SETTLE_S / self.model.opt.timestep / SLICE)):
            self._drive(self._command)
        self._check()
        loose = self.model.jnt_dofadr[self.model.jnt_type == mujoco.mjtJoint.mjJNT_FREE]
        for at in loose:
            moving = float(np.linalg.norm(self.data.qvel[at : at + 3]))
            if moving > _RESTING:
                name = self.model.body(self.model.dof_bodyid[at]).name
                raise SimulationBroken(
                    f"{self.task.name}, setting '{self.setting.name}', seed {self._seed}: "
                    f"'{name}' does not come to rest ({moving:.2f} m/s); widen the place that "
                    'randomise() puts it into'
                )

    def _check(self) -> None:
        # mj_step does not raise: it counts a warning and starts over from the initial state.
        broken = np.flatnonzero(self.data.warning.number)
        if broken.size:
            self.truths = History()
            name = mujoco.mjtWarning(int(broken[0])).name
            raise SimulationBroken(
                f"{self.task.name}, setting '{self.setting.name}', seed {self._seed}: the "
                f'physics broke ({name}); this episode has no score, reset() begins another'
            )


def _compiled(env: TaskEnv, extend: Callable[[mujoco.MjSpec], None]) -> mujoco.MjModel:
    spec = robot_model.build(env.body)
    (backdrop.other if env.setting.background else backdrop.usual)(spec)
    env.task.build(spec)
    if env.setting.background:
        backdrop.repaint(spec)
    extend(spec)
    return spec.compile()


def _joints(model: mujoco.MjModel, body: Body) -> npt.NDArray[np.intp]:
    """Return where the joints of every dimension that has some are: a gripper's two fingers."""
    found = []
    for d in body.dimensions:
        if d.kind is not Kind.VELOCITY:
            other = d.joint.replace('joint1', 'joint2') if d.kind is Kind.OPENING else d.joint
            found.append([model.joint(name).qposadr[0] for name in (d.joint, other)])
    return np.array(found, dtype=np.intp)


def _rates(model: mujoco.MjModel, body: Body) -> npt.NDArray[np.intp]:
    """Return where the velocity of every jointed dimension is."""
    joints = [d.joint for d in body.dimensions if d.kind is Kind.POSITION]
    return np.array([model.joint(name).dofadr[0] for name in joints], dtype=np.intp)


def _servos(model: mujoco.MjModel, body: Body) -> tuple[npt.NDArray[np.intp], Array]:
    """Return the actuator of every dimension, and its units per unit."""
    bases = iter(robot_model.BASE_JOINTS)
    names = {Kind.POSITION: lambda d: d.joint, Kind.OPENING: lambda d: d.name}
    ids, scale = [], []
    for d in body.dimensions:
        name = next(bases) if d.kind is Kind.VELOCITY else names[d.kind](d)
        ids.append(model.actuator(name).id)
        scale.append(1.0 if d.kind is Kind.VELOCITY else d.joint_per_unit)
    return np.array(ids), np.array(scale)
