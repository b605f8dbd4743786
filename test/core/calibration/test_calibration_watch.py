# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which pictures are taken: only still, only new, only of a robot that stayed where it was."""

import json
import math

from board_rig import BOARD, BODY, LENS, NOMINAL, poses, view_of, views
import cv2
import numpy as np
import pytest

from hvd_ros.core.calibration.calibrator import Calibrator
from hvd_ros.core.calibration.charuco import Corners
from hvd_ros.core.calibration.collection import Collection, CollectionConfig
from hvd_ros.core.calibration.view_folder import ViewFolder, read_views
from hvd_ros.core.calibration.watch import Watch
from hvd_ros.core.errors import CalibrationError
from hvd_ros.core.vision.codec import encode_color
from hvd_ros.core.vision.intrinsics import Intrinsics

SECOND = 1_000_000_000
BLANK = encode_color(np.zeros((LENS.height, LENS.width, 3), np.uint8))


class SeesAll:
    """A board whose corners are found wherever the formula puts them."""

    def __init__(self) -> None:
        self.next = None

    def find(self, rgb) -> Corners:
        return Corners(np.arange(24), BOARD.points, self.next.pixels)

    def pose(self, corners, lens):
        return np.eye(4)


class Rig:
    def __init__(self, samples: int = 6) -> None:
        self.board = SeesAll()
        cameras = ('head', 'left_wrist')
        config = CollectionConfig(samples=samples)
        self.collection = Collection(BODY, self.board, NOMINAL, cameras, config)
        self.kept = []
        self.watch = Watch(BODY, self.collection, lambda *a: self.kept.append(a))
        self.now = 100 * SECOND
        for camera in cameras:
            self.watch.lens(camera, LENS)

    def stand(self, values, seconds=0.6) -> None:
        for _ in range(round(seconds * 50)):
            self.now += SECOND // 50
            self.watch.joints(self.now, joints_of(values))

    def show(self, camera, values, late_s=0.2) -> int:
        """Stand still, take a picture of the middle of it, and look at it."""
        self.board.next = view_of(camera, values)
        self.stand(values)
        self.watch.picture(camera, self.now - round(late_s * SECOND), BLANK)
        return self.watch.work()


def joints_of(values):
    return {
        d.joint: v * d.joint_per_unit
        for d, v in zip(BODY.dimensions, values, strict=True)
        if d.joint
    }


def test_still_and_new_pictures_are_taken_and_kept_until_there_are_enough():
    rig = Rig()
    for camera in ('head', 'left_wrist'):
        for values in poses(camera, 30):
            if rig.collection.count(camera) < 6:
                rig.show(camera, values)
    assert rig.collection.complete
    assert len(rig.kept) == len(rig.collection.views) == 12
    camera, values, jpeg, lens = rig.kept[0]
    assert (camera, jpeg, lens) == ('head', BLANK, LENS)
    assert values == pytest.approx(rig.collection.views[0].values)
    rig.collection.ask_for_more(2)
    assert not rig.collection.complete


def test_a_moving_joint_is_named_and_nothing_is_taken():
    rig = Rig()
    values = poses('head', 1)[0].copy()
    rig.stand(values)
    for _ in range(30):
        values[BODY.index('torso_joint2')] += 0.001
        rig.stand(values, 0.02)
    rig.watch.picture('head', rig.now - SECOND // 5, BLANK)
    assert rig.watch.work() == 0
    assert 'hold still: torso_joint2 moved by' in rig.watch.said['head']


def test_a_picture_waits_for_the_joints_after_it():
    rig = Rig()
    values = poses('head', 1)[0]
    assert rig.show('head', values, late_s=0.0) == 0
    assert 'head' not in rig.watch.said
    rig.stand(values, 0.2)
    assert rig.watch.work() == 1


def test_a_picture_in_a_hole_of_the_joints_is_given_up_with_the_reason():
    rig = Rig()
    values = poses('head', 1)[0]
    rig.stand(values)
    rig.watch.picture('head', rig.now + SECOND // 2, BLANK)
    rig.now += SECOND
    rig.stand(values, 0.7)
    assert rig.watch.work() == 0
    assert 'hole of 1.0' in rig.watch.said['head']
    assert rig.show('head', values) == 1


def test_the_same_pose_is_not_taken_twice():
    rig = Rig()
    values = poses('head', 1)[0]
    assert rig.show('head', values) == 1
    assert rig.show('head', values + 0.001) == 0
    assert 'like picture head 1; move the camera further' in rig.watch.said['head']


def test_without_camera_info_a_picture_is_not_taken():
    rig = Rig()
    rig.watch.lenses.clear()
    assert rig.show('head', poses('head', 1)[0]) == 0
    assert 'no camera_info yet on camera/head/color/camera_info' in rig.watch.said['head']


def test_camera_info_of_another_size_is_refused():
    rig = Rig()
    rig.watch.lens('head', Intrinsics(1280, 720, 500.0, 500.0, 640.0, 360.0))
    assert rig.show('head', poses('head', 1)[0]) == 0
    assert 'pictures of 640 x 480 but camera_info of 1280 x 720' in rig.watch.said['head']


@pytest.mark.parametrize('moved', [(0.02, 0.0, 0.0), (0.0, 0.0, 0.02)])
def test_a_base_that_moved_voids_what_was_taken(moved):
    rig = Rig()
    rig.watch.base(1.0, 2.0, math.pi)
    rig.show('head', poses('head', 1)[0])
    rig.watch.base(1.0001, 2.0, -math.pi)
    assert rig.collection.count('head') == 1
    rig.watch.base(1.0 + moved[0], 2.0 + moved[1], math.pi + moved[2])
    assert rig.collection.count('head') == 0
    assert 'the base moved: 1 pictures are void' in rig.watch.said['base']


def test_the_next_step_names_the_camera_that_lacks_most_and_the_joints_to_turn():
    rig = Rig()
    calibrator = Calibrator(BODY, NOMINAL, {'head': LENS, 'left_wrist': LENS})
    assert 'head 0/6, left_wrist 0/6: point head at' in rig.collection.next_step(calibrator)
    rig.collection.views += views(('head',), 6)
    for angle in (-0.3, 0.0, 0.3):
        values = BODY.pose('home').copy()
        values[BODY.index('left_arm_joint5')] += angle
        rig.collection.views.append(view_of('left_wrist', values))
    step = rig.collection.next_step(calibrator)
    assert 'left_wrist turned around one axis only' in step
    assert step.endswith('also turn left_arm_joint6, left_arm_joint4, left_arm_joint3')
    rig.collection.views += views(('left_wrist',), 6)
    assert rig.collection.next_step(calibrator).endswith('enough')


def test_kept_pictures_come_back_as_they_were(tmp_path):
    folder = ViewFolder(tmp_path / 'views', BODY)
    values = poses('left_wrist', 2)
    sheet = cv2.cvtColor(BOARD.image(40), cv2.COLOR_GRAY2RGB)
    folder.put('left_wrist', values[0], sheet, LENS)
    folder.put('left_wrist', values[1], BLANK, LENS)
    pictures, lenses = read_views(tmp_path / 'views', BODY)
    assert lenses == {'left_wrist': LENS}
    assert [p.camera for p in pictures] == ['left_wrist'] * 2
    assert pictures[0].values == pytest.approx(values[0])
    assert pictures[1].jpeg == BLANK
    assert np.abs(pictures[0].pixels().astype(int) - sheet).mean() < 3


@pytest.mark.parametrize(
    ('spoil', 'said'),
    [
        (lambda d: d.update(kind='other'), 'not a file of hvd_ros/calibration_views'),
        (lambda d: d.update(robot='r2'), "of robot 'r2', not 'r1'"),
        (lambda d: d['views'][0]['joints'].pop('torso_joint1'), 'no position of torso_joint1'),
        (lambda d: d['views'][0].update(file='gone.jpg'), 'gone.jpg'),
        (lambda d: d['views'][0]['intrinsics'].pop('fx'), 'fx'),
    ],
)
def test_a_spoilt_folder_is_refused_with_its_reason(tmp_path, spoil, said):
    ViewFolder(tmp_path, BODY).put('head', poses('head', 1)[0], BLANK, LENS)
    index = tmp_path / 'views.json'
    data = json.loads(index.read_text())
    spoil(data)
    index.write_text(json.dumps(data))
    with pytest.raises(CalibrationError, match=said):
        read_views(tmp_path, BODY)
