# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import mujoco
import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.robot.state import STATE_FEATURES, StateLayout
from hvd_ros.sim.task_env import TaskEnv
from hvd_training.data.loading.normaliser import Normaliser, Scale
from hvd_training.networks.encoders import EncoderSpec, ObservationEncoder
from hvd_training.policies import mirror as mirrors
from hvd_training.policies.augment import AugmentConfig, Mirror, augmented, mirror_of, mirrored
from test.training.toy import made, seeded

BODY = load_body('r1')
REFLECTION = np.diag([1.0, -1.0, 1.0])


def postures(count=20, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(BODY.limits.low, BODY.limits.high, (count, BODY.size))


def test_fk_of_the_mirrored_posture_is_the_mirror_of_fk():
    swap, body = mirrors.swap_of(BODY.names, BODY), BodyKinematics(BODY)
    for values in postures():
        for link in ('left_gripping_point', 'right_gripping_point', 'torso_link4'):
            here = body.pose(values, link)
            there = body.pose(swap.values(values), mirrors.other_side(link))
            np.testing.assert_allclose(there[:3, 3], REFLECTION @ here[:3, 3], atol=1e-12)
            turned = REFLECTION @ here[:3, :3] @ REFLECTION
            np.testing.assert_allclose(there[:3, :3], turned, atol=1e-12)


def test_the_mirrored_state_is_the_state_of_the_mirrored_robot():
    layout, swap = StateLayout(BODY, STATE_FEATURES), mirrors.swap_of(BODY.names, BODY)
    of_state = mirrors.swap_of(layout.names, BODY)
    for position, velocity in zip(postures(), postures(seed=1), strict=True):
        here = layout.state(position, velocity)
        there = layout.state(swap.values(position), swap.values(velocity))
        np.testing.assert_allclose(of_state.values(here), there, atol=1e-9)


def test_mirroring_twice_changes_nothing_and_limits_map_onto_limits():
    swap = mirrors.swap_of(BODY.names, BODY)
    for values in postures():
        np.testing.assert_array_equal(swap.values(swap.values(values)), values)
    ends = np.sort([swap.values(BODY.limits.low), swap.values(BODY.limits.high)], axis=0)
    np.testing.assert_allclose(ends, [BODY.limits.low, BODY.limits.high], atol=1e-9)


@pytest.mark.parametrize(
    ('task', 'things'), [('pen_insert', ['pen', 'holder']), ('cup_upright', ['cup', 'coaster'])]
)
def test_the_mirrored_sim_state_is_that_of_the_mirrored_scene(task, things):
    env = TaskEnv(task, BODY)
    env.reset(3)
    env.data.qpos[:3], env.data.qvel[:] = (0.1, -0.2, 0.4), 0
    mujoco.mj_kinematics(env.model, env.data)
    here = env.observe((Modality.STATE, Modality.SIM_STATE))
    _reflect(env, things)
    there = env.observe((Modality.STATE, Modality.SIM_STATE))
    swap = mirrors.swap_of(env.sim_state_names, BODY)
    np.testing.assert_allclose(swap.values(here.sim_state), there.sim_state, atol=1e-9)
    of_state = mirrors.swap_of(env.state_names, BODY).values(here.state)
    np.testing.assert_allclose(of_state, there.state, atol=1e-9)


def _reflect(env, things):
    """Put the whole scene as it would be seen in a mirror in the plane y = 0."""
    values = mirrors.swap_of(BODY.names, BODY).values(env.position)
    env.data.qpos[1:3] *= -1
    for value, d in zip(values, BODY.dimensions, strict=True):
        if d.joint:
            for name in {d.joint, d.joint.replace('finger_joint1', 'finger_joint2')}:
                env.data.joint(name).qpos[0] = value * d.joint_per_unit
    for name in things:
        body = env.model.body(name)
        if body.mocapid[0] >= 0:
            place, quat = env.data.mocap_pos[body.mocapid[0]], env.data.mocap_quat[body.mocapid[0]]
        else:
            at = env.model.jnt_qposadr[body.jntadr[0]]
            place, quat = env.data.qpos[at : at + 3], env.data.qpos[at + 3 : at + 7]
        place[1] *= -1
        quat[[1, 3]] *= -1
    mujoco.mj_kinematics(env.model, env.data)


def scale(size, seed):
    rng = np.random.default_rng(seed)
    centre = rng.normal(size=size).astype(np.float32)
    return Scale(centre, rng.uniform(0.5, 2, size).astype(np.float32), 0.0)


def test_normalised_numbers_are_mirrored_as_if_they_were_not_although_the_sides_differ():
    names = ('left_arm_joint1.position', 'base_vy.position', 'right_arm_joint1.position')
    none = np.zeros(0, dtype=np.intp)
    normaliser = Normaliser(scale(3, 0), scale(BODY.size, 1), scale(2, 2), none, none)
    mirror = mirror_of(BODY, normaliser, BODY.names, names, ('pen.base.x', 'pen.base.y'))
    for how, sizes, kind in (
        (mirror.actions, BODY.names, normaliser.action),
        (mirror.state, names, normaliser.state),
        (mirror.sim_state, ('pen.base.x', 'pen.base.y'), normaliser.sim_state),
    ):
        raw = np.random.default_rng(3).normal(size=(5, len(sizes)))
        direct = kind.forward(mirrors.swap_of(sizes, BODY).values(raw))
        seen = how.tensor(torch.from_numpy(kind.forward(raw)))
        np.testing.assert_allclose(seen.numpy(), direct, atol=1e-5)


def swap(*signs):
    n = len(signs)
    return mirrors.Swap(np.arange(n)[::-1].copy(), np.array(signs), np.zeros(n))


def observed(rows=400):
    return {
        'state': torch.randn(rows, 2, generator=seeded(1)),
        'sim_state': torch.randn(rows, 2, generator=seeded(2)),
        'cloud': torch.rand(rows, 9, 6, generator=seeded(3)),
        'prompt': torch.zeros(rows, dtype=torch.int64),
    }


MIRROR = Mirror(swap(1.0, -1.0), swap(-1.0, 1.0), swap(1.0, 1.0))


def test_the_rows_that_are_marked_are_mirrored_whole_and_the_others_not_at_all():
    seen = observed(4)
    batch = made(torch.randn(4, 3, 2, generator=seeded()), observation=seen, next_observation=seen)
    rows = torch.tensor([True, False, True, False])
    changed = mirrored(batch, MIRROR, rows)
    for now in (changed.observation, changed.next_observation):
        torch.testing.assert_close(now['state'][rows], seen['state'][rows].flip(1) * swap_signs)
        cloud = seen['cloud'][rows].clone()
        cloud[..., 1] *= -1
        torch.testing.assert_close(now['cloud'][rows], cloud)
        for key in seen:
            assert torch.equal(now[key][~rows], seen[key][~rows])
    torch.testing.assert_close(
        changed.actions[rows], batch.actions[rows].flip(2) * torch.tensor([1.0, -1.0])
    )
    assert torch.equal(changed.actions[~rows], batch.actions[~rows])


swap_signs = torch.tensor([-1.0, 1.0])


def test_augmentation_does_each_thing_as_often_as_asked_and_leaves_its_input_alone():
    batch = made(torch.randn(400, 3, 2, generator=seeded()), observation=observed())
    before = {key: value.clone() for key, value in batch.observation.items()}
    config = AugmentConfig(noise=0.1, mirror=0.25, drop_cloud=0.5)
    changed = augmented(batch, config, MIRROR, seeded(5))
    assert all(torch.equal(value, batch.observation[key]) for key, value in before.items())
    same = (changed.actions == batch.actions).flatten(1).all(dim=1)
    assert 0.18 < (~same).float().mean() < 0.32
    noise = (changed.observation['state'] - before['state'])[same]
    assert 0.09 < noise.std() < 0.11 and noise.mean().abs() < 0.02
    assert 0.4 < changed.observation['cloud.present'].float().mean() < 0.6
    assert torch.equal(changed.observation['cloud'][same], before['cloud'][same])
    again = augmented(batch, config, MIRROR, seeded(5))
    assert torch.equal(again.observation['state'], changed.observation['state'])
    off = augmented(batch, AugmentConfig(), None, seeded(5))
    assert all(off.observation[key] is value for key, value in batch.observation.items())


def test_cameras_are_dropped_each_for_itself():
    seen = {f'rgb.{c}': torch.zeros(400, 2, 2, 3, dtype=torch.uint8) for c in 'ab'}
    batch = made(torch.randn(400, 3, 2), observation=seen)
    changed = augmented(batch, AugmentConfig(drop_camera=0.5), None, seeded()).observation
    a, b = changed['rgb.a.present'], changed['rgb.b.present']
    assert 0.4 < a.float().mean() < 0.6 and 0.4 < (a == b).float().mean() < 0.6
    once_more = augmented(
        made(batch.actions, observation=changed), AugmentConfig(drop_camera=0.5), None, seeded(1)
    ).observation
    assert not (once_more['rgb.a.present'] & ~a).any(), 'what was absent stays absent'


def test_an_encoder_takes_what_augmentation_dropped_as_absent():
    encoder = ObservationEncoder(EncoderSpec(state=2, cloud=True, width=8))
    batch = made(torch.randn(4, 3, 2), observation=observed(4))
    gone = augmented(batch, AugmentConfig(drop_cloud=1.0), None, seeded()).observation
    other = gone | {'cloud': torch.rand(4, 9, 6)}
    assert torch.equal(encoder(gone), encoder(other))


def test_what_can_not_be_mirrored_is_said():
    with pytest.raises(ConfigError, match="no 'right_gripper' beside it"):
        mirrors.swap_of(['left_gripper'], BODY)
    batch = made(torch.randn(4, 3, 2), observation={'rgb.head': torch.zeros(4, 2, 2, 3)})
    with pytest.raises(ConfigError, match="'rgb.head' can not be mirrored"):
        augmented(batch, AugmentConfig(mirror=0.5), MIRROR, seeded())
    with pytest.raises(ConfigError, match='needs a robot description'):
        augmented(batch, AugmentConfig(mirror=0.5), None, seeded())
    with pytest.raises(ConfigError, match='sim_state'):
        Mirror(swap(1.0), swap(1.0)).seen({'sim_state': torch.zeros(1, 1)})
