# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A small rosbridge v2 server on loopback, for a twin that a ROS 1 client can talk to.

It knows the operations that a client needs (advertise, publish, subscribe with throttling,
unsubscribe, unadvertise) and answers mistakes with a `status` message, as the real one does. It
can also misbehave on demand: hang up, or stay connected and never say a word again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
import json
import math
import threading
import time
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from hvd_ros.core.errors import ConfigError, DeviceError

Message = dict[str, Any]
LOOPBACK = ('127.0.0.1', '::1', 'localhost')
START_TIMEOUT_S = 5.0


@dataclass(eq=False)
class _Peer:
    connection: ServerConnection
    advertised: dict[str, str] = field(default_factory=dict)
    throttle_s: dict[str, float] = field(default_factory=dict)  # of each subscription
    sent_at: dict[str, float] = field(default_factory=dict)


class RosbridgeTwin:
    """A rosbridge server in its own thread; publishes of clients arrive through on_publish."""

    def __init__(
        self,
        topics: dict[str, str],
        on_publish: Callable[[str, Message], None],
        host: str = '127.0.0.1',
        port: int = 0,
    ) -> None:
        if host not in LOOPBACK:
            raise ConfigError(
                f"rosbridge twin: host '{host}' is not this machine; valid: {', '.join(LOOPBACK)}"
            )
        self._topics = topics  # topic -> ROS 1 type
        self._on_publish = on_publish
        self._host, self.port = host, port
        self._peers: set[_Peer] = set()
        self._mute = False
        self._loop = asyncio.new_event_loop()
        self._server: Server | None = None
        self._started = threading.Event()
        self._failure = ''
        self._thread = threading.Thread(target=self._run, name='rosbridge_twin', daemon=True)

    def open(self) -> None:
        """Listen, or raise DeviceError naming the port."""
        self._thread.start()
        if not self._started.wait(START_TIMEOUT_S) or self._failure:
            raise DeviceError(
                f'rosbridge twin: can not listen on {self._host}:{self.port}: {self._failure}; '
                'choose another port (0 finds a free one)'
            )

    def publish(self, topic: str, message: Message) -> None:
        """Give a message to every subscriber whose throttle allows it."""
        self._loop.call_soon_threadsafe(self._fan_out, topic, message, time.monotonic())

    def subscribers(self, topic: str) -> int:
        """Return how many clients listen to a topic."""
        return sum(topic in peer.throttle_s for peer in tuple(self._peers))

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._peers)

    def hang_up(self) -> None:
        """Cut every connection without a closing handshake."""
        self._loop.call_soon_threadsafe(self._cut)

    def mute(self, quiet: bool) -> None:
        """Stay connected but neither read, answer pings nor write: a half-open connection."""
        self._loop.call_soon_threadsafe(self._set_mute, quiet)

    def close(self) -> None:
        """Stop listening; may be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop)
            self._thread.join(timeout=START_TIMEOUT_S)

    # Everything below runs in the server's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._server = self._loop.run_until_complete(self._listen())
        except OSError as error:
            self._failure = error.strerror or str(error)
            self._started.set()
            return
        self._started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._shut())
        self._loop.close()

    async def _listen(self) -> Server:
        server = await serve(
            self._serve,
            self._host,
            self.port,
            compression=None,
            ping_interval=None,
            process_request=self._keep_waiting,
        )
        self.port = next(iter(server.sockets)).getsockname()[1]
        return server

    async def _keep_waiting(self, *_: object) -> None:
        # Behind a cut cable nobody answers a new connection either.
        while self._mute:
            await asyncio.sleep(0.02)

    async def _shut(self) -> None:
        if self._server is not None:
            self._set_mute(False)
            self._server.close()
            await self._server.wait_closed()

    def _stop(self) -> None:
        self._loop.stop()

    async def _serve(self, connection: ServerConnection) -> None:
        peer = _Peer(connection)
        self._peers.add(peer)
        try:
            async for text in connection:
                self._handle(peer, text)
        except ConnectionClosed:
            pass
        finally:
            self._peers.discard(peer)

    def _handle(self, peer: _Peer, text: str | bytes) -> None:
        try:
            request = json.loads(text)
            operation, topic = request['op'], request.get('topic', '')
        except (ValueError, KeyError, AttributeError, TypeError):
            return self._complain(peer, 'not a rosbridge message')
        if operation not in ('advertise', 'unadvertise', 'subscribe', 'unsubscribe', 'publish'):
            return self._complain(peer, f'Unknown operation: {operation}')
        if topic not in self._topics:
            return self._complain(peer, f'{operation}: topic {topic} is not known here')
        kind = request.get('type', self._topics[topic])
        if kind != self._topics[topic]:
            return self._complain(peer, f'{topic} has type {self._topics[topic]}, not {kind}')
        if operation == 'advertise':
            peer.advertised[topic] = kind
        elif operation == 'unadvertise':
            peer.advertised.pop(topic, None)
        elif operation == 'subscribe':
            peer.throttle_s[topic] = float(request.get('throttle_rate', 0)) / 1000.0
        elif operation == 'unsubscribe':
            peer.throttle_s.pop(topic, None)
        else:
            self._on_publish(topic, request.get('msg', {}))
            # A topic has no owner: every subscriber hears it, whoever published it.
            self._fan_out(topic, request.get('msg', {}), time.monotonic())
        return None

    def _fan_out(self, topic: str, message: Message, now: float) -> None:
        text = ''
        for peer in tuple(self._peers):
            throttle_s = peer.throttle_s.get(topic)
            if throttle_s is None or now - peer.sent_at.get(topic, 0.0) < throttle_s:
                continue
            peer.sent_at[topic] = now
            text = text or json.dumps(
                {'op': 'publish', 'topic': topic, 'msg': _json_able(message)}
            )
            self._write(peer, text)

    def _complain(self, peer: _Peer, text: str) -> None:
        self._write(peer, json.dumps({'op': 'status', 'level': 'error', 'msg': text}))

    def _write(self, peer: _Peer, text: str) -> None:
        # A slow reader loses messages rather than growing a queue (queue_length 1).
        transport = peer.connection.transport
        if self._mute or transport.is_closing() or transport.get_write_buffer_size() > 65536:
            return
        peer.connection.protocol.send_text(text.encode())
        for data in peer.connection.protocol.data_to_send():
            transport.write(data)

    def _cut(self) -> None:
        for peer in tuple(self._peers):
            peer.connection.transport.abort()

    def _set_mute(self, quiet: bool) -> None:
        self._mute = quiet
        for peer in tuple(self._peers):
            transport = peer.connection.transport
            if not transport.is_closing():
                transport.pause_reading() if quiet else transport.resume_reading()


def _json_able(value: Any) -> Any:
    """Return the value as rosbridge writes it: NaN and infinity become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _json_able(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_able(item) for item in value]
    return value
