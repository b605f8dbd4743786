# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Camera mounts: as drawn or as measured, and nobody can mistake one for the other."""

from datetime import UTC, datetime, timedelta
import json
import math
from pathlib import Path

import numpy as np
import pytest

from hvd_ros.core.errors import CalibrationError
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.mounts import (
    OPTICAL_FRAMES,
    CameraMount,
    doubts,
    load_mounts,
    mounts_path,
    nominal_mounts,
    save_mounts,
)

BODY = load_body('r1')
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def _measured(camera: str = 'left_wrist', days_ago: float = 1.0) -> CameraMount:
    pose = np.eye(4)
    pose[:3, :3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]]
    pose[:3, 3] = 0.01, 0.02, 0.03
    when = (NOW - timedelta(days=days_ago)).isoformat()
    return CameraMount(camera, 'left_gripper_link', pose, when, 0.31, 0.0012, '1234')


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / 'r1' / 'cameras.json'


def test_nominal_mounts_are_where_a_third_party_reads_the_frames() -> None:
    pin = pytest.importorskip('pinocchio')
    model = pin.buildModelFromUrdf(str(BODY.urdf))
    data = model.createData()
    pin.framesForwardKinematics(model, data, pin.randomConfiguration(model))
    for camera, mount in nominal_mounts(BODY).items():
        world_from = [
            data.oMf[model.getFrameId(f)] for f in (mount.parent, OPTICAL_FRAMES[camera])
        ]
        want = (world_from[0].inverse() * world_from[1]).homogeneous
        np.testing.assert_allclose(mount.parent_from_camera, want, atol=1e-9)
        assert not mount.calibrated


def test_a_nominal_parent_moves_with_its_camera() -> None:
    parents = {name: m.parent for name, m in nominal_mounts(BODY).items()}
    assert parents['head'] == 'torso_link4'
    assert parents['left_wrist'].startswith('left_arm_link6')
    assert parents['right_wrist'].startswith('right_arm_link6')


def test_what_was_saved_is_loaded_and_the_others_are_as_drawn(path: Path) -> None:
    mount = _measured()
    save_mounts(path, nominal_mounts(BODY) | {'left_wrist': mount})
    loaded = load_mounts(BODY, path)
    assert set(loaded) == set(OPTICAL_FRAMES)
    got = loaded['left_wrist']
    np.testing.assert_array_equal(got.parent_from_camera, mount.parent_from_camera)
    assert (got.parent, got.calibrated, got.serial) == (mount.parent, mount.calibrated, '1234')
    assert (got.residual_px, got.residual_m) == (0.31, 0.0012)
    assert set(json.loads(path.read_text())['cameras']) == {'left_wrist'}


def test_unknown_residuals_survive(path: Path) -> None:
    save_mounts(path, {'head': CameraMount('head', 'torso_link4', np.eye(4), NOW.isoformat())})
    assert math.isnan(load_mounts(BODY, path)['head'].residual_px)


def test_without_a_file_all_are_as_drawn_and_doubted(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv('HVD_CONFIG_DIR', str(tmp_path))
    assert mounts_path('r1') == tmp_path / 'r1' / 'cameras.json'
    mounts = load_mounts(BODY)
    said = doubts(mounts, NOW)
    assert set(said) == set(OPTICAL_FRAMES)
    assert all(
        'not measured' in text and 'hvd calibrate cameras' in text for text in said.values()
    )


@pytest.mark.parametrize(('days', 'doubted'), [(89.0, False), (91.0, True)])
def test_an_old_mount_is_doubted(days: float, doubted: bool) -> None:
    said = doubts({'head': _measured('head', days)}, NOW, max_age_days=90.0)
    assert bool(said) is doubted
    if doubted:
        assert '91 days' in said['head']


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'parent': 'left_griper_link'}, 'left_gripper_link'),
        ({'parent_from_camera': np.diag([2.0, 1, 1, 1]).tolist()}, 'rigid'),
        ({'parent_from_camera': np.eye(3).tolist()}, 'rigid'),
        ({'calibrated': 'yesterday'}, 'yesterday'),
    ],
)
def test_an_impossible_mount_is_refused(path: Path, change: dict, said: str) -> None:
    mount = _measured()
    wrong = {**{f: getattr(mount, f) for f in mount.__dataclass_fields__}, **change}
    save_mounts(path, {'left_wrist': CameraMount(**wrong)})
    with pytest.raises(CalibrationError, match=said):
        load_mounts(BODY, path)


def test_a_mirrored_mount_is_refused(path: Path) -> None:
    mount = CameraMount('head', 'torso_link4', np.diag([-1.0, 1, 1, 1]), NOW.isoformat())
    save_mounts(path, {'head': mount})
    with pytest.raises(CalibrationError, match='rigid'):
        load_mounts(BODY, path)


def test_an_unknown_camera_is_refused(path: Path) -> None:
    save_mounts(path, {'chest': _measured('chest')})
    with pytest.raises(CalibrationError, match='valid: head, left_wrist'):
        load_mounts(BODY, path)


@pytest.mark.parametrize(
    ('old', 'new', 'said'),
    [
        ('0.0012', '0.0013', 'checksum'),
        ('camera_mounts', 'joylo', 'not a file of camera mounts'),
        ('"version": 1', '"version": 2', 'version 2'),
        ('{', '', 'not readable'),
    ],
)
def test_a_damaged_file_is_refused(path: Path, old: str, new: str, said: str) -> None:
    save_mounts(path, {'left_wrist': _measured()})
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(CalibrationError, match=said):
        load_mounts(BODY, path)
