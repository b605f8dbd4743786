# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd calibrate cameras`: take pictures of a board, solve, show how good it is, ask, store.

The same steps serve a person at a moving robot, a folder of kept pictures and an episode.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from hvd_ros.cli.arguments import add_namespace
from hvd_ros.core.errors import CalibrationError, ConfigError, did_you_mean

if TYPE_CHECKING:
    from hvd_ros.core.calibration.calibrator import Calibration
    from hvd_ros.core.calibration.charuco import Charuco
    from hvd_ros.core.robot.body import Body
    from hvd_ros.core.vision.mounts import CameraMount


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this device."""
    add_namespace(parser)
    parser.add_argument('--robot', default='r1', metavar='NAME', help='robot (default: r1)')
    parser.add_argument('--cameras', metavar='A,B', help='which ones (default: all of the robot)')
    parser.add_argument(
        '--samples', type=int, default=15, metavar='N', help='pictures per camera (default: 15)'
    )
    parser.add_argument(
        '--squares', default='7x5', metavar='CxR', help='squares of the board (default: 7x5)'
    )
    parser.add_argument(
        '--square-mm', type=float, default=36.0, metavar='MM',
        help='edge of a square as measured on the paper (default: 36)',
    )  # fmt: skip
    parser.add_argument(
        '--print-board', type=Path, metavar='FILE', help='write the board as .pdf or .png and end'
    )
    parser.add_argument(
        '--from', dest='source', type=Path, metavar='FOLDER',
        help='kept pictures or an episode instead of the live robot',
    )  # fmt: skip
    parser.add_argument('--keep', type=Path, metavar='FOLDER', help='keep the pictures there')
    parser.add_argument('--yes', action='store_true', help='store without asking')
    parser.add_argument(
        '--out', type=Path, metavar='FILE', help='write here instead of the user folder'
    )


def run(args: argparse.Namespace) -> int:
    """Write the board, or calibrate."""
    from hvd_ros.cli.calibrating.words import report
    from hvd_ros.core.robot.description import load_body
    from hvd_ros.core.vision.mounts import mounts_path, nominal_mounts

    board = board_of(args)
    if args.print_board is not None:
        return _print_board(board, args.print_board)
    if not args.yes and not sys.stdin.isatty():
        raise ConfigError('somebody must confirm the result at a terminal; or pass --yes')
    body = load_body(args.robot)
    nominal = nominal_mounts(body)
    cameras = _cameras(args.cameras, nominal)
    calibration = _calibrate(args, body, board, nominal, cameras)
    path = args.out or mounts_path(body.name)
    before = _before(body, path)
    print(report(calibration, before, board.config))
    if not args.yes and not _confirmed(path):
        print('not stored')
        return 1
    _store(path, before, calibration)
    print(f'written: {path}')
    return 0


def board_of(args: argparse.Namespace) -> 'Charuco':
    """Return the board that the arguments describe."""
    from hvd_ros.core.calibration.charuco import BoardConfig, Charuco

    try:
        columns, rows = (int(word) for word in args.squares.lower().split('x'))
    except ValueError:
        raise ConfigError(f"--squares {args.squares}: expected something like '7x5'") from None
    return Charuco(BoardConfig(columns=columns, rows=rows, square_m=args.square_mm / 1e3))


def _print_board(board: 'Charuco', path: Path) -> int:
    from hvd_ros.core.calibration.board_print import RULER_MM, write_board
    from hvd_ros.core.calibration.charuco import describe

    page = write_board(board, path)
    print(f'written: {path} ({page.paper} landscape, {describe(board.config)})')
    print(
        f'print it at 100 %, check that its ruler is {RULER_MM} mm long, glue it on something '
        'flat; if the ruler is not, pass the measured edge of a square: --square-mm'
    )
    return 0


def _cameras(text: str | None, nominal: 'dict[str, CameraMount]') -> list[str]:
    cameras = [name.strip() for name in text.split(',')] if text else list(nominal)
    for camera in cameras:
        if camera not in nominal:
            raise ConfigError(f"--cameras: no camera '{camera}'; {did_you_mean(camera, nominal)}")
    return cameras


def _calibrate(
    args: argparse.Namespace,
    body: 'Body',
    board: 'Charuco',
    nominal: 'dict[str, CameraMount]',
    cameras: list[str],
) -> 'Calibration':
    from hvd_ros.core.calibration.calibrator import Calibrator
    from hvd_ros.core.calibration.collection import Collection, CollectionConfig
    from hvd_ros.core.config import build

    config = build(CollectionConfig, {'samples': args.samples})
    collection = Collection(body, board, nominal, cameras, config)
    if args.source is not None:
        from hvd_ros.cli.calibrating.offline import collect_from

        lenses = collect_from(args.source, body, collection)
        return Calibrator(body, nominal, lenses).solve(collection.views)
    from hvd_ros.cli.calibrating.live import Live

    with Live(args.namespace, body, collection, cameras, args.keep) as live:
        while True:
            calibrator = live.collect(nominal)
            try:
                return calibrator.solve(collection.views)
            except CalibrationError as error:
                print(f'not yet: {error}\n(Ctrl-C gives up)')
                collection.ask_for_more()


def _before(body: 'Body', path: Path) -> 'dict[str, CameraMount]':
    from hvd_ros.core.vision.mounts import load_mounts, nominal_mounts

    try:
        return load_mounts(body, path)
    except CalibrationError as error:
        # A damaged file must not keep anybody from making a good one.
        print(f'what was there is left out of the new file: {error}')
        return nominal_mounts(body)


def _store(path: Path, before: 'dict[str, CameraMount]', calibration: 'Calibration') -> None:
    from hvd_ros.core.vision.mounts import CameraMount, save_mounts

    now = datetime.now(UTC).isoformat(timespec='seconds')
    measured = {
        name: CameraMount(
            name, found.parent, found.parent_from_camera, now, found.residual_px, found.residual_m
        )
        for name, found in calibration.cameras.items()
    }
    try:
        save_mounts(path, before | measured)
    except OSError as error:
        raise ConfigError(f'{path} can not be written: {error.strerror}; pass --out') from None


def _confirmed(path: Path) -> bool:
    print(f'store this in {path}? [y/N] ', end='', flush=True)
    return sys.stdin.readline().strip().lower() in ('y', 'yes')
