# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From pictures of a board to camera mounts, with an honest word on how good they are.

The board stands still in the base frame and the robot moves; its place and all mounts are solved
together, so that a camera that moves well (a wrist) helps one that hardly can (the head). What the
views do not tell is refused, with the motion that is missing, instead of being guessed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hvd_ros.core.calibration.charuco import locate
from hvd_ros.core.calibration.hand_eye import LEAST_VIEWS, hand_eye, middle_of, turned_deg
from hvd_ros.core.calibration.mount_fit import BOARD, Fit, Picture, Poses
from hvd_ros.core.config import param
from hvd_ros.core.errors import CalibrationError, did_you_mean
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.kinematics import BodyKinematics, inverse
from hvd_ros.core.robot.urdf import read_urdf
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.mounts import CameraMount

_CONTRADICTION = (
    'did the board or the base move, is the square size right, do joint_states and the camera '
    'share a clock?'
)


@dataclass(frozen=True)
class CalibrationConfig:
    """When a calibration is good enough."""

    least_views: int = param(6, 'Views that every camera needs.', low=3, high=1000)
    outlier_times: float = param(
        4.0, 'A view off by so many medians is left out.', low=2.0, high=100.0
    )
    outlier_px: float = param(1.5, 'A view off by less than this is kept.', low=0.01, high=100.0)
    most_left_out: float = param(0.34, 'Largest share of views to be left out.', low=0.0, high=0.5)
    most_px: float = param(8.0, 'Largest residual (rms) of a camera.', low=0.1, high=100.0)
    view_error_px: float = param(
        0.3, 'What a view may be off as a whole, at least.', low=0.01, high=10.0
    )
    largest_mm: float = param(6.0, 'Largest expected error of a mount.', low=0.1, high=100.0)
    largest_deg: float = param(0.6, 'Largest expected turn of a mount.', low=0.01, high=10.0)
    hardly_moved_deg: float = param(5.0, 'A joint that moved less is named.', low=0.0, high=90.0)


@dataclass(frozen=True, eq=False)
class BoardView:
    """One picture of the board and where the joints were when it was taken."""

    camera: str
    values: Array  # (D,) body values
    points: Array  # (N, 3) corners in the board [m]
    pixels: Array  # (N, 2)
    name: str = ''


@dataclass(frozen=True, eq=False)
class CameraResult:
    """What was found for one camera."""

    camera: str
    parent: str
    parent_from_camera: Array  # (4, 4)
    residual_px: float  # rms over the corners of the views that were kept
    residual_m: float  # the same as a distance at the board
    expected_mm: float  # one sigma, from how well the views agree
    expected_deg: float
    turned_deg: Array  # (3,) how far the link was turned, around the widest axis first
    view_px: dict[str, float]  # rms of every view, also of those left out
    left_out: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Calibration:
    """All mounts, the place of the board, and how large it looked beside the robot."""

    cameras: dict[str, CameraResult]
    base_from_board: Array  # (4, 4)
    scale: float  # 1.02: by the robot's measure the squares are 2 % larger than was said


class Calibrator:
    """Solves for the mounts of one robot; holds its kinematics."""

    def __init__(
        self,
        body: Body,
        nominal: Mapping[str, CameraMount],
        cameras: Mapping[str, Intrinsics],
        config: CalibrationConfig | None = None,
    ) -> None:
        self._body, self._nominal, self._cameras = body, nominal, cameras
        self._kinematics = BodyKinematics(body)
        self._config = config or CalibrationConfig()

    def solve(self, views: Sequence[BoardView]) -> Calibration:
        """
        Return the mounts that explain the views, or raise CalibrationError with the next step.

        Views that contradict the others are left out and named in the result.
        """
        self._enough(views)
        pictures = [self._picture(view) for view in views]
        poses = self._first_fit(pictures)
        kept = self._kept(pictures, poses)
        self._enough([view for view, keep in zip(views, kept, strict=True) if keep], len(views))
        good = [picture for picture, keep in zip(pictures, kept, strict=True) if keep]
        fit = Fit(good, self._cameras)
        poses = fit.refine(poses)
        rms = Fit(pictures, self._cameras).rms_px(poses)
        expected = self._expected(fit, poses)
        results = {
            camera: self._result(camera, poses, views, pictures, kept, rms, expected[camera])
            for camera in fit.names[1:]
        }
        for result in results.values():
            self._observed(result, [v for v in views if v.camera == result.camera])
        return Calibration(results, poses[BOARD], fit.scale(poses))

    def motion(self, views: Sequence[BoardView], camera: str) -> tuple[Array, dict[str, float]]:
        """Return how far a camera's link [deg, (3,)] and each of its joints [deg] were turned."""
        parent = self._nominal[camera].parent
        links = [self._kinematics.pose(v.values, parent)[:3, :3] for v in views]
        moved = np.ptp([v.values for v in views], axis=0)
        by_joint = {d.joint: moved[i] for i, d in enumerate(self._body.dimensions)}
        joints = {
            joint: float(np.rad2deg(by_joint[joint]))
            for joint in self._chain(parent)
            if joint in by_joint
        }
        return turned_deg(links), joints

    def _picture(self, view: BoardView) -> Picture:
        if view.camera not in self._nominal:
            raise CalibrationError(
                f"no camera '{view.camera}' on {self._body.name}; "
                f'{did_you_mean(view.camera, self._nominal)}'
            )
        if view.camera not in self._cameras:
            raise CalibrationError(
                f'{view.camera}: no camera_info was received, so nobody knows its focal length; '
                f'does its node publish camera/{view.camera}/color/camera_info?'
            )
        base_from_parent = self._kinematics.pose(view.values, self._nominal[view.camera].parent)
        return Picture(view.camera, base_from_parent, view.points, view.pixels)

    def _enough(self, views: Sequence[BoardView], of: int = 0) -> None:
        if not views:
            raise CalibrationError(
                'the board was not seen in any picture; put it where it is seen'
            )
        if of and 1 - len(views) / of > self._config.most_left_out:
            raise CalibrationError(
                f'{of - len(views)} of {of} views contradict the others; {_CONTRADICTION}'
            )
        for camera in sorted({v.camera for v in views}):
            count = sum(v.camera == camera for v in views)
            if count < self._config.least_views:
                raise CalibrationError(
                    f'{camera}: {count} good views, at least {self._config.least_views} are '
                    'needed; take more, from other poses'
                )

    def _first_fit(self, pictures: Sequence[Picture]) -> Poses:
        """Return the better of two beginnings: closed form, and as drawn."""
        fit = Fit(pictures, self._cameras)
        seen = [locate(p.points, p.pixels, self._cameras[p.camera])[0] for p in pictures]
        drawn = {c: self._nominal[c].parent_from_camera for c in fit.names[1:]}
        found = {c: _closed_form(c, pictures, seen) for c in fit.names[1:]}
        starts = [drawn, {c: drawn[c] if p is None else p for c, p in found.items()}]
        solved = [fit.solve(_with_board(start, pictures, seen)) for start in starts]
        # Compared by the median, which no outlier sways.
        return min((poses for poses, _ in solved), key=lambda p: float(np.median(fit.rms_px(p))))

    def _kept(self, pictures: Sequence[Picture], poses: Poses) -> list[bool]:
        rms = Fit(pictures, self._cameras).rms_px(poses)
        kept = []
        for picture, off in zip(pictures, rms, strict=True):
            usual = np.median(
                [r for p, r in zip(pictures, rms, strict=True) if p.camera == picture.camera]
            )
            bound = max(self._config.outlier_times * usual, self._config.outlier_px)
            kept.append(bool(off <= bound))
        return kept

    def _expected(self, fit: Fit, poses: Poses) -> dict[str, tuple[float, float]]:
        """Return the expected error (mm, deg) of each mount."""
        slope = fit.slope(poses)
        size, count = len(slope.hessian), len(fit.pictures)
        # Where the views say nothing the hessian is zero; the floor makes that a huge error.
        floor = 1e-9 * float(np.linalg.eigvalsh(slope.hessian)[-1])
        hessian = slope.hessian + floor * np.eye(size)
        # Corners of one picture err together (the joints were a little elsewhere), so a picture
        # counts as one observation, not as its number of corners.
        corners = np.mean([len(p.pixels) for p in fit.pictures])
        spread = slope.gradient.T @ slope.gradient * count / max(count - size / 2, 1.0)
        least = self._config.view_error_px**2 * corners * hessian
        inverted = np.linalg.inv(hessian)
        covariance = inverted @ (spread + least) @ inverted
        variance = np.diag(covariance).reshape(-1, 6)
        return {
            name: (
                1e3 * float(np.sqrt(row[:3].sum())),
                float(np.rad2deg(np.sqrt(row[3:].sum()))),
            )
            for name, row in zip(fit.names, variance, strict=True)
        }

    def _result(
        self,
        camera: str,
        poses: Poses,
        views: Sequence[BoardView],
        pictures: Sequence[Picture],
        kept: Sequence[bool],
        rms: Array,
        expected: tuple[float, float],
    ) -> CameraResult:
        mine = [i for i, view in enumerate(views) if view.camera == camera]
        used = [i for i in mine if kept[i]]
        corners = np.array([len(pictures[i].pixels) for i in used])
        px = float(np.sqrt(corners @ rms[used] ** 2 / corners.sum()))
        away = [
            (inverse(pictures[i].base_from_parent @ poses[camera]) @ poses[BOARD])[2, 3]
            for i in used
        ]
        turned, _ = self.motion([views[i] for i in used], camera)
        return CameraResult(
            camera,
            self._nominal[camera].parent,
            poses[camera],
            px,
            px / self._cameras[camera].fx * float(np.mean(away)),
            *expected,
            turned,
            {views[i].name or str(i): float(rms[i]) for i in mine},
            tuple(views[i].name or str(i) for i in mine if not kept[i]),
        )

    def _observed(self, result: CameraResult, views: Sequence[BoardView]) -> None:
        config = self._config
        if result.residual_px > config.most_px:
            raise CalibrationError(
                f'{result.camera}: the views do not fit together, {result.residual_px:.1f} px rms '
                f'(allowed {config.most_px:g}); {_CONTRADICTION}'
            )
        if result.expected_mm <= config.largest_mm and result.expected_deg <= config.largest_deg:
            return
        turned, joints = self.motion(views, result.camera)
        still = [
            f'{n} ({deg:.1f} deg)' for n, deg in joints.items() if deg < config.hardly_moved_deg
        ]
        advice = f'hardly moved: {", ".join(still)}' if still else 'move all its joints further'
        raise CalibrationError(
            f'{result.camera}: the views leave the mount open by {result.expected_mm:.1f} mm and '
            f'{result.expected_deg:.2f} deg (allowed {config.largest_mm:g} mm, '
            f'{config.largest_deg:g} deg); {result.parent} was turned by {turned[0]:.1f}, '
            f'{turned[1]:.1f}, {turned[2]:.1f} deg (rms) around its three axes, two need 10 or '
            f'more; {advice}'
        )

    def _chain(self, link: str) -> list[str]:
        """Return the joints between a link and the base, from the link on."""
        assert self._body.urdf is not None  # BodyKinematics refused a body without one
        parents = {j.child: j for j in read_urdf(self._body.urdf).joints}
        chain = []
        while link in parents:
            chain.append(parents[link].name)
            link = parents[link].parent
        return chain


def _closed_form(camera: str, pictures: Sequence[Picture], seen: Sequence[Array]) -> Array | None:
    mine = [i for i, picture in enumerate(pictures) if picture.camera == camera]
    if len(mine) < LEAST_VIEWS:
        return None
    try:
        return hand_eye([pictures[i].base_from_parent for i in mine], [seen[i] for i in mine])
    except CalibrationError:
        return None  # it did not turn enough by itself; others may know where the board is


def _with_board(mounts: Poses, pictures: Sequence[Picture], seen: Sequence[Array]) -> Poses:
    boards = [
        p.base_from_parent @ mounts[p.camera] @ board
        for p, board in zip(pictures, seen, strict=True)
    ]
    return {**mounts, BOARD: middle_of(boards)}
