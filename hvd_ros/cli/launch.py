# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start the nodes of a launch file: `ros2 launch` for installations that do not have it."""

import argparse
import json
import os
from pathlib import Path
import shlex
import sys
import textwrap

from hvd_ros.cli.launching.file import LaunchNode, declared, expand, launch_file
from hvd_ros.cli.launching.processes import Processes
from hvd_ros.cli.paint import Paint, paint_for
from hvd_ros.core.errors import ConfigError

NAME = 'launch'
REST = 'argument'  # hvd launch teleop --dry-run viewer:=false
HELP = 'start the nodes of a launch file: sim, teleop, record, deploy, replay, bringup'
EXAMPLES = (
    'hvd launch teleop                              the whole graph with its twins',
    'hvd launch teleop operator:=tour               somebody moves the simulated leader',
    'hvd launch record task:=pen_insert             and cameras and the recorder: A starts',
    'hvd launch deploy policy:=NAME.bundle          and a policy: then hvd policy start',
    'hvd launch teleop hardware:=real robot_host:=192.168.1.4',
    'hvd launch guardian hardware:=real station_host:=192.168.1.3   on the robot itself',
    'hvd launch teleop --show-args                  every argument, its meaning and choices',
    'hvd launch teleop --dry-run                    the command lines, nothing is started',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the file, its arguments and what to do instead of starting."""
    parser.add_argument('name', help='one of ours by its short name, or a path')
    parser.add_argument('argument', nargs='*', metavar='ARG:=VALUE', help='launch argument')
    parser.add_argument(
        '--show-args', '-s', action='store_true', help='print the arguments and leave'
    )
    parser.add_argument('--dry-run', action='store_true', help='print what would be started')


def run(args: argparse.Namespace) -> int:
    """Start everything and stay until it ends or somebody ends it."""
    path = launch_file(args.name)
    paint = paint_for(sys.stdout)
    if args.show_args:
        print(manual(path, paint))
        return 0
    nodes = expand(path, dict(map(pair, args.argument)), os.environ)
    commands = [command(node) for node in nodes]
    if args.dry_run:
        print('\n'.join(shlex.join(words) for words in commands))
        return 0
    with Processes(paint) as processes:
        for node, words in zip(nodes, commands, strict=True):
            # Unbuffered, or the reasons of a node that dies would die with it.
            environment = os.environ | {'PYTHONUNBUFFERED': '1'} | dict(node.environment)
            processes.add(node.name, words, environment, node.shutdown_on_exit)
        return processes.run()


def command(node: LaunchNode) -> list[str]:
    """Return the command line of a node."""
    words = [str(_executable(node)), *node.arguments, '--ros-args']
    if node.log_level:
        words += ['--log-level', node.log_level]
    words += ['-r', f'__node:={node.name}', '-r', f'__ns:={node.namespace}']
    for given in node.parameters:
        if isinstance(given, str):
            words += ['--params-file', given]
        else:
            # JSON is YAML, which is what ROS reads here; it keeps '1' a text.
            for name, value in given.items():
                words += ['-p', f'{name}:={json.dumps(value)}']
    return words


def _executable(node: LaunchNode) -> Path:
    prefixes = [Path(p) for p in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep) if p]
    for prefix in (*prefixes, Path(sys.prefix)):
        path = prefix / 'lib' / node.package / node.executable
        if os.access(path, os.X_OK):
            return path
    how = (
        'run `make setup`, or build the workspace with colcon and source it'
        if node.package == 'hvd_ros'
        else f'apt install ros-jazzy-{node.package.replace("_", "-")}, or leave it out'
    )
    raise ConfigError(f"'{node.executable}' of package {node.package} is not installed; {how}")


def manual(path: Path, paint: Paint) -> str:
    """Describe every argument of a launch file."""
    blocks = [f'Arguments of {path.name} (NAME:=VALUE):']
    for argument in declared(path).values():
        head = f'  {paint(argument.name, "bold")}'
        if argument.choices:
            head += f'  one of: {", ".join(argument.choices)}'
        text = textwrap.indent(textwrap.fill(argument.description, 84), ' ' * 6)
        default = 'must be given' if argument.default is None else f"default '{argument.default}'"
        blocks.append(f'{head}\n{text}\n      {default}')
    return '\n\n'.join(blocks)


def pair(word: str) -> tuple[str, str]:
    """Read NAME:=VALUE."""
    name, mark, value = word.partition(':=')
    if not mark:
        raise ConfigError(f"'{word}' is no launch argument; write it as NAME:=VALUE")
    return name, value
