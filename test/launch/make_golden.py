# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Expand our launch files with the real ROS 2 launch and write what comes out to golden/*.json.

The interpreter behind `hvd launch` must reproduce these files. Run it where `launch`, `launch_xml`
and `launch_ros` of Jazzy import (a native installation, or their sources on PYTHONPATH):
    python test/launch/make_golden.py
Packages are looked up in a made-up prefix, so that nothing else needs to be installed.
"""

import argparse
import json
import os
from pathlib import Path
import re
import tempfile
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).with_name('golden')
FOREIGN = {'robot_state_publisher': 'robot_state_publisher', 'rviz2': 'rviz2'}

CASES: dict[str, tuple[str, dict[str, str]]] = {
    'sim': ('sim', {}),
    'sim_rosbridge': ('sim', {'transport': 'rosbridge', 'rosbridge_port': '9191'}),
    'sim_tour': ('sim', {'operator': 'tour', 'operator_once': 'true', 'namespace': 'left'}),
    'sim_task': (
        'sim',
        {
            'scene': 'pen_insert',
            'seed': '7',
            'setting': 'region',
            'operator': 'pen_insert',
            'manner': 'correction',
        },
    ),
    'sim_oracle': ('sim', {'scene': 'cup_upright', 'oracle': 'table'}),
    'deploy_sim_oracle': (
        'deploy',
        {'policy': 'p', 'scene': 'pen_insert', 'cameras': 'false', 'oracle': 'state'},
    ),
    'teleop_sim_cup_upright': ('teleop', {'scene': 'cup_upright', 'operator': 'cup_upright'}),
    'teleop_sim_wipe_board': ('teleop', {'scene': 'wipe_board', 'operator': 'wipe_board'}),
    'record_sim_basket_carry': (
        'record',
        {'scene': 'basket_carry', 'operator': 'basket_carry', 'task': 'basket_carry'},
    ),
    'sim_trash_dispose_rosbridge': (
        'sim',
        {'scene': 'trash_dispose', 'operator': 'trash_dispose', 'transport': 'rosbridge'},
    ),
    'teleop_sim': ('teleop', {}),
    'teleop_sim_tour': ('teleop', {'operator': 'tour', 'viewer_port': '8099'}),
    'teleop_sim_drive': ('teleop', {'operator': 'drive', 'operator_once': 'true'}),
    'teleop_sim_rosbridge': ('teleop', {'transport': 'rosbridge', 'viewer': 'false'}),
    'teleop_sim_namespace': ('teleop', {'namespace': '/lab/one', 'log_level': 'debug'}),
    'teleop_real': ('teleop', {'hardware': 'real', 'port': '/dev/ttyJoylo'}),
    'teleop_real_remote': (
        'teleop',
        {'hardware': 'real', 'robot_host': '10.0.0.2', 'domain': '72', 'robot': 'r1pro'},
    ),
    'teleop_real_rosbridge': (
        'teleop',
        {'hardware': 'real', 'transport': 'rosbridge', 'rosbridge_host': '192.168.1.5'},
    ),
    'teleop_real_two_computers': (
        'teleop',
        {'hardware': 'real', 'robot_host': '10.0.0.2', 'guardian': 'elsewhere'},
    ),
    'guardian': ('guardian', {}),
    'guardian_real': (
        'guardian',
        {'hardware': 'real', 'station_host': '10.0.0.1', 'domain': '72', 'namespace': 'one'},
    ),
    'guardian_real_rosbridge': (
        'guardian',
        {'hardware': 'real', 'transport': 'rosbridge', 'rosbridge_port': '9191'},
    ),
    'replay': ('replay', {'episode': '/data/pen_insert/one', 'rate': '2.0'}),
    'replay_drive': (
        'replay',
        {'episode': '/data/pen_insert/one', 'drive': 'true', 'start': '1.5', 'namespace': 'one'},
    ),
    'cameras_sim': ('cameras', {}),
    'cameras_sim_two_robots': ('cameras', {'namespace': '/lab/one', 'cloud': 'false'}),
    'cameras_real': (
        'cameras',
        {
            'hardware': 'real',
            'head_serial': '_12345678',
            'left_wrist_serial': '_044122070299',
            'right_wrist_serial': '_044122070300',
        },
    ),
    'record_sim': ('record', {'operator': 'tour', 'viewer': 'false'}),
    'record_sim_order': (
        'record',
        {
            'task': 'wipe_board',
            'prompt': 'wipe it',
            'operator_name': 'Ann B',
            'kind': 'suboptimal',
        },
    ),
    'record_real': (
        'record',
        {'hardware': 'real', 'kind': 'rollout', 'root': '/data', 'cloud': 'false'},
    ),
    'deploy_sim': ('deploy', {'policy': 'runs/one.bundle', 'scene': 'pen_insert'}),
    'deploy_sim_blind': (
        'deploy',
        {
            'policy': 'neighbours:/data/policy.npz',
            'task': 'wipe_board',
            'cameras': 'false',
            'policy_period': '0.4',
            'stitching': 'ensemble',
            'namespace': 'one',
        },
    ),
    'deploy_real': (
        'deploy',
        {
            'hardware': 'real',
            'policy': 'ws://127.0.0.1:8000',
            'prompt': 'put it there',
            'stitching': 'rtc',
            'operator_name': 'Ann B',
        },
    ),
    'bringup_sim': ('bringup', {}),
    'bringup_sim_rviz': ('bringup', {'rviz': 'true', 'use_sim_time': 'true'}),
    'bringup_sim_cameras': ('bringup', {'cameras': 'true', 'scene': 'floor', 'namespace': 'one'}),
    'bringup_real': ('bringup', {'hardware': 'real', 'state_publisher': 'true'}),
    'bringup_real_rosbridge': (
        'bringup',
        {'hardware': 'real', 'transport': 'rosbridge', 'rviz': 'true', 'namespace': 'one'},
    ),
}


def make_prefix(prefix: Path) -> Path:
    """Lay out an ament prefix whose hvd_ros share folder is this checkout; return that folder."""
    nodes = re.findall(r"^    '(\w+)',$", (CHECKOUT / 'setup.py').read_text(), re.MULTILINE)
    executables = [('hvd_ros', f'{node}_node') for node in nodes] + list(FOREIGN.items())
    for package, executable in executables:
        path = prefix / 'lib' / package / executable
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o755)
        marker = prefix / 'share/ament_index/resource_index/packages' / package
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    share = prefix / 'share' / 'hvd_ros'
    share.symlink_to(CHECKOUT)
    return share


def expand(path: Path, arguments: dict[str, str]) -> list[dict[str, Any]]:
    """Walk a launch file with the real tool and describe every node that it would start."""
    from launch import LaunchService
    from launch.actions import IncludeLaunchDescription
    from launch.launch_description_sources import AnyLaunchDescriptionSource

    context = LaunchService(noninteractive=True).context
    start = dict(context.environment)
    include = IncludeLaunchDescription(
        AnyLaunchDescriptionSource(str(path)), launch_arguments=list(arguments.items())
    )
    found: list[dict[str, Any]] = []
    _walk(include, context, start, found)
    return found


def _walk(entity: Any, context: Any, start: dict[str, str], found: list[dict[str, Any]]) -> None:
    from launch_ros.actions import Node

    if not isinstance(entity, Node):
        for inner in entity.visit(context) or []:
            _walk(inner, context, start, found)
    elif entity.condition is None or entity.condition.evaluate(context):
        found.append(_describe(entity, context, start))


def _describe(node: Any, context: Any, start: dict[str, str]) -> dict[str, Any]:
    """Let the real tool write the command line, without starting it, and read that."""
    from launch.actions import Shutdown

    node._perform_substitutions(context)
    names = {'name': f'__node:={node._Node__expanded_node_name}'}
    if node.expanded_node_namespace:
        names['ns'] = f'__ns:={node.expanded_node_namespace}'
    context.extend_locals({'ros_specific_arguments': names})
    node.prepare(context)
    command = [str(word) for word in node.process_description.final_cmd]
    final = node.process_description.final_env or {}
    split = command.index('--ros-args')
    on_exit = node._ExecuteLocal__on_exit
    record = {
        'package': Path(command[0]).parent.name,
        'executable': Path(command[0]).name,
        'arguments': command[1:split],
        'environment': {key: value for key, value in final.items() if start.get(key) != value},
        'shutdown_on_exit': bool(on_exit) and isinstance(on_exit[0], Shutdown),
    }
    return record | _read_ros_arguments([w for w in command[split:] if w != '--ros-args'])


def _read_ros_arguments(words: list[str]) -> dict[str, Any]:
    record: dict[str, Any] = {'name': '', 'namespace': '', 'parameters': [], 'log_level': ''}
    for option, value in zip(words[::2], words[1::2], strict=True):
        name, _, target = value.partition(':=')
        if option == '--params-file':
            record['parameters'].append(_parameters(Path(value)))
        elif option == '--log-level':
            record['log_level'] = value
        elif option == '-r' and name in ('__node', '__ns'):
            record['name' if name == '__node' else 'namespace'] = target
        else:
            raise ValueError(f'{option} {value}: not foreseen')
    return record


def _parameters(path: Path) -> Any:
    """Return the path of a file of ours, or the content of one that the tool wrote."""
    if not path.is_relative_to(tempfile.gettempdir()) or 'hvd_ros' in path.parts:
        return str(path)
    (node,) = yaml.safe_load(path.read_text()).values()
    return node['ros__parameters']


def portable(value: Any, share: str) -> Any:
    """Replace what depends on the machine or is not the launch file's business."""
    if isinstance(value, str):
        return '<robot description>' if '</robot>' in value else value.replace(share, '<share>')
    if isinstance(value, list):
        return [portable(item, share) for item in value]
    if isinstance(value, dict):
        return {key: portable(item, share) for key, item in value.items()}
    return value


def run_case(name: str) -> list[dict[str, Any]]:
    """Expand one case with the real tool, in an environment that holds nothing of ours."""
    file, arguments = CASES[name]
    underlay = os.environ.get('AMENT_PREFIX_PATH', '')
    for key in ('ROS_DOMAIN_ID', 'ROS_STATIC_PEERS', 'ROS_AUTOMATIC_DISCOVERY_RANGE'):
        os.environ.pop(key, None)
    with tempfile.TemporaryDirectory() as folder:
        share = make_prefix(Path(folder))
        # The tool reads its own grammar from the prefixes that were there before.
        os.environ['AMENT_PREFIX_PATH'] = f'{folder}{os.pathsep}{underlay}'
        nodes = expand(share / 'launch' / f'{file}.launch.xml', arguments)
        return [portable(node, str(share)) for node in nodes]


def main() -> None:
    """Write or print the golden files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('case', nargs='*', help='cases to make; all of them by default')
    GOLDEN.mkdir(exist_ok=True)
    for name in parser.parse_args().case or CASES:
        text = json.dumps(run_case(name), indent=1, sort_keys=True)
        (GOLDEN / f'{name}.json').write_text(text + '\n')
        print(name)


if __name__ == '__main__':
    main()
