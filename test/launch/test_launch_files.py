# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Our launch files mean the same to `hvd launch` and to ROS 2's own launch."""

import dataclasses
import importlib.util
import json
import os
from pathlib import Path

import pytest
import yaml

from hvd_ros.cli.launching.file import declared, expand, launch_file
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.share import share_file
from test.launch.make_golden import CASES, GOLDEN, portable, run_case

FILES = [path.name.partition('.')[0] for path in launch_file('sim').parent.glob('*.launch.xml')]
SHARE = str(share_file('package.xml').parent)


def _expanded(file: str, arguments: dict[str, str], environment: dict[str, str]) -> list[dict]:
    nodes = expand(launch_file(file), arguments, environment)
    # Through JSON, because it knows neither tuples nor anything that is not data.
    plain = json.loads(json.dumps([dataclasses.asdict(node) for node in nodes]))
    return [portable(node, SHARE) for node in plain]


@pytest.mark.parametrize('name', CASES)
def test_interpreter_reproduces_the_real_tool(name: str) -> None:
    golden = json.loads((GOLDEN / f'{name}.json').read_text())
    assert _expanded(*CASES[name], environment={}) == golden


@pytest.mark.skipif(importlib.util.find_spec('launch_ros') is None, reason='no native launch')
@pytest.mark.parametrize('name', CASES)
def test_golden_files_are_what_the_real_tool_makes_today(name: str, monkeypatch) -> None:
    monkeypatch.setenv('AMENT_PREFIX_PATH', os.environ.get('AMENT_PREFIX_PATH', ''))
    assert run_case(name) == json.loads((GOLDEN / f'{name}.json').read_text())


def test_every_file_and_main_argument_has_a_golden_expansion() -> None:
    assert {path.stem for path in GOLDEN.glob('*.json')} == set(CASES)
    assert {file for file, _ in CASES.values()} == set(FILES)
    for name in (
        'hardware',
        'transport',
        'operator',
        'guardian',
        'viewer',
        'cameras',
        'rviz',
        'stitching',
    ):
        argument = (declared(launch_file('bringup')) | declared(launch_file('deploy')))[name]
        used = {given.get(name, argument.default) for _, given in CASES.values()}
        assert used == set(argument.choices), name


def test_files_share_one_vocabulary() -> None:
    tables = [declared(launch_file(file)) for file in FILES]
    for table in tables:
        for name, argument in table.items():
            assert all(other.get(name, argument) == argument for other in tables), name
            assert argument.description.endswith('.'), name


def test_default_is_the_twin_on_this_machine() -> None:
    nodes = expand(launch_file('teleop'), {}, {})
    assert {'sim_robot', 'sim_joylo'} < {node.name for node in nodes}
    for node in nodes:
        assert node.environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    wide = expand(launch_file('teleop'), {}, {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'})
    assert wide[0].environment['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'SUBNET'  # somebody said so


def test_real_hardware_starts_no_twin() -> None:
    nodes = expand(launch_file('teleop'), {'hardware': 'real'}, {})
    assert not {node.name for node in nodes} & {'sim_robot', 'sim_joylo', 'scripted_operator'}


def test_cameras_are_drawn_only_in_simulation_and_belong_to_the_robot_that_moves() -> None:
    cameras = {'head': '_1', 'left_wrist': '_2', 'right_wrist': '_3'}
    serials = {f'{name}_serial': serial for name, serial in cameras.items()}
    for hardware in ('sim', 'real'):
        nodes = expand(launch_file('cameras'), serials | {'hardware': hardware}, {})
        assert ('sim_cameras' in {node.name for node in nodes}) == (hardware == 'sim')
        own = [
            dict(kv for p in n.parameters if isinstance(p, dict) for kv in p.items())
            for n in nodes
        ]
        found = {p['name']: (p['serial'], p['hardware']) for p in own if 'serial' in p}
        assert found == {name: (serial, hardware) for name, serial in cameras.items()}


def test_the_guardian_runs_in_one_place_with_the_same_parameters() -> None:
    arguments = {'hardware': 'real', 'transport': 'rosbridge', 'rosbridge_host': '10.0.0.2'}
    here = {node.name: node for node in expand(launch_file('teleop'), arguments, {})}
    (alone,) = expand(launch_file('guardian'), arguments, {})
    assert alone == here['guardian']
    elsewhere = expand(launch_file('teleop'), arguments | {'guardian': 'elsewhere'}, {})
    assert {node.name for node in elsewhere} == set(here) - {'guardian'}


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        ({'hardwear': 'sim'}, "did you mean 'hardware'"),
        ({'hardware': 'reel'}, "did you mean 'real'"),
        ({'viewer': 'yes'}, 'viewer:=yes'),
        ({'viewer_port': 'http'}, "'http' is no int"),
    ],
)
def test_wrong_argument_is_explained(given: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        expand(launch_file('teleop'), given, {})


def test_unknown_file_is_explained() -> None:
    with pytest.raises(ConfigError, match="did you mean 'teleop'"):
        launch_file('telop')


def test_a_space_in_a_value_does_not_split_an_argument(tmp_path: Path) -> None:
    path = tmp_path / 'x.launch.xml'
    node = '<node pkg="p" exec="e" name="n" args="-d  $(var x)/y $(env z \'\')"/>'
    path.write_text(f'<launch><arg name="x" description="X."/><group>{node}</group></launch>')
    (expanded,) = expand(path, {'x': 'a (b) c'}, {'z': 'd e'})
    assert expanded.arguments == ('-d', 'a (b) c/y', 'd e')


@pytest.mark.parametrize(
    ('body', 'message'),
    [
        ('<executable cmd="ls"/>', '<executable> inside <launch>'),
        ('<group><node pkg="p" exec="e" name="n" respawn="true"/></group>', "'respawn'"),
        ('<arg name="x"/>', 'lacks description'),
        ('<set_env name="A" value="$(eval 1)"/>', r'\$\(eval 1\)'),
        ('<set_env name="A" value="$(var b)"/>', "'b' not found"),
        ('<set_env name="A" value="$(env NOT_SET)"/>', "'NOT_SET' not found"),
        ('<set_env name="A" value="$(var b"/>', 'not closed'),
        ('<group if="maybe"/>', 'neither true nor false'),
        ('<arg name="x" description="X."/>', "'x' must be given"),
        ('<group><node pkg="p" exec="e" name="n"><param name="q"/></node></group>', '<param>'),
        ('<group><node pkg="p" exec="e" name="n" ros_args="-r a:=b"/></group>', 'ros_args'),
        ('<group><node pkg="p" exec="e" name="n" on_exit="x"/></group>', 'only shutdown'),
        ('<group><node pkg="p" exec="e" name="n"><param from="/no"/></node></group>', "'/no'"),
        ('<group>', 'mismatched tag'),
    ],
)
def test_anything_else_is_refused(body: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / 'x.launch.xml'
    path.write_text(f'<launch>{body}</launch>')
    with pytest.raises(ConfigError, match=message):
        expand(path, {}, {})


@pytest.mark.parametrize('path', sorted(share_file('config', 'params').glob('*.yaml')), ids=str)
def test_parameter_file_is_for_any_namespace(path: Path) -> None:
    assert list(yaml.safe_load(path.read_text())) == ['/**']
