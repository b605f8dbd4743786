# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A policy for another computer: a websocket that answers observations with chunks.

One client at a time, since a policy remembers its episode. A question is answered in the thread of
its connection while another one answers pings, so that a slow policy does not look dead. On
loopback unless a token guards it; a browser's page is never let in.
"""

from collections.abc import Callable
from contextlib import suppress
import hmac
from http import HTTPStatus
import ipaddress
import logging
import socket
import struct
import threading
import time
from typing import Any

from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.errors import ConfigError, ContractMismatch, HvdError
from hvd_ros.core.policy.bundle import observed_names
from hvd_ros.core.policy.policy import Policy, checked_chunk
from hvd_ros.core.robot.body import Body
from hvd_ros.runtime import protocol
from hvd_ros.runtime.protocol import Message

IDLE_S = 300.0  # a client that asks nothing for so long has left its place
SEND_S, CLOSE_S, PING_S = 2.0, 1.0, 5.0
_HEALTH = '/healthz'


class PolicyServer:
    """Serves one policy until it is closed."""

    def __init__(
        self,
        policy: Policy,
        body: Body,
        host: str = '127.0.0.1',
        port: int = protocol.PORT,
        token: str = '',
        tell: Callable[[str], object] = print,
    ) -> None:
        """Listen; raises ConfigError for a host that needs a token, or a port that is taken."""
        from websockets.sync.server import serve

        check_host(host, token)
        self._policy, self._body, self._token, self._tell = policy, body, token, tell
        self._state_size = len(observed_names(body))
        self._seat = threading.Lock()
        self._seated: Any = None
        logging.getLogger('websockets.server').setLevel(logging.CRITICAL)
        try:
            self._server = serve(
                self._serve, host, port, compression=None, max_size=protocol.LARGEST,
                process_request=self._admit, origins=[None], open_timeout=CLOSE_S,
                ping_interval=PING_S, ping_timeout=PING_S, close_timeout=CLOSE_S,
            )  # fmt: skip
        except OSError as error:
            raise ConfigError(
                f'port {port} on {host} can not be used ({error.strerror or error}); use --port'
            ) from None
        self.host, self.port = host, int(self._server.socket.getsockname()[1])

    def run(self) -> None:
        """Answer until close() is called."""
        self._server.serve_forever()

    def close(self) -> None:
        """Let the client go and stop; safe to call twice."""
        seated = self._seated
        if seated is not None:
            seated.close(1001, 'the server ends')
        self._server.shutdown()

    def _admit(self, connection: Any, request: Any) -> Any:
        """Answer what is no websocket, and who has no token."""
        if request.path == _HEALTH:
            return connection.respond(HTTPStatus.OK, 'OK\n')
        given = request.headers.get('Authorization', '')
        if self._token and not hmac.compare_digest(
            given.encode(), f'Api-Key {self._token}'.encode()
        ):
            return connection.respond(
                HTTPStatus.UNAUTHORIZED, f'a token is needed: set {protocol.TOKEN}\n'
            )
        return None

    def _serve(self, connection: Any) -> None:
        """Serve one client; runs in a thread of its own."""
        from websockets.exceptions import ConnectionClosed

        bound_sending(connection.socket, SEND_S)
        if not self._seat.acquire(blocking=False):
            connection.close(1013, f"'{self._policy.name}' serves another client; one at a time")
            return
        peer = _peer(connection)
        try:
            self._seated = connection
            self._tell(f'client {peer} asks')
            connection.send(protocol.pack(self._metadata()))
            self._answers(connection)
        except (ConnectionClosed, TimeoutError, OSError):
            pass  # said below
        finally:
            self._seated = None
            self._seat.release()
            connection.close()
            self._tell(f'client {peer} is gone')

    def _answers(self, connection: Any) -> None:
        episode = _Episode(self._policy, self._body, self._state_size)
        while True:
            data = connection.recv(timeout=IDLE_S)
            try:
                if isinstance(data, str):
                    raise ContractMismatch('a question is binary, this is text')
                connection.send(protocol.pack(episode.answer(protocol.unpack(data))))
            except HvdError as error:
                self._refuse(connection, str(error))
            except Exception as error:
                if isinstance(error, _lost()):
                    raise
                # A policy is somebody else's code; its client is told, and may ask again.
                self._refuse(connection, f'{type(error).__name__}: {error}')

    def _refuse(self, connection: Any, text: str) -> None:
        self._tell(f'refused: {text}')
        connection.send(' '.join(text.split()))

    def _metadata(self) -> Message:
        policy, body = self._policy, self._body
        return {
            'hvd_protocol': protocol.VERSION,
            'name': policy.name,
            'bundle_id': str(getattr(policy, 'bundle_id', '')),
            'robot': body.name,
            'layout_id': hex_id(body.layout_id),
            'dimensions': list(body.names),
            'state_names': list(observed_names(body)),
            'needs': sorted(str(need) for need in policy.needs),
            'cameras': list(getattr(policy, 'cameras', ())),
            'prompts': list(getattr(policy, 'prompts', ())),
            'execute': int(policy.execute),
        }


class _Episode:
    """What one client asked so far."""

    def __init__(self, policy: Policy, body: Body, state_size: int) -> None:
        self._policy, self._body, self._state_size = policy, body, state_size
        self._prompt: str | None = None  # of an episode that began by itself
        self._told = False  # whether the client begins its episodes
        self._total_ms: float | None = None

    def answer(self, message: Message) -> Message:
        """Reset, or act; a client that never resets begins an episode with its first prompt."""
        began = time.perf_counter()
        if protocol.RESET in message:
            self._reset(message[protocol.RESET])
            return {protocol.RESET: True}
        observation = protocol.seen(message, self._state_size)
        if not self._told and observation.prompt != self._prompt:
            self._begin(0, observation.prompt)
        since = time.perf_counter()
        chunk = checked_chunk(self._policy, self._policy.act(observation), self._body)
        took_ms = (time.perf_counter() - since) * 1e3
        server = {'infer_ms': took_ms}
        if self._total_ms is not None:
            server['prev_total_ms'] = self._total_ms
        self._total_ms = (time.perf_counter() - began) * 1e3
        return {
            protocol.ACTIONS: chunk,
            'policy_timing': {'infer_ms': took_ms},
            'server_timing': server,
        }

    def _reset(self, how: Any) -> None:
        if not isinstance(how, dict) or not isinstance(how.get('prompt'), str):
            raise ContractMismatch("'reset' is a map with a seed and a prompt")
        seed = how.get('seed', 0)
        if type(seed) is not int or seed < 0:
            raise ContractMismatch(f'seed {seed!r}: a whole number of 0 or more')
        self._begin(seed, how['prompt'])
        self._told = True

    def _begin(self, seed: int, prompt: str) -> None:
        self._told, self._prompt = False, None
        self._policy.reset(seed, prompt)
        self._prompt = prompt


def check_host(host: str, token: str) -> None:
    """Raise ConfigError unless a host is this machine or a token guards it."""
    try:
        loopback = host == 'localhost' or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback and not token:
        raise ConfigError(
            f'--host {host} can be reached from elsewhere and needs a token: set {protocol.TOKEN} '
            'here and where the policy is asked, or stay on 127.0.0.1 and use `ssh -L`'
        )


def bound_sending(link: socket.socket, seconds: float) -> None:
    """Let no send wait for longer: a peer that stops reading must not hold us."""
    whole = int(seconds)
    value = struct.pack('ll', whole, round((seconds - whole) * 1e6))
    with suppress(OSError):  # hung up already: what is sent fails by itself
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, value)


def _lost() -> tuple[type[Exception], ...]:
    from websockets.exceptions import ConnectionClosed

    return (ConnectionClosed, OSError)


def _peer(connection: Any) -> str:
    try:
        host, port, *_ = connection.remote_address
    except (OSError, ValueError, TypeError):
        return 'that hung up'
    return f'{host}:{port}'
