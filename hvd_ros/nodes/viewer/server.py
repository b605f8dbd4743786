# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The web server of the page: viser, held to this machine.

viser listens on every interface, moves to another port when one is taken, and offers to publish
the page through a relay on the internet. None of that may happen here.
"""

from contextlib import redirect_stdout
import errno
from io import StringIO
import logging
import socket
from typing import Any

import viser

from hvd_ros.core.errors import ConfigError

HOST = '127.0.0.1'


class LoopbackServer(viser.ViserServer):
    """A viser server on 127.0.0.1 and on the port that was asked for, or not at all."""

    def __init__(self, port: int) -> None:
        _must_be_free(port)
        # Whoever knocks without speaking HTTP would leave a traceback in our log each time.
        logging.getLogger('websockets.server').setLevel(logging.CRITICAL)
        with redirect_stdout(StringIO()):  # viser's banner; the node says where the page is
            super().__init__(host=HOST, port=port, label='hvd_ros', verbose=False)
        if port not in (0, self.get_port()):
            self.stop()
            raise _taken(port)

    def stop(self) -> None:
        """Stop serving; may be called twice."""
        with redirect_stdout(StringIO()):
            super().stop()

    def request_share_url(self, verbose: bool = True) -> Any:
        """Refuse: any browser could ask for it, and then the page would be on the internet."""
        return None


def _must_be_free(port: int) -> None:
    # viser counts upwards from a taken port, and hangs when it arrives at 65536.
    with socket.socket() as probe:
        # As the server does, so that connections of the last run in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EACCES:
                raise ConfigError(
                    f'viewer: port {port} needs root; valid: 1024 to 65535, or 0 for any free one'
                ) from None
            raise _taken(port) from None


def _taken(port: int) -> ConfigError:
    return ConfigError(
        f'viewer: port {port} on {HOST} is taken, perhaps by another viewer; '
        'stop that one, or choose another: -p port:=8081, or port:=0 for any free one'
    )
