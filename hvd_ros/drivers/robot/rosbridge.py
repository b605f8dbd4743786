# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A rosbridge v2 client that never sends anything old.

Why not roslibpy: while disconnected it keeps every publish and sends all of them on the next
connect, its send queue has no bound, a half-open socket is noticed only by TCP (minutes), and its
Twisted reactor can be started once per process. A robot's chassis repeats its last target for
ever, so here a message waits in a one-deep slot per topic, expires after 100 ms, and a connection
that was silent for 0.7 s is reset, which also discards what the kernel still held for it.
"""

from collections.abc import Callable
from dataclasses import dataclass
import json
import socket
import struct
import threading
import time
from typing import Any

import websocket

from hvd_ros.core.errors import CommandRejected

CONNECT_TIMEOUT_S = 2.0
IO_TIMEOUT_S = 0.1
PING_PERIOD_S = 0.25
SILENCE_S = 0.7  # a live bridge answers pings; less than the second in which we promise to notice
EXPIRY_S = 0.1  # as old as a command may be
BACKOFF_S = (0.1, 2.0)
SEND_BUFFER_BYTES = 16384  # what a dead link can hold back

Message = dict[str, Any]


@dataclass(frozen=True)
class _Subscription:
    kind: str
    throttle_ms: int
    callback: Callable[[Message], None]


class RosbridgeClient:
    """
    One connection with two threads: the reader also connects, the writer also pings.

    Callbacks run in the reader thread and must only store. `greeting` messages go out first on
    every connect, before any publish.
    """

    def __init__(self, host: str, port: int) -> None:
        self.url = f'ws://{host}:{port}'
        self._advertised: dict[str, tuple[str, bool]] = {}
        self._subscribed: dict[str, _Subscription] = {}
        self._greeting: list[str] = []
        self._outbox: dict[str, tuple[int, str]] = {}  # topic -> (put at, JSON)
        self._wake = threading.Condition()
        self._sending = False
        self._broken = False  # the writer met an error; the reader resets the connection
        self._closing = threading.Event()
        self._socket: websocket.WebSocket | None = None
        self._heard_ns = 0
        self._threads: list[threading.Thread] = []
        self.connects = 0
        self.expired = 0
        self.detail = 'never connected'

    @property
    def connected(self) -> bool:
        """Whether the bridge is there and answers."""
        return self._socket is not None

    def advertise(self, topic: str, kind: str, *, latch: bool = False) -> None:
        """Announce a topic before open(); repeated on every connect."""
        self._advertised[topic] = (kind, latch)

    def subscribe(
        self, topic: str, kind: str, callback: Callable[[Message], None], *, throttle_ms: int = 0
    ) -> None:
        """Ask for a topic before open(); repeated on every connect."""
        self._subscribed[topic] = _Subscription(kind, throttle_ms, callback)

    def greet(self, topic: str, message: Message) -> None:
        """Have a message sent first on every connect."""
        self._greeting.append(_publish(topic, message))

    def open(self) -> None:
        """Start connecting in the background."""
        for work in (self._read_forever, self._write_forever):
            thread = threading.Thread(target=work, name=f'rosbridge{work.__name__}', daemon=True)
            thread.start()
            self._threads.append(thread)

    def publish(self, topic: str, message: Message) -> None:
        """Send as soon as the socket takes it; a newer message of the topic replaces it."""
        text = _publish(topic, message)
        with self._wake:
            if self._socket is not None:
                self._outbox[topic] = (time.monotonic_ns(), text)
                self._wake.notify_all()

    def close(self, deadline_s: float = 0.5) -> None:
        """Send what was just published, then disconnect; may be called twice."""
        with self._wake:
            self._wake.wait_for(self._flushed, deadline_s)
            self._closing.set()
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(timeout=deadline_s)
        self._threads.clear()

    def _flushed(self) -> bool:
        return self._socket is None or not (self._outbox or self._sending)

    # Reader thread: connect, receive, notice silence

    def _read_forever(self) -> None:
        backoff_s = BACKOFF_S[0]
        while not self._closing.is_set():
            try:
                link = self._connect()
            except (OSError, websocket.WebSocketException) as error:
                self.detail = f'{self.url}: {_one_line(error)}; is rosbridge running there?'
                self._closing.wait(backoff_s)
                backoff_s = min(2 * backoff_s, BACKOFF_S[1])
                continue
            backoff_s = BACKOFF_S[0]
            try:
                self._receive(link)
            except (OSError, websocket.WebSocketException) as error:
                self.detail = f'{self.url}: {_one_line(error)}'
            self._disconnect(link)

    def _connect(self) -> websocket.WebSocket:
        link = websocket.create_connection(
            self.url,
            timeout=CONNECT_TIMEOUT_S,
            skip_utf8_validation=True,  # json checks it again, in C
            http_no_proxy=['*'],  # the robot is a neighbour, never behind a proxy
            sockopt=(
                (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
                (socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES),
            ),
        )
        link.settimeout(IO_TIMEOUT_S)
        try:
            for text in self._opening():
                link.send(text)
        except (OSError, websocket.WebSocketException):
            _reset(link)
            raise
        with self._wake:
            self._heard_ns = time.monotonic_ns()
            self._broken = False
            self.connects += 1
            self.detail = ''
            self._socket = link
        return link

    def _opening(self) -> list[str]:
        lines = [
            json.dumps({'op': 'advertise', 'topic': topic, 'type': kind, 'latch': latch})
            for topic, (kind, latch) in self._advertised.items()
        ]
        lines += self._greeting
        for topic, wanted in self._subscribed.items():
            request = {'op': 'subscribe', 'topic': topic, 'type': wanted.kind}
            limits = {'throttle_rate': wanted.throttle_ms, 'queue_length': 1}
            lines.append(json.dumps(request | limits))
        return lines

    def _receive(self, link: websocket.WebSocket) -> None:
        while not (self._closing.is_set() or self._broken):
            try:
                opcode, frame = link.recv_data_frame(control_frame=True)
            except websocket.WebSocketTimeoutException:
                self._check_silence()
                continue
            self._heard_ns = time.monotonic_ns()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                raise websocket.WebSocketConnectionClosedException('the robot closed the link')
            if opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY):
                self._dispatch(frame.data)

    def _check_silence(self) -> None:
        silent_s = (time.monotonic_ns() - self._heard_ns) / 1e9
        if silent_s > SILENCE_S:
            raise websocket.WebSocketConnectionClosedException(
                f'no answer for {silent_s:.1f} s (half-open connection)'
            )

    def _dispatch(self, data: bytes) -> None:
        try:
            message = json.loads(data)
            op = message.get('op')
        except (ValueError, AttributeError):
            self.detail = f'{self.url}: sent something that is not a rosbridge message'
            return
        if op == 'publish':
            wanted = self._subscribed.get(message.get('topic'))
            if wanted is not None and isinstance(message.get('msg'), dict):
                wanted.callback(message['msg'])
        elif op == 'status' and message.get('level') in ('error', 'warning'):
            self.detail = f'{self.url}: {message.get("msg")}'

    def _disconnect(self, link: websocket.WebSocket) -> None:
        with self._wake:
            self._socket = None
            self._outbox.clear()
            self._wake.notify_all()
        if self._closing.is_set():
            _farewell(link, self._advertised, self._subscribed)
        else:
            _reset(link)

    # Writer thread: publish, ping

    def _write_forever(self) -> None:
        pinged_ns = 0
        while not self._closing.is_set():
            link, texts = self._next()
            if link is None:
                continue
            try:
                for text in texts:
                    link.send(text)
                if time.monotonic_ns() - pinged_ns > PING_PERIOD_S * 1e9:
                    pinged_ns = time.monotonic_ns()
                    link.ping()
            except (OSError, websocket.WebSocketException, AttributeError) as error:
                self._give_up(link, error)
                self._closing.wait(IO_TIMEOUT_S)
            with self._wake:
                self._sending = False
                self._wake.notify_all()

    def _give_up(self, link: websocket.WebSocket, error: Exception) -> None:
        with self._wake:
            if self._socket is not link:
                return  # the reader left it first and has said why
            # A frame may be half out: this connection is of no use any more.
            self.detail = f'{self.url}: {_one_line(error)}'
            self._broken = True

    def _next(self) -> tuple[websocket.WebSocket | None, list[str]]:
        with self._wake:
            self._wake.wait_for(lambda: bool(self._outbox), IO_TIMEOUT_S)
            oldest_ns = time.monotonic_ns() - int(EXPIRY_S * 1e9)
            texts = [text for put_ns, text in self._outbox.values() if put_ns >= oldest_ns]
            self.expired += len(self._outbox) - len(texts)
            self._outbox.clear()
            self._sending = self._socket is not None
            return self._socket, texts


def _publish(topic: str, message: Message) -> str:
    try:
        return json.dumps({'op': 'publish', 'topic': topic, 'msg': message}, allow_nan=False)
    except ValueError as error:
        raise CommandRejected(f'non_finite: {topic}: {error}; nothing was sent') from None


def _farewell(link: websocket.WebSocket, advertised: Any, subscribed: Any) -> None:
    try:
        for topic in subscribed:
            link.send(json.dumps({'op': 'unsubscribe', 'topic': topic}))
        for topic in advertised:
            link.send(json.dumps({'op': 'unadvertise', 'topic': topic}))
        link.close(timeout=0.3)
    except (OSError, websocket.WebSocketException):
        _reset(link)


def _reset(link: websocket.WebSocket) -> None:
    # Linger zero: the kernel drops unsent bytes instead of delivering old commands later.
    try:
        if link.sock is not None:
            link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        link.shutdown()
    except OSError:
        pass


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__
