# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The thread that owns a camera: opens it, reads it, and opens it anew when it is lost.

Only new pictures leave this file. A camera that is unplugged, silent or frozen is trouble with a
reason, closed, and tried again after a growing pause for as long as the node lives.
"""

from collections.abc import Callable
from dataclasses import dataclass
import threading
import time

from hvd_ros.core.errors import DeviceError
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.drivers.cameras.camera import Camera, Shot
from hvd_ros.drivers.cameras.liveness import Liveness, blank

Say = Callable[[str], None]
BACKOFF_S = (0.5, 5.0)
_COVERED = 'the colour image is one colour all over; take off the cap, wipe the lens'
_CLOSE_S = 3.0  # longer than a camera may wait for an image


@dataclass(frozen=True)
class Picture:
    """A new shot, and the camera as it was when it took it."""

    shot: Shot
    intrinsics: Intrinsics
    number: int  # of new pictures since the node began


class Capture:
    """Holds the newest picture of one camera."""

    def __init__(
        self,
        camera: Camera,
        *,
        noisy: bool,
        frozen_s: float,
        warn: Say,
        info: Say,
        backoff_s: tuple[float, float] = BACKOFF_S,
    ) -> None:
        self._camera = camera
        self._noisy = noisy
        self._frozen_ns = round(frozen_s * 1e9)
        self._warn, self._info = warn, info
        self._backoff_s = backoff_s
        self._wake = threading.Condition()
        self._stop = threading.Event()
        self._settled = threading.Event()  # the first open() has ended, well or not
        self._newest: Picture | None = None
        self._patient = False
        self._lost_ns = 0  # steady; 0: it is there
        self._thread = threading.Thread(target=self._run, name='capture', daemon=True)
        self.trouble = 'not opened yet'
        self.covered = ''
        self.crash: Exception | None = None
        self.opened = self.pictures = self.repeated = 0

    def open(self, *, patient: bool) -> None:
        """Start; unless patient, wait for the camera and raise what keeps it from opening."""
        self._patient = patient
        self._thread.start()
        if patient:
            return
        self._settled.wait()
        if not self.opened:
            self.close()
            raise self.crash or DeviceError(self.trouble)

    def wait(self, after: int, timeout_s: float) -> Picture | None:
        """Return the newest picture once its number is above `after`; None if none comes."""
        with self._wake:
            self._wake.wait_for(lambda: self._number() > after, timeout_s)
            return self._newest if self._number() > after else None

    def close(self) -> None:
        """Give the camera back; safe to call twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)

    def _number(self) -> int:
        return self._newest.number if self._newest else 0

    def _run(self) -> None:
        pause_s = self._backoff_s[0]
        try:
            while not self._stop.is_set():
                seen = self.pictures
                try:
                    self._serve()
                except DeviceError as error:
                    self._lose(str(error))
                finally:
                    self._camera.close()
                    self._settled.set()
                pause_s = self._backoff_s[0] if self.pictures > seen else pause_s
                self._stop.wait(pause_s)
                pause_s = min(2 * pause_s, self._backoff_s[1])
        except Exception as error:
            self.crash = error
            self.trouble = f'crashed: {error!r}'
        finally:
            self._settled.set()

    def _serve(self) -> None:
        """Read the camera until it is lost."""
        self._camera.open()
        self.opened += 1
        self._settled.set()
        liveness = Liveness(noisy=self._noisy)
        new_ns = time.monotonic_ns()
        while not self._stop.is_set():
            shot = self._camera.read()
            stale = liveness.judge(shot)
            if not stale:
                new_ns = time.monotonic_ns()
                self._keep(shot)
                continue
            self.repeated += 1
            if time.monotonic_ns() - new_ns > self._frozen_ns:
                raise DeviceError(f'the camera is frozen: {stale}; plug it in again')

    def _keep(self, shot: Shot) -> None:
        self.covered = _COVERED if blank(shot) else ''
        with self._wake:
            self.pictures += 1
            self._newest = Picture(shot, self._camera.intrinsics, self.pictures)
            self._wake.notify_all()
        if self.trouble:
            self._find()

    def _lose(self, trouble: str) -> None:
        """Say it on the edge; the same trouble again is no news."""
        if not self._lost_ns:
            self._lost_ns = time.monotonic_ns()
        # Whoever waits for the first open() raises what kept it from opening.
        if trouble != self.trouble and (self.opened or self._patient):
            self._warn(f'{trouble}; trying again')
        self.trouble = trouble

    def _find(self) -> None:
        what = str(getattr(self._camera, 'about', '')) or 'the camera is there'
        if self._lost_ns and self.pictures > 1:
            away_s = (time.monotonic_ns() - self._lost_ns) / 1e9
            what = f'images again after {away_s:.1f} s: {what}'
        self._info(what)
        self.trouble, self._lost_ns = '', 0
