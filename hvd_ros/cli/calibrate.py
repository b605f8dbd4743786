# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd calibrate DEVICE`: teach where the leader's joints stand, or where the cameras sit."""

import argparse
import importlib

NAME = 'calibrate'
HELP = 'calibrate a device: joylo, cameras'
EXAMPLES = (
    'hvd calibrate joylo                        # arms on /dev/tty_joylo',
    'hvd calibrate joylo --port /dev/ttyUSB0 --baud 1000000',
    'hvd calibrate joylo --twin                 # the whole routine with emulated arms',
    'hvd calibrate cameras --print-board board.pdf',
    'hvd calibrate cameras                      # live, while somebody moves the robot',
    'hvd calibrate cameras --cameras left_wrist --samples 20 --keep views/',
    'hvd calibrate cameras --from views/        # again, from kept pictures or an episode',
    'exit codes: 0 written, 1 not saved, 2 wrong argument, 3 arms or graph silent, 5 given up',
)

_DEVICES = {
    'joylo': 'zeros and directions of the leader arms',
    'cameras': 'where the cameras sit, with a printed ChArUco board',
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of every device."""
    devices = parser.add_subparsers(dest='device', required=True, metavar='DEVICE')
    for name, text in _DEVICES.items():
        module = importlib.import_module(f'hvd_ros.cli.calibrating.{name}')
        module.add_arguments(devices.add_parser(name, help=text, description=text))


def run(args: argparse.Namespace) -> int:
    """Calibrate one device."""
    module = importlib.import_module(f'hvd_ros.cli.calibrating.{args.device}')
    code: int = module.run(args)
    return code
