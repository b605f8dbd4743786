# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The robot as a MuJoCo model, built from our URDF and its robot description.

The three wheels are replaced by two slides and a hinge: the base is holonomic, and what the floor
does to a steered wheel is not what we study. build() returns an MjSpec, so that a scene adds its
tables and objects to `spec.worldbody` before compiling.
"""

import mujoco
import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Body
from hvd_ros.core.robot.urdf import Joint, Link, Shape, Urdf, read_urdf

TIMESTEP_S = 0.002
FLOOR_BELOW_BASE_M = 0.0415  # a wheel of 0.07 m radius whose centre is 0.0285 m above base_link
BASE_JOINTS = ('base_x', 'base_y', 'base_yaw')

# Contact bits: the robot meets the world, never itself. Scenes use the world's pair.
ROBOT_BITS = {'contype': 2, 'conaffinity': 1}
WORLD_BITS = {'contype': 1, 'conaffinity': 3}
_SEEN = {'contype': 0, 'conaffinity': 0, 'group': 2}

# Gains that hold over steps of 1 to 4 ms. Gravity is compensated on every body, so that position
# servos need no integral term; force bounds leave room for catching up, not for lifting.
_ARM = (
    (1500, 60, 120),
    (1500, 60, 120),
    (1200, 45, 100),
    (300, 8, 40),
    (300, 8, 40),
    (200, 5, 30),
)
_TORSO = (20000, 1200, 2500)
_BASE = ((4000, 2500), (4000, 2500), (1500, 1000))  # velocity gain, force bound
_GRIP = (3000, 80, 60)
_ARMATURE = {'arm': 0.02, 'torso': 0.5, 'finger': 0.02}
_DAMPING = {'arm': 1.0, 'torso': 20.0, 'finger': 5.0}


def build(body: Body, timestep_s: float = TIMESTEP_S) -> mujoco.MjSpec:
    """
    Return the robot on an empty floor, standing at the world's origin.

    Actuators: base_x, base_y, base_yaw (velocities in world axes), then one per position
    dimension of the body under its joint's name (position), and `<side>_gripper` (finger travel).
    """
    if body.urdf is None:
        raise ConfigError(f'{body.name}: the robot description names no URDF; nothing to simulate')
    urdf = read_urdf(body.urdf)
    spec = mujoco.MjSpec()
    _options(spec, timestep_s)
    _floor(spec)
    bodies = {urdf.root: _base(spec, urdf.links[urdf.root])}
    for joint in urdf.joints:
        rolling = 'steer' in joint.name or 'wheel' in joint.name
        bodies[joint.child] = _attach(
            bodies[joint.parent], joint, urdf.links[joint.child], rolling
        )
        if joint.kind in ('revolute', 'prismatic') and not rolling:
            _hinge_or_slide(bodies[joint.child], joint)
    for side in ('left', 'right'):
        _soft_fingers(bodies, side, timestep_s)
    _actuators(spec, body, urdf)
    return spec


def _options(spec: mujoco.MjSpec, timestep_s: float) -> None:
    spec.modelname = 'hvd_robot'
    # MjSpec reads ranges in degrees unless told otherwise, and warns of nothing.
    spec.compiler.degree = False
    spec.option.timestep = timestep_s
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10
    spec.stat.extent = 2.0  # else the near plane of a camera grows with the scene


def _floor(spec: mujoco.MjSpec) -> None:
    world = spec.worldbody
    plane = mujoco.mjtGeom.mjGEOM_PLANE
    # The last of the sizes is the grid that is drawn, which physics does not look at: tiles of
    # 10 cm took a third of a picture's time, those of metres lose the lamp's pool of light.
    world.add_geom(
        name='floor', type=plane, size=[10, 10, 0.5], rgba=[0.6, 0.6, 0.55, 1], **WORLD_BITS
    )
    world.add_light(pos=[0, 0, 3], dir=[0, 0, -1], castshadow=False)


def _base(spec: mujoco.MjSpec, link: Link) -> mujoco.MjsBody:
    base = spec.worldbody.add_body(name=link.name, pos=[0, 0, FLOOR_BELOW_BASE_M], gravcomp=1)
    slide, hinge = mujoco.mjtJoint.mjJNT_SLIDE, mujoco.mjtJoint.mjJNT_HINGE
    # Slides before the hinge: their axes stay those of the world.
    for name, kind, axis in zip(
        BASE_JOINTS, (slide, slide, hinge), ([1, 0, 0], [0, 1, 0], [0, 0, 1]), strict=True
    ):
        base.add_joint(name=name, type=kind, axis=axis, armature=2.0)
    _fill(base, link, touching=True)
    return base


def _attach(parent: mujoco.MjsBody, joint: Joint, link: Link, rolling: bool) -> mujoco.MjsBody:
    origin = joint.parent_from_joint
    child = parent.add_body(
        name=link.name, pos=origin[:3, 3], quat=_quaternion(origin[:3, :3]), gravcomp=1
    )
    _fill(child, link, touching=not rolling)
    return child


def _hinge_or_slide(body: mujoco.MjsBody, joint: Joint) -> None:
    kind = 'finger' if 'finger' in joint.name else 'torso' if 'torso' in joint.name else 'arm'
    types = mujoco.mjtJoint
    made = body.add_joint(
        name=joint.name,
        type=types.mjJNT_SLIDE if joint.kind == 'prismatic' else types.mjJNT_HINGE,
        axis=joint.axis,
        range=[joint.low, joint.high],
        armature=_ARMATURE[kind],
    )
    # A number up to MuJoCo 3.4, the first of three later.
    if np.ndim(made.damping):
        made.damping[0] = _DAMPING[kind]
    else:
        made.damping = _DAMPING[kind]


def _fill(body: mujoco.MjsBody, link: Link, touching: bool) -> None:
    if link.inertial is not None:
        inertia = link.inertial.inertia
        body.mass, body.ipos = link.inertial.mass, link.inertial.com
        xx, yy, zz = np.diag(inertia)
        body.fullinertia = [xx, yy, zz, inertia[0, 1], inertia[0, 2], inertia[1, 2]]
        body.explicitinertial = True
    touched = list(link.collisions) if touching else []
    for shape in link.visuals:
        if not any(_same(shape, other) for other in touched):
            _geom(body, shape, rgba=list(shape.rgba), **_SEEN)
    # What is seen and touched alike, as half of all shapes are, is one geom: physics carries along
    # and sorts whatever a link has.
    for shape in touched:
        seen = next((other for other in link.visuals if _same(shape, other)), None)
        look = {'group': 3} if seen is None else {'group': 2, 'rgba': list(seen.rgba)}
        _geom(body, shape, **look, **ROBOT_BITS)


def _same(one: Shape, other: Shape) -> bool:
    alike = (one.kind, one.size) == (other.kind, other.size)
    return alike and np.array_equal(one.link_from_shape, other.link_from_shape)


def _geom(body: mujoco.MjsBody, shape: Shape, **settings: object) -> None:
    types = mujoco.mjtGeom
    if shape.kind == 'box':
        kind, size = types.mjGEOM_BOX, [edge / 2 for edge in shape.size]
    elif shape.kind == 'cylinder':
        kind, size = types.mjGEOM_CYLINDER, [shape.size[0], shape.size[1] / 2, 0]
    else:
        kind, size = types.mjGEOM_SPHERE, [shape.size[0], 0, 0]
    pose = shape.link_from_shape
    quat = _quaternion(pose[:3, :3])
    body.add_geom(type=kind, size=size, pos=pose[:3, 3], quat=quat, mass=0, **settings)


def _soft_fingers(bodies: dict[str, mujoco.MjsBody], side: str, timestep_s: float) -> None:
    # The contact time constant alone decides how fast a held object creeps out of the hand; two
    # steps is the shortest allowed, and priority keeps the object's own from being mixed in.
    for i in (1, 2):
        for geom in bodies[f'{side}_gripper_finger_link{i}'].geoms:
            if geom.contype:
                geom.condim, geom.friction, geom.priority = 4, [1.5, 0.02, 0.0005], 1
                geom.solref = [2 * timestep_s, 1]
                geom.solimp = [0.95, 0.99, 0.001, 0.5, 2]


def _actuators(spec: mujoco.MjSpec, body: Body, urdf: Urdf) -> None:
    at_joint = mujoco.mjtTrn.mjTRN_JOINT
    for name, (kv, bound) in zip(BASE_JOINTS, _BASE, strict=True):
        motor = spec.add_actuator(
            name=name, trntype=at_joint, target=name, forcerange=[-bound, bound]
        )
        motor.set_to_velocity(kv=kv)
    joints = {j.name: j for j in urdf.joints}
    for part, members in body.parts.items():
        rows = [_TORSO] * 4 if part == 'torso' else _ARM
        if part not in ('torso', 'left_arm', 'right_arm'):
            continue
        for i, (kp, kv, bound) in zip(members, rows, strict=True):
            joint = joints[body.dimensions[i].joint]
            motor = spec.add_actuator(
                name=joint.name, trntype=at_joint, target=joint.name, forcerange=[-bound, bound]
            )
            motor.ctrlrange = [joint.low, joint.high]
            motor.set_to_position(kp=kp, kv=kv)
    for side in ('left', 'right'):
        _gripper(spec, side, joints[f'{side}_gripper_finger_joint1'].high)


def _gripper(spec: mujoco.MjSpec, side: str, travel: float) -> None:
    one, two = (f'{side}_gripper_finger_joint{i}' for i in (1, 2))
    pair = spec.add_equality(
        type=mujoco.mjtEq.mjEQ_JOINT, name1=one, name2=two, objtype=mujoco.mjtObj.mjOBJ_JOINT
    )
    pair.data[:5] = [0, 1, 0, 0, 0]
    pair.solref = [0.005, 1]
    tendon = spec.add_tendon(name=f'{side}_fingers')
    tendon.wrap_joint(one, 0.5)
    tendon.wrap_joint(two, 0.5)
    kp, kv, bound = _GRIP
    motor = spec.add_actuator(
        name=f'{side}_gripper',
        trntype=mujoco.mjtTrn.mjTRN_TENDON,
        target=f'{side}_fingers',
        forcerange=[-bound, bound],
    )
    motor.ctrlrange = [0, travel]
    motor.set_to_position(kp=kp, kv=kv)


def _quaternion(rotation: np.ndarray) -> np.ndarray:
    quat = np.zeros(4)
    mujoco.mju_mat2Quat(quat, rotation.ravel())
    return quat
