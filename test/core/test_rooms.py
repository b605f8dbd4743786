# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrows between the rooms point one way, as docs/architecture.md says."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re
import subprocess
import sys

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / 'hvd_ros'
TABLE = PACKAGE.parent / 'docs' / 'architecture.md'
ROOMS = ('core', 'drivers', 'runtime', 'sim', 'nodes', 'cli')
# What each room may import of ours, and of others beyond the standard library.
OURS = {
    'core': {'core'},
    'drivers': {'core', 'drivers'},
    'runtime': {'core', 'runtime'},
    'sim': {'core', 'sim'},
    'nodes': {'core', 'drivers', 'runtime', 'sim', 'nodes'},
    'cli': set(ROOMS),
}
ROS = {
    'rclpy', 'rcl_interfaces', 'builtin_interfaces', 'ament_index_python', 'hvd_msgs', 'hdas_msg',
    'std_msgs', 'std_srvs', 'sensor_msgs', 'geometry_msgs', 'nav_msgs', 'diagnostic_msgs',
    'tf2_msgs', 'rosgraph_msgs',
}  # fmt: skip
OTHERS = {
    'core': {'numpy', 'yaml', 'cv2', 'fpsample', 'mcap', 'rosbags', 'zstandard'},
    'drivers': {
        'numpy',
        'dynamixel_sdk',
        'serial',
        'hid',
        'websocket',
        'websockets',
        'pyrealsense2',
        'pyzed',
    },  # fmt: skip
    'runtime': {'numpy', 'onnxruntime', 'websockets', 'msgpack'},
    'sim': {'numpy', 'mujoco', 'gymnasium'},
    'nodes': ROS | {'numpy', 'yaml', 'viser'},
    'cli': ROS | {'numpy', 'yaml', 'argcomplete', 'psutil', 'open3d', 'matplotlib'},
}
FILES = sorted(PACKAGE.rglob('*.py'))
# The other distribution: a cluster needs no ROS, and formats are written without their inventors.
TRAINING = PACKAGE.parent / 'training' / 'hvd_training'
TRAINING_MAY = {
    'numpy', 'pyarrow', 'av', 'h5py', 'matplotlib', 'cv2',
    'torch', 'safetensors', 'accelerate', 'tensorboard', 'wandb', 'scipy', 'onnx',
    'gymnasium', 'ogbench',
}  # fmt: skip
# Run by interpreters of their own, which have LeRobot or Lightning; nobody imports them.
PEERS = {'lerobot_peer.py', 'lightning_peer.py'}
TRAINING_FILES = sorted(p for p in TRAINING.rglob('*.py') if p.name not in PEERS)


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative imports hide the room'
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0]


def _wrong(path: Path) -> list[str]:
    """Return the imports of a file that its room does not allow."""
    room = _room(path)
    wrong = []
    for name in _imports(path):
        top, _, rest = name.partition('.')
        if top == 'hvd_ros':
            target = rest.partition('.')[0]
            allowed = target in OURS[room] or target not in ROOMS
        else:
            allowed = top in sys.stdlib_module_names or top in OTHERS[room]
        if not allowed:
            wrong.append(name)
    return wrong


@pytest.mark.parametrize('room', ROOMS)
def test_room_imports_only_what_it_may(room: str) -> None:
    wrong = {str(path): _wrong(path) for path in FILES if _room(path) == room}
    assert not {path: names for path, names in wrong.items() if names}


def test_every_file_lives_in_a_room() -> None:
    outside = {path for path in FILES if _room(path) not in ROOMS} - {PACKAGE / '__init__.py'}
    assert not outside


def test_the_table_in_the_docs_is_this_one() -> None:
    rows = re.findall(r'^\| `hvd_ros/(\w+)/` \|.*\| (.*) \|$', TABLE.read_text(), re.MULTILINE)
    assert [room for room, _ in rows] == list(ROOMS)
    for room, text in rows:
        if room != 'cli':  # "anything above"
            named = {word for word in re.findall(r'\w+', text) if word in ROOMS}
            assert named == OURS[room] - {room}, room
            assert ('hvd_msgs' in text) == bool(OTHERS[room] & ROS), room


@pytest.mark.parametrize('room', ['core', 'drivers', 'runtime', 'sim'])
def test_importing_a_room_loads_neither_ros_nor_torch(room: str) -> None:
    """What a file imports inside a function, or through another package, counts too."""
    inside = [path.relative_to(PACKAGE.parent) for path in FILES if _room(path) == room]
    names = ['.'.join(path.with_suffix('').parts) for path in inside]
    code = (
        f'import importlib, sys\nfor name in {names!r}: importlib.import_module(name)\n'
        f'print(*({ROS | {"torch"}!r} & set(sys.modules)))'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ('room', 'line'),
    [
        ('core', 'import rclpy'),
        ('core', 'from hvd_ros.drivers import device'),
        ('core', 'from hvd_ros import nodes'),
        ('drivers', 'def f():\n    import hvd_msgs.msg'),
        ('sim', 'import torch'),
        ('runtime', 'from hvd_ros.sim import real_time'),
        ('nodes', 'import hvd_ros.cli.main'),
    ],
)
def test_a_wrong_import_is_noticed(room: str, line: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], 'PACKAGE', tmp_path)
    (tmp_path / room).mkdir()
    path = tmp_path / room / 'x.py'
    path.write_text(line)
    assert _wrong(path)


def test_training_imports_only_core_runtime_and_sim_of_ours() -> None:
    wrong = {
        str(path.relative_to(TRAINING)): name
        for path in TRAINING_FILES
        for name in _imports(path)
        if not _training_may(name)
    }
    assert not wrong


def _training_may(name: str) -> bool:
    top, _, rest = name.partition('.')
    if top == 'hvd_ros':
        return rest.partition('.')[0] in {'core', 'runtime', 'sim'}
    return top == 'hvd_training' or top in sys.stdlib_module_names or top in TRAINING_MAY


@pytest.mark.parametrize('path', [*FILES, *TRAINING_FILES], ids=lambda path: path.name)
def test_ages_are_never_measured_with_the_wall_clock(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in ('time', 'time_ns'):
            assert ast.unparse(node.value) != 'time', f'{path}:{node.lineno}'
        if isinstance(node, ast.ImportFrom) and node.module == 'time':
            assert not {'time', 'time_ns'} & {alias.name for alias in node.names}, path
