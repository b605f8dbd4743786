# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The latch on disk: what is written comes back, what is damaged counts as latched."""

import json
import os

import pytest

from hvd_ros.core.safety.estop import GuardianLatch
from hvd_ros.core.safety.latch_file import load_latch, save_latch

LATCHED = GuardianLatch(True, 4, 'estop_button')


def test_a_first_start_is_free(tmp_path):
    assert load_latch(tmp_path / 'estop.json', '/') == GuardianLatch()


def test_what_is_saved_comes_back_by_namespace(tmp_path):
    path = tmp_path / 'deep' / 'estop.json'
    save_latch(path, '/a', LATCHED)
    save_latch(path, '/b', GuardianLatch(False, 9, ''))
    assert load_latch(path, '/a') == LATCHED
    assert load_latch(path, '/b') == GuardianLatch(False, 9, '')
    assert load_latch(path, '/c') == GuardianLatch()
    assert {p.name for p in path.parent.iterdir()} == {'estop.json', 'estop.lock'}


@pytest.mark.parametrize(
    'text',
    ['', '{', '[]', '{"/": null}', '{"/": {"latched": 0, "epoch": 1, "reason": ""}}',
     '{"/": {"latched": false, "epoch": -1, "reason": ""}}',
     '{"/": {"latched": false, "epoch": true, "reason": ""}}', '\x00\xff'],
)  # fmt: skip
def test_a_file_that_can_not_be_read_counts_as_latched(tmp_path, text):
    path = tmp_path / 'estop.json'
    path.write_text(text, encoding='latin-1')
    assert load_latch(path, '/').latched


def test_a_folder_in_its_place_counts_as_latched(tmp_path):
    (tmp_path / 'estop.json').mkdir()
    assert load_latch(tmp_path / 'estop.json', '/').latched


def test_replacing_a_damaged_file_does_not_release_the_other_robots(tmp_path):
    path = tmp_path / 'estop.json'
    path.write_text('{"/a": {"latched"')
    save_latch(path, '/b', GuardianLatch())
    assert not load_latch(path, '/b').latched
    assert load_latch(path, '/a').latched


def test_a_failed_write_keeps_the_old_latch(tmp_path, monkeypatch):
    path = tmp_path / 'estop.json'
    save_latch(path, '/', LATCHED)

    def full(handle):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='No space'):
        save_latch(path, '/', GuardianLatch())
    assert json.loads(path.read_text())['/']['latched'] is True
    assert {p.name for p in tmp_path.iterdir()} == {'estop.json', 'estop.lock'}


def test_content_and_folder_are_flushed_before_and_after_the_rename(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, type(tmp_path).replace
    monkeypatch.setattr(os, 'fsync', lambda fd: (order.append('flush'), fsync(fd)))
    monkeypatch.setattr(
        type(tmp_path), 'replace', lambda a, b: (order.append('rename'), replace(a, b))
    )
    save_latch(tmp_path / 'estop.json', '/', LATCHED)
    assert order == ['flush', 'rename', 'flush']
