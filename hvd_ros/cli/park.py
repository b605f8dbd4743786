# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd park`: bring the body where it may lose power; the arms have no brakes."""

import argparse

from hvd_ros.cli import home

NAME = 'park'
HELP = 'move the body to where it may lose power (the arms have no brakes)'
EXAMPLES = (
    'hvd park                       # shows the way, asks, moves; Ctrl-C stops and holds',
    'hvd park --yes && echo "power may go off now"',
    'exit codes: 0 arrived, 1 refused or stopped, 3 no mux heard, 130 Ctrl-C',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `hvd home`, with another default pose."""
    home.add_arguments(parser, pose='park')


def run(args: argparse.Namespace) -> int:
    """Move there."""
    return home.run(args)
