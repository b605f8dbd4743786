# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cloud is the scene: on its surfaces, in its colours, at its time, without the robot."""

import dataclasses

from depth_scene import (
    BALL_XML,
    SMALL,
    TABLE,
    TABLE_Z,
    camera_pose,
    cast,
    model_of,
    off_surface,
    view_of,
)
import numpy as np
import pytest
import yaml

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.vision.cloud import CloudBuilder, SceneConfig, Seen, views_at_capture
from hvd_ros.core.vision.codec import encode_color, encode_depth
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.joint_history import JointHistory
from hvd_ros.core.vision.mounts import CameraMount, nominal_mounts

BODY = load_body('r1')
MOUNTS = nominal_mounts(BODY)
HOME = BODY.pose('home')
TIGHT = SceneConfig(points=512, spacing_m=0.0, self_margin_m=0.0)
# Half a millimetre of rounding, seen at a slant.
NEAR_M = 0.002


@pytest.fixture(scope='module')
def scene():
    return model_of(TABLE, BALL_XML)


@pytest.fixture(scope='module')
def views(scene):
    return [
        view_of(BODY, MOUNTS['head'], scene, HOME, captured_ns=30),
        view_of(BODY, MOUNTS['left_wrist'], scene, HOME, captured_ns=10, color=(10, 200, 30)),
        view_of(BODY, MOUNTS['right_wrist'], scene, HOME, captured_ns=20, color=(20, 30, 210)),
    ]


def build(views, config=TIGHT, mounts=MOUNTS):
    return CloudBuilder(BODY, mounts, config).build(views)


def test_points_lie_on_the_surfaces_of_the_scene(views):
    cloud = build(views)
    assert cloud.xyz.shape == (512, 3)
    assert (cloud.xyz.dtype, cloud.rgb.dtype) == (np.float32, np.uint8)
    assert cloud.cameras == ('head', 'left_wrist', 'right_wrist')
    assert not cloud.left_out
    assert off_surface(cloud.xyz).max() < NEAR_M
    assert np.sum(cloud.xyz[:, 2] > TABLE_Z + 0.02) > 10  # the ball is in it


@pytest.mark.parametrize('camera', list(MOUNTS))
def test_one_camera_is_a_cloud_too(views, camera):
    view = next(view for view in views if view.camera == camera)
    cloud = build([view])
    assert cloud.cameras == (camera,)
    assert cloud.valid > 100
    assert off_surface(cloud.xyz).max() < NEAR_M
    wanted = np.array(
        {'head': (200, 60, 20), 'left_wrist': (10, 200, 30)}.get(camera, (20, 30, 210))
    )
    assert np.abs(cloud.rgb.astype(int) - wanted).max() <= 3  # JPEG


def test_every_point_has_the_colour_of_its_pixel(scene):
    """Two halves of the image in two colours; each point is projected back to its half."""
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32], image[:, 32:] = (220, 20, 20), (20, 20, 220)
    cloud = build([view_of(BODY, MOUNTS['head'], scene, HOME, color=image)])
    camera_from_base = np.linalg.inv(camera_pose(BODY, MOUNTS['head'], HOME))
    x, _, z = camera_from_base[:3, :3] @ cloud.xyz.T.astype(float) + camera_from_base[:3, 3:]
    u = SMALL.fx * x / z + SMALL.cx
    clear = np.abs(u - 31.5) > 8.0  # JPEG mixes colours near the edge
    assert np.sum(clear & (u < 31.5)) > 20
    assert np.sum(clear & (u > 31.5)) > 20
    np.testing.assert_array_equal(cloud.rgb[clear, 0] > 120, u[clear] < 31.5)


def test_a_moving_arm_is_placed_as_it_stood_at_the_capture(scene):
    """At 1 rad/s and 80 ms of latency the joints of now put the scene elsewhere."""
    history = JointHistory(BODY)
    joint = BODY.index('left_arm_joint1')
    for at_ms in range(0, 300, 10):
        values = HOME.copy()
        values[joint] += 1e-3 * at_ms
        history.put_values(at_ms * 1_000_000, values)
    captured_ns = 123_000_000
    true = HOME.copy()
    true[joint] += 0.123
    view = view_of(BODY, MOUNTS['left_wrist'], scene, true, captured_ns=captured_ns)
    seen = Seen('left_wrist', view.color, view.depth, view.intrinsics, captured_ns)
    (placed,), left_out = views_at_capture([seen], history)
    assert not left_out
    right = build([placed])
    late = build([placed._replace(values=history.at(captured_ns + 80_000_000))])
    assert off_surface(right.xyz).max() < NEAR_M
    assert off_surface(late.xyz).max() > 5 * NEAR_M


def test_a_view_that_the_joint_history_does_not_cover_is_left_out(views):
    history = JointHistory(BODY)
    history.put_values(0, HOME)
    seen = [
        Seen(*view[:4], captured_ns)
        for view, captured_ns in zip(views, (0, 10**9, 0), strict=True)
    ]
    placed, left_out = views_at_capture(seen, history)
    assert [view.camera for view in placed] == ['head', 'right_wrist']
    assert 'after the newest joint state' in left_out['left_wrist']


def test_the_robot_is_not_in_its_cloud():
    """The camera sees spheres of the robot before a table; only the table comes out."""
    kinematics = BodyKinematics(BODY)
    geoms = []
    for link, rows in yaml.safe_load(BODY.spheres.read_text())['spheres'].items():
        if link.startswith(('left_arm_link', 'left_gripper')):
            pose = kinematics.pose(HOME, link)
            for x, y, z, radius in rows:
                at = ' '.join(map(str, (pose @ [x, y, z, 1.0])[:3]))
                geoms.append(f'<geom type="sphere" size="{radius}" pos="{at}"/>')
    scene = model_of(TABLE, *geoms)
    eye = np.array([0.3, 0.0, 1.6])
    mount = looking_at(eye, np.array([0.5, 0.25, 0.75]))
    view = view_of(BODY, mount, scene, HOME)
    _, geom = cast(scene, camera_pose(BODY, mount, HOME), SMALL)
    assert np.sum(geom > 0) > 100, 'the arm is in the picture'
    table_pixels = int(np.sum(geom == 0))
    config = dataclasses.replace(TIGHT, points=4000, self_margin_m=0.005)
    cloud = build([view], config, {'head': mount})
    assert off_surface(cloud.xyz).max() < NEAR_M
    # What touches the arm may go with it.
    assert 0.8 * table_pixels < cloud.valid <= table_pixels


def looking_at(eye, target):
    """Return a head camera at a place of base_link."""
    z = (target - eye) / np.linalg.norm(target - eye)
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = np.stack([x, np.cross(z, x), z], axis=1), eye
    return CameraMount('head', 'base_link', pose)


def test_only_the_box_is_kept(views):
    config = dataclasses.replace(TIGHT, crop_low_m=[0.6, -0.1, 0.0], crop_high_m=[0.9, 0.2, 0.85])
    whole, cropped = build(views), build(views, config)
    assert np.all(cropped.xyz >= np.float32([0.6, -0.1, 0.0]))
    assert np.all(cropped.xyz <= np.float32([0.9, 0.2, 0.85]))
    assert np.any(whole.xyz[:, 0] > 0.9)


def test_the_stamp_is_that_of_the_oldest_view(views):
    assert build(views).captured_ns == 10
    assert build([views[0], views[2]]).captured_ns == 20


def test_a_view_that_was_left_out_does_not_age_the_cloud(views):
    broken = views[1]._replace(depth=views[1].depth[:40])
    cloud = build([views[0], broken, views[2]])
    assert cloud.captured_ns == 20
    assert cloud.cameras == ('head', 'right_wrist')
    assert 'left_wrist' in cloud.left_out


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'depth': b'\0' * 100}, 'PNG'),
        ({'color': b'no JPEG'}, 'colour image'),
        ({'color': encode_color(np.zeros((24, 32, 3), np.uint8))}, 'aligned'),
        ({'intrinsics': Intrinsics(32, 24, 25.0, 25.0, 15.5, 11.5)}, 'one stream'),
        ({'camera': 'chest'}, 'valid: head, left_wrist, right_wrist'),
    ],
    ids=['depth', 'color', 'sizes', 'intrinsics', 'camera'],
)
def test_a_view_that_can_not_be_used_is_named_and_the_others_go_on(views, change, said):
    wrong = views[0]._replace(**change)
    cloud = build([wrong, views[1]])
    assert cloud.cameras == ('left_wrist',)
    assert said in cloud.left_out[wrong.camera]
    assert off_surface(cloud.xyz).max() < NEAR_M


def test_the_same_bytes_give_the_same_cloud_in_any_order(views):
    first, again = build(views), build(views[::-1])
    np.testing.assert_array_equal(first.xyz, again.xyz)
    np.testing.assert_array_equal(first.rgb, again.rgb)


def test_new_intrinsics_are_taken_at_once(scene, views):
    builder = CloudBuilder(BODY, MOUNTS, TIGHT)
    builder.build(views)
    finer = Intrinsics(80, 60, 60.0, 62.0, 39.0, 29.0)
    cloud = builder.build([view_of(BODY, MOUNTS['head'], scene, HOME, k=finer)])
    assert off_surface(cloud.xyz).max() < NEAR_M


def test_too_few_points_are_repeated_and_counted(views):
    config = dataclasses.replace(TIGHT, points=20_000)
    cloud = build(views, config)
    assert cloud.xyz.shape == (20_000, 3)
    assert 1000 < cloud.valid < 20_000
    assert len(np.unique(cloud.xyz, axis=0)) <= cloud.valid
    np.testing.assert_array_equal(cloud.xyz[cloud.valid], cloud.xyz[0])
    np.testing.assert_array_equal(cloud.rgb[cloud.valid + 7], cloud.rgb[7])


@pytest.mark.parametrize('empty', ['no views', 'nothing in the box', 'unknown depth'])
def test_nothing_to_see_is_an_empty_cloud(views, empty):
    config, seen = TIGHT, views
    if empty == 'no views':
        seen = []
    elif empty == 'nothing in the box':
        config = dataclasses.replace(TIGHT, crop_low_m=[0.0, 0.0, 1.5])
    else:
        seen = [views[0]._replace(depth=encode_depth(np.zeros((48, 64), np.uint16)))]
    cloud = build(seen, config)
    assert cloud.valid == 0
    assert cloud.xyz.shape == cloud.rgb.shape == (0, 3)


@pytest.mark.parametrize(
    'wrong',
    [
        {'crop_low_m': [0.0, 0.0]},
        {'crop_low_m': [3.0, -1.0, -0.5]},
        {'crop_high_m': [2.0, float('nan'), 1.6]},
        {'near_m': 1.0, 'far_m': 0.5},
    ],
    ids=str,
)
def test_an_impossible_box_is_refused(wrong):
    with pytest.raises(ConfigError, match='crop_low_m|near_m'):
        CloudBuilder(BODY, MOUNTS, dataclasses.replace(TIGHT, **wrong))
