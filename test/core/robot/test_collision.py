# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sphere model against exact distances of the URDF's primitives, from coal."""

import dataclasses
import functools

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import yaml

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.collision import SelfCollision
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.robot.urdf import read_urdf

BODY = load_body('r1')
MODEL = SelfCollision(BODY)
KINEMATICS = BodyKinematics(BODY)
LINKS = read_urdf(BODY.urdf).links
FILE = yaml.safe_load(BODY.spheres.read_text())
SIDES = ('left', 'right')
# The limit of torso_joint2 ends the fold of the torso; fingers are meant to meet.
MAY_TOUCH = [
    {'torso_link1', 'torso_link3'},
    *({f'{side}_gripper_finger_link{i}' for i in (1, 2)} for side in SIDES),
]


def surface(shape, rng, n=4000):
    """Return points on and in a primitive, in link axes."""
    if shape.kind == 'cylinder':
        angle, radius = rng.uniform(0, 2 * np.pi, n), shape.size[0] * np.sqrt(rng.random(n))
        radius[::2] = shape.size[0]
        z = rng.choice([-0.5, 0.5, 0.31, 0.0], n) * shape.size[1]
        points = np.column_stack((radius * np.cos(angle), radius * np.sin(angle), z))
    else:
        points = rng.uniform(-0.5, 0.5, (n, 3))
        points[np.arange(n), rng.integers(0, 3, n)] = rng.choice([-0.5, 0.5], n)
        points[:8] = np.array(np.meshgrid(*[[-0.5, 0.5]] * 3)).reshape(3, 8).T
        points = points * shape.size
    return points @ shape.link_from_shape[:3, :3].T + shape.link_from_shape[:3, 3]


@pytest.mark.parametrize('name', [n for n, link in LINKS.items() if link.collisions])
def test_spheres_cover_every_primitive_and_reach_at_most_five_centimetres_beyond(name):
    rng = np.random.default_rng(1)
    balls = np.array(FILE['spheres'][name])
    points = np.vstack([surface(s, rng) for s in LINKS[name].collisions])
    from_center = np.linalg.norm(points[:, None] - balls[:, :3], axis=2)
    # Slack: a tenth of a millimetre, the rounding of the file.
    assert (from_center - balls[:, 3]).min(axis=1).max() <= 1e-4
    directions = rng.normal(size=(500, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    skin = (balls[:, None, :3] + balls[:, None, 3:] * directions).reshape(-1, 3)
    beyond = np.min([outside(s, skin) for s in LINKS[name].collisions], axis=0)
    assert beyond.max() <= 0.05


def outside(shape, points):
    """Return how far points are from a primitive; 0 within."""
    local = (points - shape.link_from_shape[:3, 3]) @ shape.link_from_shape[:3, :3]
    if shape.kind == 'cylinder':
        radial = np.hypot(local[:, 0], local[:, 1]) - shape.size[0]
        axial = np.abs(local[:, 2]) - shape.size[1] / 2
        return np.hypot(np.maximum(radial, 0), np.maximum(axial, 0))
    over = np.abs(local) - np.array(shape.size) / 2
    return np.linalg.norm(np.maximum(over, 0), axis=1)


@functools.cache
def coal_shapes():
    coal = pytest.importorskip('coal')

    def made(shape):
        kind = coal.Box if shape.kind == 'box' else coal.Cylinder
        return kind(*shape.size), shape.link_from_shape

    return coal, {n: [made(s) for s in link.collisions] for n, link in LINKS.items()}


def exact(values, pair):
    """Return the distance of two links' primitives; negative when they overlap."""
    coal, shapes = coal_shapes()
    poses = KINEMATICS.poses(values)
    found = []
    for a, in_a in shapes[pair[0]]:
        for b, in_b in shapes[pair[1]]:
            places = [
                poses[KINEMATICS.tree.link(n)] @ m for n, m in zip(pair, (in_a, in_b), strict=True)
            ]
            turned = [coal.Transform3s(m[:3, :3], m[:3, 3]) for m in places]
            result = coal.DistanceResult()
            request = coal.DistanceRequest()
            coal.distance(a, turned[0], b, turned[1], request, result)
            found.append(result.min_distance)
    return min(found)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_the_distance_is_never_above_that_of_the_primitives(seed):
    values = np.random.default_rng(seed).uniform(BODY.limits.low, BODY.limits.high)
    truth = min(exact(values, pair) for pair in MODEL.pairs)
    distance, a, b = MODEL.distance(values)
    # Once primitives overlap, all we promise is to say so: a depth means little.
    assert distance <= max(truth, 0.0) + 1e-6
    # And it is not just far too careful: what it names is really within ten centimetres of that.
    assert exact(values, (a, b)) - distance < 0.10


@pytest.mark.parametrize(('pose', 'margin_m'), [('home', 0.15), ('park', 0.035)])
def test_named_poses_are_clear_by_a_margin(pose, margin_m):
    distance, a, b = MODEL.distance(BODY.pose(pose))
    assert distance > margin_m, (a, b)


def test_a_level_squat_and_open_hands_at_rest_are_possible():
    squat, rest = BODY.pose('home').copy(), BODY.pose('park').copy()
    squat[BODY.parts['torso']] = [1.74, -2.70, -0.96, 0]
    rest[[BODY.index(f'{side}_gripper') for side in SIDES]] = 1.0
    assert MODEL.distance(squat)[0] > 0.05
    assert MODEL.distance(rest)[0] > 0.01


def test_the_way_from_home_to_park_is_clear():
    home, park = BODY.pose('home'), BODY.pose('park')
    way = [MODEL.distance(home + share * (park - home))[0] for share in np.linspace(0, 1, 50)]
    assert min(way) > 0.03


def test_hands_that_approach_each_other_are_named_before_they_touch():
    found = []
    for inward in np.linspace(0.2, 0.4, 21):
        values = BODY.pose('home').copy()
        values[[BODY.index(f'{side}_arm_joint2') for side in SIDES]] += inward
        found.append(MODEL.distance(values))
    distances = [d for d, _, _ in found]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0.03 and distances[-1] < 0
    fingers = {name for _, *pair in found[-5:] for name in pair}
    assert fingers == {'left_gripper_finger_link2', 'right_gripper_finger_link2'}


def test_an_arm_that_hangs_while_the_body_squats_meets_the_base():
    values = BODY.pose('park').copy()
    values[BODY.parts['torso']] = [1.74, -2.70, -0.96, 0]
    distance, a, b = MODEL.distance(values)
    assert distance < 0
    assert any(n.startswith(('base', 'wheel', 'steer', 'torso')) for n in (a, b))


def test_what_is_ignored_can_not_touch():
    rng = np.random.default_rng(3)
    low, high = BODY.limits.low, BODY.limits.high
    ignored = [tuple(pair) for pair in FILE['ignore'] if set(pair) not in MAY_TOUCH]
    for i in range(40):
        values = rng.uniform(low, high)
        if i % 2:  # corners of the limits are where things meet
            values = np.where(rng.random(BODY.size) < 0.5, low, high)
        for pair in ignored:
            assert exact(values, pair) > 0, pair


def test_links_that_share_a_joint_are_not_watched_and_the_rest_is():
    pairs = {frozenset(pair) for pair in MODEL.pairs}
    neighbours = [
        ('base_link', 'torso_link1'),
        ('left_arm_link1', 'torso_link4'),  # across the fixed shoulder
        ('right_gripper_link', 'right_arm_link5'),
        ('base_link', 'wheel_motor_link1'),  # not commanded: one piece with the base
        ('zed_link', 'torso_link3'),
    ]
    assert not pairs & {frozenset(n) for n in neighbours}
    watched = [
        ('left_gripper_link', 'right_gripper_link'),
        ('left_gripper_link', 'zed_link'),
        ('left_arm_link3', 'base_link'),
        ('right_gripper_finger_link1', 'torso_link4'),
        ('left_arm_link1', 'left_gripper_link'),
    ]
    assert {frozenset(w) for w in watched} <= pairs


def test_nan_is_never_far_enough():
    values = BODY.pose('home').copy()
    values[0] = np.nan
    assert not MODEL.distance(values)[0] >= 0.0


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('spheres: [', 'not readable as YAML'),
        ('nothing: 1', 'expected `spheres:`'),
        ('spheres: {base_lnik: [[0, 0, 0, 1]]}', "did you mean 'base_link'"),
        ('spheres: {base_link: [[0, 0, 0, 0]]}', 'radius > 0'),
        ('spheres: {base_link: [[0, 0, .nan, 1]]}', 'radius > 0'),
        ('spheres: {base_link: [[0, 0, 1]]}', 'radius > 0'),
        ('spheres: {base_link: 3}', 'radius > 0'),
        ('spheres: {base_link: [[0, 0, 0, 1]]}\nignore: [[base_link, x]]', "no link 'x'"),
        ('spheres: {base_link: [[0, 0, 0, 1]]}\nignore: [base_link]', 'ignore'),
        ('spheres: {base_link: [[0, 0, 0, 1]]}', 'no two links'),
    ],
)
def test_a_wrong_sphere_file_is_one_clear_error(tmp_path, text, words):
    path = tmp_path / 'spheres.yaml'
    path.write_text(text)
    with pytest.raises(ConfigError, match=words) as error:
        SelfCollision(dataclasses.replace(BODY, spheres=path))
    assert str(path) in str(error.value)


def test_a_body_without_spheres_says_so():
    with pytest.raises(ConfigError, match='names no `spheres:` file'):
        SelfCollision(dataclasses.replace(BODY, spheres=None))
