# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page in a real browser, and what its server refuses to do."""

import math
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
import threading
import time

import msgspec
import psutil
import pytest
import viser
import websocket

pytestmark = [pytest.mark.ros, pytest.mark.xdist_group('viewer')]
rclpy = pytest.importorskip('rclpy')

from chromium import ABSENT, Chromium  # noqa: E402
from fake_graph import FakeGraph  # noqa: E402

from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.nodes.viewer.server import LoopbackServer  # noqa: E402

NODE = Path(sys.prefix) / 'lib' / 'hvd_ros' / 'viewer_node'
SIZE = (1000, 560)
CANVAS = (slice(60, 540), slice(325, 585))  # rows and columns between the panels
ESTOP = "[...document.querySelectorAll('button')].find(b => b.innerText.includes('E-STOP'))"
LOST = "document.querySelector('.lost').getBoundingClientRect().height"
FILTER = "getComputedStyle(document.querySelector('canvas')).filter"


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def start_node(port):
    return subprocess.Popen(
        [NODE, '--ros-args', '-p', f'port:={port}'],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {'PYTHONUNBUFFERED': '1'},
    )


def wait_until_it_listens(port, deadline_s=30.0):
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError('the viewer did not start to listen')


@pytest.fixture(scope='module')
def graph():
    graph = FakeGraph(load_body('r1'))
    graph.status.mode, graph.status.moving, graph.status.active_source = 1, True, 1
    graph.gate('estop', True)
    graph.gate('base', False, 'no_guardian', '3.2 s ago', 'start the guardian')
    graph.source('teleop', 0.012, engaged=True)
    graph.source('policy', math.inf, reason='never_heard')
    yield graph
    graph.close()


@pytest.fixture(scope='module')
def viewer(graph):
    port = free_port()
    process = start_node(port)
    wait_until_it_listens(port)
    process.port = port
    yield process
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0, out
    assert 'Traceback' not in out


@pytest.fixture(scope='module')
def page(viewer, tmp_path_factory):
    # Few pixels, because they are drawn without a graphics card here.
    url = f'http://127.0.0.1:{viewer.port}/?fixedDpr=0.5'
    page = Chromium(tmp_path_factory.mktemp('profile'), url, SIZE)
    page.wait_for(lambda: 'TELEOP' in page.text(), 'the mode')
    # viser complains about the missing graphics card in the middle of the picture.
    page.evaluate(
        "document.head.append(Object.assign(document.createElement('style'), "
        "{textContent: '.mantine-Notification-root {display: none}'}))"
    )
    yield page
    page.close()


# Drawing without a graphics card on a loaded machine takes its time.
browser = [
    pytest.mark.browser,
    pytest.mark.timeout(400),
    pytest.mark.skipif(ABSENT, reason='needs chromium'),
]


# First of all: a process that was frozen for a while is known again, but not by its endpoints.
def test_can_publish_nothing_and_ask_only_for_an_estop(viewer, graph):
    node, asks = graph._node, []
    end = time.monotonic() + 30
    while time.monotonic() < end and not asks:
        if 'viewer' in node.get_node_names():
            asks = node.get_client_names_and_types_by_node('viewer', '/')
        time.sleep(0.05)
    assert [name for name, _ in asks] == ['/mux/estop']
    said = {name for name, _ in node.get_publisher_names_and_types_by_node('viewer', '/')}
    assert said <= {'/rosout', '/parameter_events'}


class TestPage:
    pytestmark = browser

    def test_shows_the_mode_and_every_gate_with_reason_and_fix(self, page):
        words = page.text()
        assert 'may not move (3.2 s ago); start the guardian' in words
        for part in ('Moving: teleop drives the robot', '12 ms', 'not heard yet', '12.3 cm'):
            assert part in words
        for part in ('76 %', '50.4 V', 'hottest motor', 'left gripper', 'torso 4'):
            assert part in words

    def test_draws_the_robot_and_follows_its_joints(self, page, graph):
        page.wait_for(lambda: white(picture(page)) > 0.02, 'a white robot on the dark floor')
        drawn = settled(page)
        graph.values[graph.body.index('torso_joint1')] = 0.0
        graph.values[graph.body.index('torso_joint2')] = 0.0
        graph.leader[:] = graph.values
        page.wait_for(lambda: changed(drawn, picture(page)) > 0.02, 'the new pose')

    def test_draws_the_leader_as_a_ghost_where_it_differs(self, page, graph):
        page.wait_for(lambda: yellow(picture(page)) < 0.001, 'no ghost')
        graph.leader[graph.body.index('left_arm_joint1')] += 0.8
        page.wait_for(lambda: yellow(picture(page)) > 0.004, 'the ghost')

    def test_says_when_the_graph_is_silent(self, page, graph):
        before = white(settled(page))
        graph.silent = True
        page.wait_for(lambda: 'NO MUX' in page.text(), 'the silence')
        assert 'its last mode was teleop' in page.text()
        page.wait_for(lambda: white(picture(page)) < before / 2, 'a grey robot')
        graph.silent = False
        page.wait_for(lambda: 'TELEOP' in page.text(), 'the mode')

    def test_says_when_its_own_server_froze(self, page, viewer):
        page.wait_for(lambda: page.evaluate(LOST) == 0, 'the present')
        viewer.send_signal(signal.SIGSTOP)
        try:
            page.wait_for(lambda: page.evaluate(LOST) > 10, 'the warning')
            page.wait_for(lambda: 'grayscale(1)' in page.evaluate(FILTER), 'the grey picture')
        finally:
            viewer.send_signal(signal.SIGCONT)
        page.wait_for(lambda: page.evaluate(LOST) == 0, 'the present')

    def test_z_the_estop_button_asks_the_mux_once(self, page, graph):
        page.click(ESTOP)
        page.wait_for(lambda: graph.estops, 'the e-stop')
        page.wait_for(lambda: 'LATCHED' in page.text(), 'the latch')
        assert graph.estops == 1
        assert page.evaluate("document.getElementById('hvd-mode').innerText") == 'ESTOP'


def picture(page):
    """Return what is drawn between the panels."""
    return page.screenshot()[CANVAS].astype(int)


def settled(page, deadline_s=60.0):
    """Return the picture once it stands still: everything is loaded."""
    end = time.monotonic() + deadline_s
    before = picture(page)
    while time.monotonic() < end:
        now = picture(page)
        if changed(before, now) < 0.001:
            return now
        before = now
    raise AssertionError('the picture never stood still')


def changed(before, now):
    return (abs(now - before).max(axis=2) > 40).mean()


def white(pixels):
    return (pixels.min(axis=2) > 180).mean()


def yellow(pixels):
    return (pixels[..., 0] - pixels[..., 2] > 35).mean()


def test_listens_on_loopback_only(viewer):
    sockets = psutil.Process(viewer.pid).net_connections('tcp')
    listening = {s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN}
    assert listening == {'127.0.0.1'}


def test_a_taken_port_is_one_clear_line():
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        process = start_node(port)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == ConfigError.exit_code
    assert f'error: viewer: port {port} on 127.0.0.1 is taken' in out
    assert 'Traceback' not in out


@pytest.mark.timeout(30)
def test_a_taken_last_port_is_an_error_and_no_hang():
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(('127.0.0.1', 65535))
        other.listen()
        with pytest.raises(ConfigError, match='65535 on 127.0.0.1 is taken'):
            LoopbackServer(65535)


def test_port_0_takes_a_free_one_and_does_not_move_otherwise(monkeypatch):
    first = LoopbackServer(0)
    try:
        assert first.get_port() > 0
        with pytest.raises(ConfigError, match='is taken'):
            LoopbackServer(first.get_port())
        # Somebody grabs the port between our look and viser's.
        monkeypatch.setattr('hvd_ros.nodes.viewer.server._must_be_free', lambda port: None)
        with pytest.raises(ConfigError, match='is taken'):
            LoopbackServer(first.get_port())
    finally:
        first.stop()


def test_never_publishes_itself_on_the_internet(monkeypatch):
    tunnels, answered = [], threading.Event()
    monkeypatch.setattr('viser._viser.ViserTunnel', lambda *a: tunnels.append(a))
    original = LoopbackServer.request_share_url

    def spy(self, *args):
        try:
            return original(self, *args)
        finally:
            answered.set()

    monkeypatch.setattr(LoopbackServer, 'request_share_url', spy)
    server = LoopbackServer(0)
    try:
        wire = websocket.create_connection(
            f'ws://127.0.0.1:{server.get_port()}', subprotocols=[f'viser-v{viser.__version__}']
        )
        wire.send_binary(msgspec.msgpack.encode({'type': 'ShareUrlRequest'}))
        assert answered.wait(10)
        wire.close()
    finally:
        server.stop()
    assert tunnels == []
