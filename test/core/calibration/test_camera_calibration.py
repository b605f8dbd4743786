# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Mounts from views of a board: exact from exact corners, honest about noise, refused if open."""

from dataclasses import replace

from board_rig import (
    BASE_FROM_BOARD,
    BODY,
    KINEMATICS,
    LENSES,
    NOMINAL,
    TRUE,
    blurred,
    camera_from_board,
    pose,
    poses,
    view_of,
    views,
)
import cv2
import numpy as np
import pytest

from hvd_ros.core.calibration.calibrator import Calibration, Calibrator
from hvd_ros.core.calibration.hand_eye import difference, hand_eye, turned_deg
from hvd_ros.core.calibration.mount_fit import BOARD as PLACE
from hvd_ros.core.calibration.mount_fit import Fit, Picture
from hvd_ros.core.errors import CalibrationError
from hvd_ros.core.robot.kinematics import inverse


def solve(seen, lenses=LENSES) -> Calibration:
    return Calibrator(BODY, NOMINAL, lenses).solve(seen)


def errors(found: Calibration) -> dict[str, tuple[float, float]]:
    return {
        name: difference(result.parent_from_camera, TRUE[name])
        for name, result in found.cameras.items()
    }


def test_exact_corners_give_the_exact_mounts_board_and_scale():
    found = solve(views())
    assert set(found.cameras) == set(TRUE)
    for name, result in found.cameras.items():
        assert np.abs(result.parent_from_camera - TRUE[name]).max() < 1e-6
        assert result.parent == NOMINAL[name].parent
        assert result.residual_px < 1e-6 and result.residual_m < 1e-8
        assert result.left_out == ()
    assert np.abs(found.base_from_board - BASE_FROM_BOARD).max() < 1e-6
    assert found.scale == pytest.approx(1.0, abs=1e-6)


def test_the_jacobian_is_the_slope_of_the_residuals():
    fit = Fit([_picture(view) for view in views(count=6)], LENSES)
    at = {**TRUE, PLACE: BASE_FROM_BOARD @ pose((0.01, 0.02, 0.03), (0.01, 0.0, 0.02))}

    def squares(poses):
        corners = np.array([len(picture.pixels) for picture in fit.pictures])
        return 0.5 * float(corners @ fit.rms_px(poses) ** 2)

    gradient = fit.slope(at).gradient.sum(axis=0)
    for i, name in enumerate(fit.names):
        for axis in range(6):
            step = np.zeros(6)
            step[axis] = 1e-6
            ahead, behind = (
                {**at, name: at[name] @ pose(tuple(s[3:]), tuple(s[:3]))} for s in (step, -step)
            )
            slope = (squares(ahead) - squares(behind)) / 2e-6
            assert gradient[6 * i + axis] == pytest.approx(slope, rel=1e-4, abs=1.0)


def test_a_camera_turned_by_half_a_turn_is_found_too():
    """The closed form begins where the drawing is of no use."""
    turned = NOMINAL | {
        'left_wrist': replace(
            NOMINAL['left_wrist'],
            parent_from_camera=TRUE['left_wrist'] @ pose((0, 0, 3.0), (0.1, 0.1, 0.0)),
        )
    }
    found = Calibrator(BODY, turned, LENSES).solve(views(('left_wrist',)))
    assert max(errors(found)['left_wrist']) < 1e-3


def test_noise_on_corners_stays_small_and_is_announced():
    found = solve([blurred(view, 0.3) for view in views()])
    for name, (mm, deg) in errors(found).items():
        result = found.cameras[name]
        assert mm < 1.0 and deg < 0.1
        assert mm < 3 * result.expected_mm and deg < 3 * result.expected_deg
        assert result.residual_px == pytest.approx(0.3 * np.sqrt(2), rel=0.15)


def test_noise_on_joints_is_announced_in_the_expected_error():
    random = np.random.default_rng(4)
    seen = [
        replace(view, values=view.values + random.normal(0, 1e-3, BODY.size))
        for view in views(count=20)
    ]
    exact, noisy = solve(views(count=20)), solve(seen)
    for name, (mm, deg) in errors(noisy).items():
        result = noisy.cameras[name]
        assert mm < 5.0 and deg < 0.5
        assert mm < 3 * result.expected_mm and deg < 3 * result.expected_deg
        assert result.expected_mm > 1.2 * exact.cameras[name].expected_mm


def test_a_view_that_contradicts_the_others_is_left_out_and_named():
    seen = views()
    moved = BASE_FROM_BOARD @ pose((0, 0, 0.05), (0.03, 0, 0))
    seen[3] = view_of('head', seen[3].values, moved, 'head 4')
    seen[20] = replace(seen[20], values=seen[20].values + 0.05)
    found = solve(seen)
    assert found.cameras['head'].left_out == ('head 4',)
    assert found.cameras['head'].view_px['head 4'] > 5
    assert found.cameras['left_wrist'].left_out == (seen[20].name,)
    assert max(map(max, errors(found).values())) < 1e-3


def test_a_board_that_moved_half_way_is_refused():
    moved = BASE_FROM_BOARD @ pose((0, 0, 0.1), (0.05, 0.02, 0))
    seen = [
        view_of(v.camera, v.values, moved, v.name) if i % 2 else v
        for i, v in enumerate(views(('left_wrist',), 14))
    ]
    with pytest.raises(CalibrationError, match='did the board or the base move'):
        solve(seen)


def test_a_link_that_turned_around_one_axis_only_is_refused_with_the_joints_to_move():
    seen = []
    for i, angle in enumerate(np.linspace(-0.4, 0.4, 12)):
        values = BODY.pose('home').copy()
        values[BODY.index('left_arm_joint5')] += angle
        seen.append(view_of('left_wrist', values, name=str(i)))
    with pytest.raises(CalibrationError, match=r'left_wrist: .* hardly moved: .*left_arm_joint4'):
        solve(seen)


def test_a_robot_that_did_not_move_is_refused():
    still = [view_of('head', BODY.pose('home'), name=str(i)) for i in range(8)]
    with pytest.raises(CalibrationError, match='hardly moved: torso_joint4 .0.0 deg'):
        solve(still)


def test_a_head_that_hardly_moves_is_found_with_the_help_of_the_wrists():
    head = [view_of('head', v, name=str(i)) for i, v in enumerate(_nods(8))]
    with pytest.raises(CalibrationError, match='head: the views leave the mount open'):
        solve(head)
    found = solve(head + views(('left_wrist', 'right_wrist')))
    assert max(errors(found)['head']) < 1e-3


def test_without_camera_info_nothing_is_solved():
    with pytest.raises(CalibrationError, match='left_wrist: no camera_info was received'):
        solve(views(('head', 'left_wrist')), {'head': LENSES['head']})


def test_no_picture_of_the_board_and_too_few_are_said():
    with pytest.raises(CalibrationError, match='the board was not seen in any picture'):
        solve([])
    with pytest.raises(CalibrationError, match='head: 4 good views, at least 6 are needed'):
        solve(views(('head',), 4))


def test_an_unknown_camera_is_named():
    stranger = replace(views(('head',), 6)[0], camera='chest')
    with pytest.raises(CalibrationError, match=r"no camera 'chest' on r1; .*valid: head"):
        solve([stranger] * 6)


def test_squares_larger_than_was_said_are_noticed():
    seen = [replace(view, points=view.points / 1.03) for view in views()]
    assert solve(seen).scale == pytest.approx(1.03, abs=0.004)


def test_the_closed_form_agrees_with_opencv_and_with_the_truth():
    values = poses('left_wrist', 10)
    links = [KINEMATICS.pose(v, NOMINAL['left_wrist'].parent) for v in values]
    seen = [camera_from_board('left_wrist', v) for v in values]
    ours = hand_eye(links, seen)
    assert np.abs(ours - TRUE['left_wrist']).max() < 1e-9
    rotation, shift = cv2.calibrateHandEye(
        [link[:3, :3] for link in links], [link[:3, 3] for link in links],
        [board[:3, :3] for board in seen], [board[:3, 3] for board in seen],
        method=cv2.CALIB_HAND_EYE_PARK,
    )  # fmt: skip
    assert np.abs(ours[:3, :3] - rotation).max() < 1e-6
    assert np.abs(ours[:3, 3] - shift.ravel()).max() < 1e-6


def test_the_closed_form_refuses_turns_around_one_axis():
    links = [pose((0, 0, a), (a, 0, 0)) for a in (0.0, 0.3, 0.6, 0.9)]
    seen = [inverse(link @ TRUE['head']) @ BASE_FROM_BOARD for link in links]
    with pytest.raises(CalibrationError, match='two axes'):
        hand_eye(links, seen)
    assert turned_deg([link[:3, :3] for link in links])[1] < 1e-6


def _picture(view) -> Picture:
    parent = NOMINAL[view.camera].parent
    return Picture(view.camera, KINEMATICS.pose(view.values, parent), view.points, view.pixels)


def _nods(count: int):
    for angle in np.linspace(-0.15, 0.15, count):
        values = BODY.pose('home').copy()
        values[BODY.index('torso_joint3')] += angle
        yield values
