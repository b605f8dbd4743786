# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The devices of one leader: arms and two Joy-Cons, real or twin, by the name that was chosen.

A real device that is missing ends the node at once. A twin may still be starting beside us, so it
is waited for; nothing falls back from one to the other.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
import time
from typing import get_args

from hvd_ros.core.config import param
from hvd_ros.core.errors import DeviceError
from hvd_ros.core.leader.calibration import JoyloCalibration, nominal_calibration
from hvd_ros.core.leader.calibration_file import load_calibration
from hvd_ros.core.leader.tick import Pad
from hvd_ros.drivers.joycon.pad import JoyCon, JoyConConfig
from hvd_ros.drivers.joycon.report import Side
from hvd_ros.drivers.joycon.transport import HidApiTransport, HidTransport, SocketTransport
from hvd_ros.drivers.joylo.arms import JoyloArms, JoyloArmsConfig, LeaderSample
from hvd_ros.drivers.joylo.reader import LeaderReader
from hvd_ros.drivers.sim_devices import BUS, twin_dir

_TWIN_MARGIN_S = 0.06
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True)
class LeaderDevicesConfig(JoyloArmsConfig):
    """Which devices, and when they count as lost."""

    hardware: str = param('sim', 'Real devices or their twins.', choices=('sim', 'real'))
    port: str = param('/dev/tty_joylo', 'Serial port of the real arms.')
    calibration: str = param('', 'Calibration file of the real arms; empty: the user folder.')
    open_timeout_s: float = param(
        20.0, 'How long to wait for the twin to appear.', low=0.1, high=300.0
    )
    arms_timeout_s: float = param(
        0.08, 'Oldest reading of the arms that counts.', low=0.02, high=0.1
    )
    pad_timeout_s: float = param(0.08, 'Oldest Joy-Con report that counts.', low=0.03, high=0.1)
    radial_deadzone: float = param(0.1, 'Part of the stick around rest.', low=0.0, high=0.5)
    axial_deadzone: float = param(0.08, 'Part of the stick beside an axis.', low=0.0, high=0.5)


class LeaderDevices:
    """Opens, reads and closes all of them; every read may come back empty-handed."""

    def __init__(
        self, config: LeaderDevicesConfig, robot: str, namespace: str, period_s: float
    ) -> None:
        self._config = config
        self._real = config.hardware == 'real'
        folder = None if self._real else twin_dir(namespace)
        port = config.port if folder is None else str(folder / BUS)
        self.calibration = self._load_calibration(robot)
        if not self._real:
            # Motors answer at once; their twin waits for its turn on a busy machine.
            margin_s = max(config.reply_margin_s, _TWIN_MARGIN_S)
            config = replace(config, reply_margin_s=margin_s)
        self.reader = LeaderReader(JoyloArms(port, self.calibration, config), period_s)
        feel = JoyConConfig(config.pad_timeout_s, config.radial_deadzone, config.axial_deadzone)
        self.pads = {side: JoyCon(side, _connect(folder, side), feel) for side in SIDES}
        self.pad_trouble: dict[Side, str] = dict.fromkeys(SIDES, '')
        self._began_ns = time.monotonic_ns()
        self._complete = False

    def open(self) -> None:
        """Open all; a missing real device raises, a missing twin is waited for."""
        patient = not self._real
        try:
            self.reader.open(patient)
            for pad in self.pads.values():
                pad.open(patient)
        except BaseException:
            self.close()
            raise

    def check_complete(self) -> None:
        """Raise DeviceError when a device never appeared within the time for it."""
        if self._complete:
            return
        connected = [pad.connections for pad in self.pads.values()]
        self._complete = self.reader.opened > 0 and all(connected)
        waited_s = (time.monotonic_ns() - self._began_ns) / 1e9
        if not self._complete and waited_s > self._config.open_timeout_s:
            trouble = [self.reader.trouble if not self.reader.opened else '']
            trouble += [self.pad_trouble[s] for s in SIDES if not self.pads[s].connections]
            raise DeviceError(
                f'no complete leader after {waited_s:.0f} s: {"; ".join(filter(None, trouble))}'
            )

    def arms(self, now_ns: int) -> LeaderSample | None:
        """Return the newest reading of the arms unless it is too old."""
        sample = self.reader.sample
        if sample is None or now_ns - sample.stamp_ns > self._config.arms_timeout_s * 1e9:
            return None
        return sample

    def pad(self, side: Side) -> Pad | None:
        """Return what one Joy-Con says unless it is too old."""
        try:
            sample = self.pads[side].read()
        except DeviceError as error:
            self.pad_trouble[side] = str(error)
            return None
        self.pad_trouble[side] = ''
        return Pad(sample.pressed, sample.stick)

    def close(self) -> None:
        """Arms limp, pads still; safe to call twice."""
        self.reader.close()
        for pad in self.pads.values():
            pad.close()

    def _load_calibration(self, robot: str) -> JoyloCalibration:
        if not self._real:
            return nominal_calibration(robot)
        named = self._config.calibration
        return load_calibration(Path(named) if named else None)


def _connect(folder: Path | None, side: Side) -> Callable[[], HidTransport]:
    if folder is None:
        return partial(HidApiTransport, side)
    return partial(SocketTransport, folder / side)
