# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A page that shows the head camera over the picture of the first start, twice a second."""

from collections.abc import Callable
from http import HTTPStatus
import threading
from types import TracebackType
from urllib.parse import urlsplit

from hvd_ros.cli.loopback import LoopbackHandler, LoopbackServer, Refused

Picture = Callable[[], bytes]  # the JPEG of now; empty while there is none

_PAGE = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>start of the trial</title></head>
<body><p>The start of the first trial here and what the head camera sees now, half and half.
Lay everything out so that nothing is seen twice; then press Enter in the terminal.</p>
<img id="overlay" width="960" alt="both pictures, half and half"><p id="said"></p>
<script src="overlay.js"></script></body></html>
"""
_SCRIPT = b"""const image = document.getElementById('overlay');
const said = document.getElementById('said');
async function show() {
  try {
    const answer = await fetch('overlay.jpg');
    if (answer.ok) {
      const fresh = await answer.blob(), reader = new FileReader();
      reader.onload = () => { image.src = reader.result; };
      reader.readAsDataURL(fresh);
    }
    said.textContent = answer.ok ? '' : await answer.text();
  } catch { said.textContent = 'over: the terminal goes on'; }
  setTimeout(show, 500);
}
show();
"""
_FILES = {
    '/': (_PAGE, 'text/html; charset=utf-8'),
    '/overlay.js': (_SCRIPT, 'text/javascript; charset=utf-8'),
}


class OverlayPage(LoopbackServer):
    """Serves the page from a thread for as long as a `with` block lasts."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        super().__init__('the page of the start', _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> 'OverlayPage':
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(LoopbackHandler):
    server_version = 'hvd-trial'
    server: OverlayPage

    def get(self) -> None:
        path = urlsplit(self.path).path
        if path in _FILES:
            self.send(*_FILES[path])
        elif path == '/overlay.jpg':
            picture = self.server.picture()
            if not picture:
                raise Refused(HTTPStatus.NOT_FOUND, 'no picture of the head camera so far')
            self.send(picture, 'image/jpeg')
        else:
            raise Refused(HTTPStatus.NOT_FOUND, 'not found')
