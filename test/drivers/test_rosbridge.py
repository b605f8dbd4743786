# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Our rosbridge client and our twin, each against the other and the twin against roslibpy.

roslibpy is the client that nobody here wrote: what it can do with the twin, the twin does right.
"""

import base64
from collections.abc import Callable, Iterator
import hashlib
import math
import socket
import subprocess
import sys
import threading
import time

import pytest
import websocket

from hvd_ros.core.errors import CommandRejected, ConfigError, DeviceError
from hvd_ros.drivers.robot.rosbridge import RosbridgeClient
from hvd_ros.drivers.robot.rosbridge_twin import RosbridgeTwin

TOPICS = {'/speed': 'geometry_msgs/Twist', '/stroke': 'std_msgs/Float32'}


def until(condition: Callable[[], bool], seconds: float = 5.0) -> float:
    """Wait for a condition; return the seconds it took."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds, 'not in time'
        threading.Event().wait(0.002)
    return time.monotonic() - start


class Bridge:
    def __init__(self, port: int = 0) -> None:
        self.received: list[tuple[str, dict]] = []
        self.twin = RosbridgeTwin(TOPICS, lambda t, m: self.received.append((t, m)), port=port)
        self.twin.open()

    def values(self) -> list[float]:
        return [m['data'] for t, m in self.received if t == '/stroke']


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    made = Bridge()
    yield made
    made.twin.close()


@pytest.fixture
def clients() -> Iterator[list[RosbridgeClient]]:
    made: list[RosbridgeClient] = []
    yield made
    for client in made:
        client.close()


def connect(clients: list[RosbridgeClient], port: int) -> tuple[RosbridgeClient, list[dict]]:
    client = RosbridgeClient('127.0.0.1', port)
    clients.append(client)
    heard: list[dict] = []
    client.advertise('/stroke', 'std_msgs/Float32', latch=True)
    client.subscribe('/speed', 'geometry_msgs/Twist', heard.append)
    client.open()
    until(lambda: client.connected)
    return client, heard


def test_messages_pass_both_ways(bridge: Bridge, clients: list[RosbridgeClient]) -> None:
    client, heard = connect(clients, bridge.twin.port)
    client.publish('/stroke', {'data': 42.0})
    until(lambda: bridge.values() == [42.0])
    until(lambda: bridge.twin.subscribers('/speed') == 1)
    bridge.twin.publish('/speed', {'linear': {'x': 0.25}})
    until(lambda: heard == [{'linear': {'x': 0.25}}])


def test_nan_is_never_serialised(bridge: Bridge, clients: list[RosbridgeClient]) -> None:
    client, _ = connect(clients, bridge.twin.port)
    for bad in (math.nan, math.inf, -math.inf):
        with pytest.raises(CommandRejected, match='non_finite: /stroke'):
            client.publish('/stroke', {'data': bad})
    client.publish('/stroke', {'data': 1.0})
    until(lambda: bridge.values() == [1.0])


def test_the_twin_writes_nan_as_null_like_rosbridge(
    bridge: Bridge, clients: list[RosbridgeClient]
) -> None:
    _, heard = connect(clients, bridge.twin.port)
    until(lambda: bridge.twin.subscribers('/speed') == 1)
    bridge.twin.publish('/speed', {'linear': {'x': math.nan}, 'list': [1.0, math.inf]})
    until(lambda: heard == [{'linear': {'x': None}, 'list': [1.0, None]}])


def test_nothing_old_is_sent_on_reconnect(clients: list[RosbridgeClient]) -> None:
    first = Bridge()
    client, _ = connect(clients, first.twin.port)
    client.greet('/stroke', {'data': 0.0})
    first.twin.close()
    until(lambda: not client.connected)
    for i in range(50):
        client.publish('/stroke', {'data': 100.0 + i})
    second = Bridge(first.twin.port)
    try:
        until(lambda: client.connected)
        client.publish('/stroke', {'data': 7.0})
        # The sentinel comes behind the greeting; a queued message would lie before or between.
        until(lambda: second.values()[-1:] == [7.0])
        assert second.values() == [0.0, 7.0]
        assert client.connects == 2
    finally:
        second.twin.close()


def test_half_open_connection_is_noticed_within_a_second(
    bridge: Bridge, clients: list[RosbridgeClient]
) -> None:
    client, _ = connect(clients, bridge.twin.port)
    bridge.twin.mute(True)
    stop = threading.Event()

    def stream() -> None:
        while not stop.is_set():
            client.publish('/stroke', {'data': 66.0})
            stop.wait(0.01)

    thread = threading.Thread(target=stream)
    thread.start()
    try:
        assert until(lambda: not client.connected) < 1.0
        assert 'half-open' in client.detail
    finally:
        stop.set()
        thread.join()


def test_what_a_dead_link_held_back_is_discarded(clients: list[RosbridgeClient]) -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        server.bind(('127.0.0.1', 0))
        server.listen()
        client = RosbridgeClient('127.0.0.1', server.getsockname()[1])
        clients.append(client)
        client.open()
        peer, _ = server.accept()
        with peer:
            shake_hands(peer)
            until(lambda: client.connected)
            while client.connected:  # fills the window, then the send buffer
                client.publish('/stroke', {'data': 66.0, 'padding': 'x' * 2000})
            peer.settimeout(5.0)
            # An orderly close would deliver the rest and end with an empty read.
            with pytest.raises(ConnectionResetError):
                while peer.recv(4096):
                    pass


def shake_hands(peer: socket.socket) -> None:
    """Answer a websocket upgrade as RFC 6455 says, then never read again."""
    request = b''
    while b'\r\n\r\n' not in request:
        request += peer.recv(4096)
    key = next(
        line.split(b': ')[1]
        for line in request.split(b'\r\n')
        if line.lower().startswith(b'sec-websocket-key')
    )
    digest = hashlib.sha1(key + b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest()
    peer.sendall(
        b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
        b'Sec-WebSocket-Accept: ' + base64.b64encode(digest) + b'\r\n\r\n'
    )


def test_nothing_is_kept_while_disconnected() -> None:
    client = RosbridgeClient('127.0.0.1', 9)
    client.publish('/stroke', {'data': 1.0})
    client._socket = object()
    assert client._next()[1] == []


def test_a_lost_connection_takes_its_messages_along() -> None:
    client = RosbridgeClient('127.0.0.1', 9)
    client._socket = object()
    client.publish('/stroke', {'data': 1.0})
    client._disconnect(websocket.WebSocket())
    assert not client.connected
    client._socket = object()
    assert client._next()[1] == []


def test_a_newer_message_replaces_an_older_one_of_its_topic() -> None:
    client = RosbridgeClient('127.0.0.1', 9)
    client._socket = object()  # connected, but no writer runs
    client.publish('/stroke', {'data': 1.0})
    client.publish('/stroke', {'data': 2.0})
    client.publish('/speed', {'x': 0.0})
    _, texts = client._next()
    assert len(texts) == 2 and '2.0' in texts[0]


def test_a_message_that_waited_too_long_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    client = RosbridgeClient('127.0.0.1', 9)
    client._socket = object()
    client.publish('/stroke', {'data': 1.0})
    late = time.monotonic_ns() + 101_000_000
    monkeypatch.setattr('hvd_ros.drivers.robot.rosbridge.time.monotonic_ns', lambda: late)
    assert client._next()[1] == []
    assert client.expired == 1


def test_close_sends_the_last_word_first(
    bridge: Bridge, clients: list[RosbridgeClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = connect(clients, bridge.twin.port)
    send = client._socket.send

    def slow(*frame: object) -> None:
        threading.Event().wait(0.05)
        send(*frame)

    monkeypatch.setattr(client._socket, 'send', slow)
    monkeypatch.setattr('hvd_ros.drivers.robot.rosbridge.EXPIRY_S', 5.0)  # expiry has its own test
    client.publish('/stroke', {'data': 1.0})
    until(lambda: client._sending and not client._outbox)
    client.publish('/stroke', {'data': 0.0})
    client.close(deadline_s=5.0)
    until(lambda: bridge.twin.clients == 0)
    assert bridge.values() == [1.0, 0.0]
    client.close()


def test_close_without_a_robot_ends_in_time() -> None:
    with socket.socket() as silent:  # accepts, never speaks websocket
        silent.bind(('127.0.0.1', 0))
        silent.listen()
        client = RosbridgeClient('127.0.0.1', silent.getsockname()[1])
        client.open()
        start = time.monotonic()
        client.close()
        assert time.monotonic() - start < 1.5
    assert not client.connected


def test_the_bridge_hanging_up_is_followed_by_a_reconnect(
    bridge: Bridge, clients: list[RosbridgeClient]
) -> None:
    client, heard = connect(clients, bridge.twin.port)
    bridge.twin.hang_up()
    until(lambda: client.connects == 2)
    until(lambda: bridge.twin.subscribers('/speed') == 1)
    bridge.twin.publish('/speed', {'x': 1.0})
    until(lambda: heard == [{'x': 1.0}])


def test_a_complaint_of_the_bridge_reaches_the_detail(
    bridge: Bridge, clients: list[RosbridgeClient]
) -> None:
    client = RosbridgeClient('127.0.0.1', bridge.twin.port)
    clients.append(client)
    client.subscribe('/speed', 'std_msgs/Float32', lambda message: None)
    client.open()
    until(lambda: 'has type geometry_msgs/Twist' in client.detail)


def test_throttle_is_the_servers(bridge: Bridge, clients: list[RosbridgeClient]) -> None:
    client = RosbridgeClient('127.0.0.1', bridge.twin.port)
    clients.append(client)
    heard: list[dict] = []
    client.subscribe('/speed', 'geometry_msgs/Twist', heard.append, throttle_ms=60_000)
    client.subscribe('/stroke', 'std_msgs/Float32', heard.append)
    client.open()
    until(lambda: bridge.twin.subscribers('/stroke') == 1)
    for i in range(5):
        bridge.twin.publish('/speed', {'x': i})
    bridge.twin.publish('/stroke', {'data': 1.0})
    until(lambda: {'data': 1.0} in heard)
    assert heard == [{'x': 0}, {'data': 1.0}]


def test_the_twin_listens_on_loopback_only() -> None:
    with pytest.raises(ConfigError, match=r'0\.0\.0\.0'):
        RosbridgeTwin(TOPICS, lambda t, m: None, host='0.0.0.0')


def test_a_taken_port_is_named(bridge: Bridge) -> None:
    with pytest.raises(DeviceError, match=str(bridge.twin.port)):
        RosbridgeTwin(TOPICS, lambda t, m: None, port=bridge.twin.port).open()


# Its reactor can be started once per process, so roslibpy gets a process of its own.
ROSLIBPY = """
import sys, threading
import roslibpy
ros = roslibpy.Ros('127.0.0.1', int(sys.argv[1]))
ros.run(timeout=10)
heard = threading.Event()
speed = roslibpy.Topic(ros, '/speed', 'geometry_msgs/Twist', throttle_rate=10, queue_length=1)
speed.subscribe(lambda m: (print('heard', m['linear']['x'], flush=True), heard.set()))
stroke = roslibpy.Topic(ros, '/stroke', 'std_msgs/Float32', latch=True)
stroke.publish(roslibpy.Message({'data': 55.0}))
assert heard.wait(10)
stroke.unadvertise()
speed.unsubscribe()
ros.terminate()
print('bye', flush=True)
"""


def test_roslibpy_understands_the_twin(bridge: Bridge) -> None:
    pytest.importorskip('roslibpy')
    peer = subprocess.Popen(
        [sys.executable, '-c', ROSLIBPY, str(bridge.twin.port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: bridge.twin.subscribers('/speed') == 1 and bridge.values() == [55.0], 15.0)
        bridge.twin.publish('/speed', {'linear': {'x': 0.5}})
        out, err = peer.communicate(timeout=15)
    finally:
        peer.kill()
    assert peer.returncode == 0, err
    assert out.split() == ['heard', '0.5', 'bye']
    until(lambda: bridge.twin.clients == 0)
