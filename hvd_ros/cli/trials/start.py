# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The start of a trial: everything lies as it lay when this placement was tried first.

The first trial of a placement keeps the picture of the head camera, later ones are laid out by it.
"""

from pathlib import Path
import time

from sensor_msgs.msg import CompressedImage

from hvd_ros.cli.ros_session import Session
from hvd_ros.cli.trials.keys import Keys
from hvd_ros.cli.trials.page import OverlayPage
from hvd_ros.core.trials.overlay import overlay
from hvd_ros.core.trials.sheet import CONFIRM
from hvd_ros.nodes.shell import qos

_TURN_S = 0.05
_TOPIC = 'camera/head/color/image_raw/compressed'
_OLDEST_S = 2.0  # a picture from before somebody moved something is none


class StartPicture:
    """What the head camera sees, and the picture that it is compared with."""

    def __init__(self, session: Session, reference: Path) -> None:
        self._session, self._path = session, reference
        self._reference = reference.read_bytes() if reference.exists() else b''
        self._newest, self._heard_s = b'', 0.0
        node = session.node
        self._ears = node.create_subscription(CompressedImage, _TOPIC, self._hear, qos.SENSOR)

    def lay_out(self) -> None:
        """Show both pictures until somebody presses Enter; keep the first one of a placement."""
        with OverlayPage(self.now) as page, Keys() as keys:
            what = 'half and half with its first start' if self._reference else 'now'
            print(f'lay out the scene; what the head camera sees {what}: '
                  f'http://127.0.0.1:{page.port}/\nEnter when it lies', flush=True)  # fmt: skip
            while not (keys.take() == CONFIRM and self._settled()):
                self._session.spin(_TURN_S)
        self._session.node.destroy_subscription(self._ears)

    def now(self) -> bytes:
        """Return the picture of now, over the reference where there is one."""
        newest = self._fresh()
        return overlay(self._reference, newest) if self._reference and newest else newest

    def _settled(self) -> bool:
        """Whether the trial may begin; keeps the picture if it is the first."""
        picture = self._fresh()
        if not picture:
            print('no picture of the head camera in the last 2 s; look at its node, then Enter')
            return False
        if not self._reference:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_bytes(picture)
        return True

    def _fresh(self) -> bytes:
        return self._newest if time.monotonic() - self._heard_s < _OLDEST_S else b''

    def _hear(self, message: CompressedImage) -> None:
        self._newest, self._heard_s = bytes(message.data), time.monotonic()
