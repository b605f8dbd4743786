# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""HTTP between the desk and its page, on this machine only."""

from http import HTTPStatus
import json
from pathlib import Path
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hvd_ros.cli.labelling.desk import Desk
from hvd_ros.cli.loopback import LoopbackHandler, LoopbackServer, Refused

PAGE = Path(__file__).parent / 'page'
KINDS = {'.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript'}
_LONGEST_WISH = 1_000_000


class LabelServer(LoopbackServer):
    """Serves one desk; `author` is who the page proposes to be."""

    def __init__(self, desk: Desk, author: str, port: int = 0, host: str = '127.0.0.1') -> None:
        self.desk, self.author = desk, author
        super().__init__('the labeller', Handler, port, host)


class Handler(LoopbackHandler):
    """Answers one connection."""

    server_version = 'hvd-label'
    server: LabelServer

    def get(self) -> None:
        """Answer with the page, or with what the page asks for."""
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        desk = self.server.desk
        if url.path == '/api/episodes':
            found = {'author': self.server.author, 'episodes': desk.listing()}
            self.json(found)
        elif match := re.fullmatch(r'/api/episodes/(\d{1,6})', url.path):
            self.json(desk.view(int(match[1]), query.get('author', '')))
        elif match := re.fullmatch(
            r'/api/episodes/(\d{1,6})/frames/(\d{1,9})/(\d{1,3})', url.path
        ):
            data = desk.frames(*(int(number) for number in match.groups()))
            self.send(data, 'application/octet-stream', cache='max-age=3600, immutable')
        else:
            self._file(url.path)

    def do_PUT(self) -> None:  # noqa: N802
        """Take what an author says about an episode."""
        self.guarded(self._put)

    def _file(self, path: str) -> None:
        """Send a file of the page: by its name in a list, so that no path leads elsewhere."""
        files = {f'/{file.name}': file for file in PAGE.iterdir() if file.suffix in KINDS}
        file = files.get('/index.html' if path == '/' else path)
        if file is None:
            raise Refused(HTTPStatus.NOT_FOUND, 'not found')
        self.send(file.read_bytes(), f'{KINDS[file.suffix]}; charset=utf-8')

    def _put(self) -> None:
        match = re.fullmatch(r'/api/episodes/(\d{1,6})/labels', urlsplit(self.path).path)
        if match is None:
            raise Refused(HTTPStatus.NOT_FOUND, 'not found')
        self.json(self.server.desk.mark(int(match[1]), self._wish()))

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
