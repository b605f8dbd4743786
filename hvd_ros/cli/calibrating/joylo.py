# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd calibrate joylo`: teach where the leader's joints stand and which way they turn."""

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
import select
import sys
import tempfile
from typing import TYPE_CHECKING

import numpy as np

from hvd_ros.core.errors import ConfigError, DeviceError

if TYPE_CHECKING:
    from hvd_ros.core.robot.body import Array
    from hvd_ros.drivers.dynamixel.twin import DynamixelTwin
    from hvd_ros.drivers.joylo.arms import JoyloArms

_HALF_BAR = 15  # characters to each side
_FULL_RAD = 1.0
_REDRAW_S = 0.1
_TWIN_SPEED_RAD_S = 10.0
_TWIN_MOTION_RAD = 0.5

Tell = Callable[[str], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this device."""
    parser.add_argument(
        '--port', default='/dev/tty_joylo', help='serial port (default: /dev/tty_joylo)'
    )
    parser.add_argument('--baud', type=int, metavar='N', help='baud rate (default: 3000000)')
    parser.add_argument('--robot', default='r1', metavar='NAME', help='robot (default: r1)')
    parser.add_argument('--twin', action='store_true', help='use emulated arms that move alone')
    parser.add_argument(
        '--out', type=Path, metavar='FILE', help='write here instead of the user folder'
    )


def run(args: argparse.Namespace) -> int:
    """Guide through the calibration and write the file."""
    from hvd_ros.core.leader.calibration import nominal_calibration
    from hvd_ros.core.leader.calibration_file import calibration_path, save_calibration
    from hvd_ros.core.share import user_state_dir
    from hvd_ros.drivers.joylo.arms import JoyloArms, JoyloArmsConfig
    from hvd_ros.drivers.joylo.calibration import run_calibration

    if not args.twin and not sys.stdin.isatty():
        raise ConfigError('a calibration needs a person at a terminal; to try it: --twin')
    config = JoyloArmsConfig(baud=args.baud) if args.baud else JoyloArmsConfig()
    with ExitStack() as stack:
        twin = _start_twin(stack, args.robot) if args.twin else None
        port = str(twin.link) if twin else args.port
        arms = stack.enter_context(JoyloArms(port, nominal_calibration(args.robot), config))
        ask = _twin_asker(twin) if twin else _terminal_asker(arms)
        now = datetime.now(UTC).isoformat(timespec='seconds')
        calibration = run_calibration(arms, ask, print, now, args.robot)
    # What the twin taught must never be taken for a real pair of arms.
    own = user_state_dir() / 'twin_joylo_calibration.json' if args.twin else calibration_path()
    path = args.out or own
    try:
        save_calibration(calibration, path)
    except OSError as error:
        raise ConfigError(f'{path} can not be written: {error.strerror}; pass --out') from None
    print(f'written: {path}')
    return 0


def bars(names: tuple[str, ...], moved_rad: 'Array') -> str:
    """Draw how far each joint has moved, one line per joint, zero in the middle."""
    width = max(map(len, names))
    lines = []
    for name, moved in zip(names, moved_rad, strict=True):
        cells = max(-_HALF_BAR, min(_HALF_BAR, round(float(moved) / _FULL_RAD * _HALF_BAR)))
        left = ('#' * -min(cells, 0)).rjust(_HALF_BAR)
        right = ('#' * max(cells, 0)).ljust(_HALF_BAR)
        lines.append(f'{name:<{width}} [{left}|{right}] {np.degrees(moved):+6.1f} deg')
    return '\n'.join(lines)


def _terminal_asker(arms: 'JoyloArms') -> Tell:
    """Return an ask() that shows live bars until Enter."""

    def ask(text: str) -> None:
        print(f'\n{text}')
        start = _angles(arms)
        # Each picture but the first is drawn over the one before.
        up = ''
        while True:
            picture = bars(arms.names, _angles(arms) - start)
            print(up + picture, flush=True)
            up = f'\x1b[{len(arms.names)}A'
            if select.select([sys.stdin], [], [], _REDRAW_S)[0]:
                break
        if not sys.stdin.readline():
            raise ConfigError('the terminal was closed; nothing was written')

    return ask


def _angles(arms: 'JoyloArms') -> 'Array':
    """Read joint angles with nominal zeros and without plausibility checks."""
    calibration = arms.calibration
    try:
        return calibration.motor_rad(arms.read_ticks())[calibration.masters]
    except DeviceError:
        # One lost reply is nothing to stop a person for; a second one in a row is an error.
        return calibration.motor_rad(arms.read_ticks())[calibration.masters]


def _start_twin(stack: ExitStack, robot: str) -> 'DynamixelTwin':
    from hvd_ros.core.leader.calibration import nominal_calibration
    from hvd_ros.drivers.dynamixel.twin import DynamixelTwin

    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix='hvd-'))
    twin = DynamixelTwin(Path(folder) / 'bus', nominal_calibration(robot))
    return stack.enter_context(twin)


def _twin_asker(twin: 'DynamixelTwin') -> Tell:
    """Return an ask() that answers by moving the emulated hand as the text says."""
    import time

    names = twin.calibration.names
    pose = twin.hand

    def ask(text: str) -> None:
        print(text)
        joint = text.partition(':')[0]
        if joint in names:
            pose[names.index(joint)] += _TWIN_MOTION_RAD
            twin.set_hand(pose, _TWIN_SPEED_RAD_S)
            time.sleep(1.2 * _TWIN_MOTION_RAD / _TWIN_SPEED_RAD_S)

    return ask
