# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two graphs on one machine never share a twin's devices."""

import socket
import tempfile

import pytest

from hvd_ros.drivers.sim_devices import RIGHT, twin_dir


@pytest.fixture(autouse=True)
def own_place(monkeypatch, tmp_path):
    monkeypatch.delenv('HVD_STATE_DIR', raising=False)
    monkeypatch.setenv('XDG_RUNTIME_DIR', str(tmp_path))


def test_domain_and_namespace_keep_graphs_apart(monkeypatch):
    places = set()
    for domain in ('1', '2'):
        monkeypatch.setenv('ROS_DOMAIN_ID', domain)
        places |= {twin_dir(namespace) for namespace in ('/', '/a', '/b')}
    assert len(places) == 6
    assert twin_dir('/a') == twin_dir('a/')


def test_the_folder_is_private():
    assert twin_dir().stat().st_mode & 0o777 == 0o700


def test_a_state_folder_of_ones_own(monkeypatch):
    # Not tmp_path: under a parallel run that is too long for a socket.
    with tempfile.TemporaryDirectory() as state:
        monkeypatch.setenv('HVD_STATE_DIR', state)
        assert twin_dir().is_relative_to(state)


def test_a_path_too_long_for_a_socket_is_shortened(monkeypatch, tmp_path):
    monkeypatch.setenv('HVD_STATE_DIR', str(tmp_path / ('long' * 30)))
    path = twin_dir() / RIGHT
    assert path == twin_dir() / RIGHT
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
        path.unlink(missing_ok=True)
        sock.bind(str(path))
    path.unlink()
