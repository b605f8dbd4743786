# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
HTTP between the desk and its page, on this machine only.

Binds to loopback and nothing else. A page of another site that the same browser shows can neither
read (it names another Host, or gets no permission) nor write (its Origin is another).
"""

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import ipaddress
import json
from pathlib import Path
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hvd_ros.cli.labelling.desk import Desk
from hvd_ros.core.errors import ConfigError, HvdError

PAGE = Path(__file__).parent / 'page'
KINDS = {'.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript'}
_LONGEST_WISH = 1_000_000
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


class LabelServer(ThreadingHTTPServer):
    """Serves one desk; `author` is who the page proposes to be."""

    daemon_threads = True

    def __init__(self, desk: Desk, author: str, port: int = 0, host: str = '127.0.0.1') -> None:
        if not _is_loopback(host):
            raise ConfigError(
                f'the labeller does not listen on {host}: it has no password; use 127.0.0.1, '
                'and `ssh -L` from another machine'
            )
        self.desk, self.author = desk, author
        try:
            super().__init__((host, port), Handler)
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


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = 'HTTP/1.1'
    server_version = 'hvd-label'
    sys_version = ''
    timeout = 120
    # Head and body are two writes: without this the second waits for an acknowledgement.
    disable_nagle_algorithm = True
    server: LabelServer

    def do_GET(self) -> None:  # noqa: N802  (named by http.server)
        """Answer with the page, or with what the page asks for."""
        self._guarded(self._get)

    def do_PUT(self) -> None:  # noqa: N802
        """Take what an author says about an episode."""
        self._guarded(self._put)

    def _get(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        desk = self.server.desk
        if url.path == '/api/episodes':
            found = {'author': self.server.author, 'episodes': desk.listing()}
            self._json(found)
        elif match := re.fullmatch(r'/api/episodes/(\d{1,6})', url.path):
            self._json(desk.view(int(match[1]), query.get('author', '')))
        elif match := re.fullmatch(
            r'/api/episodes/(\d{1,6})/frames/(\d{1,9})/(\d{1,3})', url.path
        ):
            data = desk.frames(*(int(number) for number in match.groups()))
            self._send(data, 'application/octet-stream', cache='max-age=3600, immutable')
        else:
            self._file(url.path)

    def _file(self, path: str) -> None:
        """Send a file of the page: by its name in a list, so that no path leads elsewhere."""
        files = {f'/{file.name}': file for file in PAGE.iterdir() if file.suffix in KINDS}
        file = files.get('/index.html' if path == '/' else path)
        if file is None:
            raise Refused(HTTPStatus.NOT_FOUND, 'not found')
        self._send(file.read_bytes(), f'{KINDS[file.suffix]}; charset=utf-8')

    def _put(self) -> None:
        match = re.fullmatch(r'/api/episodes/(\d{1,6})/labels', urlsplit(self.path).path)
        if match is None:
            raise Refused(HTTPStatus.NOT_FOUND, 'not found')
        self._json(self.server.desk.mark(int(match[1]), self._wish()))

    def _wish(self) -> dict[str, Any]:
        length = self.headers.get('Content-Length', '')
        if not length.isdecimal() or int(length) > _LONGEST_WISH:
            self.close_connection = True
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, 'no length, or too long')
        text = self.rfile.read(int(length))
        if self.headers.get_content_type() != 'application/json':
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, 'application/json only')
        try:
            wish = json.loads(text)
        except ValueError:
            raise Refused(HTTPStatus.BAD_REQUEST, 'not JSON') from None
        if not isinstance(wish, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, 'not a mapping')
        return wish

    def _guarded(self, answer: Callable[[], None]) -> None:
        try:
            self._check_caller()
            answer()
        except Refused as refused:
            self._text(refused.status, str(refused))
        except HvdError as error:
            self._text(HTTPStatus.CONFLICT, str(error))
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

    def _json(self, data: Any) -> None:
        self._send(json.dumps(data).encode(), 'application/json')

    def _text(self, status: HTTPStatus, text: str) -> None:
        self._send(text.encode(), 'text/plain; charset=utf-8', status=status)

    def _send(
        self,
        data: bytes,
        kind: str,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        cache: str = 'no-store',
    ) -> None:
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
