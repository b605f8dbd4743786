# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Pages for a browser on this machine only.

Binds to loopback and nothing else. A page of another site that the same browser shows can neither
read (it names another Host, or gets no permission) nor write (its Origin is another).
"""

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import ipaddress
import json
from typing import Any

from hvd_ros.core.errors import ConfigError, HvdError

_HEADERS = {
    # Nothing from elsewhere: the page works without a network.
    'Content-Security-Policy': (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
}


class Refused(Exception):
    """A request that is answered with a status and a line of text."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class LoopbackServer(ThreadingHTTPServer):
    """Listens on this machine; `what` is how an error calls it."""

    daemon_threads = True

    def __init__(
        self,
        what: str,
        handler: 'type[LoopbackHandler]',
        port: int = 0,
        host: str = '127.0.0.1',
    ) -> None:
        if not _is_loopback(host):
            raise ConfigError(
                f'{what} does not listen on {host}: it has no password; use 127.0.0.1, '
                'and `ssh -L` from another machine'
            )
        try:
            super().__init__((host, port), handler)
        except OSError as error:
            raise ConfigError(
                f'port {port} on {host} can not be used ({error.strerror}); use --port'
            ) from None

    @property
    def port(self) -> int:
        """Return the port that was taken."""
        return int(self.server_address[1])

    @property
    def hosts(self) -> set[str]:
        """Return the names under which a browser of this machine may call us."""
        return {f'{name}:{self.port}' for name in ('127.0.0.1', 'localhost')}


class LoopbackHandler(BaseHTTPRequestHandler):
    """Answers one connection; get() of a child says with what."""

    protocol_version = 'HTTP/1.1'
    sys_version = ''
    timeout = 120
    # Head and body are two writes: without this the second waits for an acknowledgement.
    disable_nagle_algorithm = True
    server: LoopbackServer

    def do_GET(self) -> None:  # noqa: N802  (named by http.server)
        """Answer whoever may ask."""
        self.guarded(self.get)

    def get(self) -> None:
        """Answer a GET; raises Refused or HvdError."""
        raise Refused(HTTPStatus.NOT_FOUND, 'not found')

    def guarded(self, answer: Callable[[], None]) -> None:
        """Answer unless a page of another site asks; an error becomes its line of text."""
        try:
            self._check_caller()
            answer()
        except Refused as refused:
            self.text(refused.status, str(refused))
        except HvdError as error:
            self.text(HTTPStatus.CONFLICT, str(error))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the page went on to another frame

    def _check_caller(self) -> None:
        if self.headers.get('Host', '') not in self.server.hosts:
            # Another name for 127.0.0.1 is how a site elsewhere would get behind our back.
            self.close_connection = True
            raise Refused(HTTPStatus.FORBIDDEN, 'not under this host name')
        origin = self.headers.get('Origin')
        if origin is not None and origin not in {f'http://{host}' for host in self.server.hosts}:
            self.close_connection = True
            raise Refused(HTTPStatus.FORBIDDEN, 'not from another site')

    def json(self, data: Any) -> None:
        """Send plain values."""
        self.send(json.dumps(data).encode(), 'application/json')

    def text(self, status: HTTPStatus, text: str) -> None:
        """Send a line of text with a status."""
        self.send(text.encode(), 'text/plain; charset=utf-8', status=status)

    def send(
        self,
        data: bytes,
        kind: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        cache: str = 'no-store',
    ) -> None:
        """Send content of a kind."""
        self.send_response(status)
        headers = {'Content-Type': kind, 'Content-Length': str(len(data)), 'Cache-Control': cache}
        for name, value in (headers | _HEADERS).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing of each request."""


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False
