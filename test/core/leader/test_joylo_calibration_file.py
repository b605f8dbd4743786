# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
import json

from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from hvd_ros.core.durable import checksum
from hvd_ros.core.errors import CalibrationError
from hvd_ros.core.leader.calibration import nominal_calibration
from hvd_ros.core.leader.calibration_file import (
    calibration_path,
    load_calibration,
    save_calibration,
)


@pytest.fixture
def path(tmp_path):
    return save_calibration(nominal_calibration(), tmp_path / 'sub folder' / 'joylo.json')


def rewrite(path, change):
    data = json.loads(path.read_text())
    del data['checksum']
    change(data)
    data['checksum'] = checksum(data)
    path.write_text(json.dumps(data))


def test_what_is_saved_is_loaded(path):
    assert load_calibration(path) == nominal_calibration()
    assert [p.name for p in path.parent.iterdir()] == ['joylo.json']


def test_default_place_is_the_users_config_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HVD_CONFIG_DIR', str(tmp_path))
    assert save_calibration(nominal_calibration()).parent == tmp_path
    assert load_calibration() == nominal_calibration()
    calibration_path().unlink()
    with pytest.raises(CalibrationError, match='not calibrated; run `hvd calibrate joylo`'):
        load_calibration()


def test_an_edited_file_is_refused(path):
    path.write_text(path.read_text().replace('1024', '1025', 1))
    with pytest.raises(CalibrationError, match='checksum'):
        load_calibration(path)


def test_a_file_cut_short_anywhere_is_refused(path):
    text = path.read_text()
    for end in range(0, len(text.rstrip()), 97):
        path.write_text(text[:end])
        with pytest.raises(CalibrationError, match='hvd calibrate joylo'):
            load_calibration(path)


@pytest.mark.parametrize(
    ('change', 'text'),
    [
        (lambda d: d.update(kind='other'), 'not a calibration of JoyLo arms'),
        (lambda d: d.update(version=0), 'version 0, this program reads 1'),
        (lambda d: d.update(created='yesterday'), 'yesterday'),
        (lambda d: d['joints'].reverse(), 'joints are not those'),
        (lambda d: d['joints'][0]['motors'][1].update(motor_id=7), r'motors \(0, 7\)'),
        (lambda d: d['joints'][0]['motors'][0].update(sign=0), 'neither 1 nor -1'),
        (lambda d: d['joints'][0]['motors'][0].update(tick=4096), 'outside'),
        (lambda d: d['joints'][0]['motors'][0].update(tick=12.5), 'whole numbers'),
        (lambda d: d['joints'][0].update(low_rad=float('nan')), 'not a joint range'),
        (lambda d: d['joints'][0].update(high_rad=9.0), 'not a joint range'),
        (lambda d: d['joints'][0].update(pose_rad=-5.0), 'not a joint range'),
        (lambda d: d.pop('created'), 'created'),
        (lambda d: d.update(joints=5), 'hvd calibrate joylo'),
    ],
)
def test_a_foreign_or_impossible_calibration_is_refused(path, change, text):
    rewrite(path, change)
    with pytest.raises(CalibrationError, match=text):
        load_calibration(path)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_a_calibration_error(tmp_path_factory, data):
    path = tmp_path_factory.mktemp('fuzz') / 'joylo.json'
    path.write_bytes(data)
    with pytest.raises(CalibrationError):
        load_calibration(path)
