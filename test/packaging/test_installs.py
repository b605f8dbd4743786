# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The checkout installs in the ways that the README names; nothing here needs the network."""

import os
from pathlib import Path
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import xml.etree.ElementTree as ET

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PARTS = ('hvd_ros', 'msg', 'config', 'launch', 'urdf', 'resource')
FILES = ('setup.py', 'setup.cfg', 'package.xml', 'pyproject.toml')
# What a machine without ROS does not have.
ROS = re.compile(
    r'ros[_-]|rcl|rmw|rosidl|rpyutils|ament|.*_msgs|.*_interfaces|hvd|std_srvs|.*\.pth|__pycache__'
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy what an install reads, because builds leave files beside their source."""
    target = tmp_path / 'work space' / 'hvd_ros'
    for part in PARTS:
        ignore = shutil.ignore_patterns('__pycache__')
        shutil.copytree(CHECKOUT / part, target / part, ignore=ignore)
    for file in FILES:
        shutil.copy(CHECKOUT / file, target / file)
    return target


def _run(*command: object, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}
    underlay = environment.pop('AMENT_PREFIX_PATH', '') or sys.prefix
    if 'colcon' in str(command[0]):  # what sourcing an underlay does
        environment['AMENT_PREFIX_PATH'] = underlay
        environment['PATH'] = f'{Path(sys.executable).parent}:{environment["PATH"]}'
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_pip_install_without_ros_gives_everything_but_the_nodes(copy: Path) -> None:
    place = copy.parent
    pip = (sys.executable, '-m', 'pip', '--quiet')
    _run(*pip, 'wheel', '--no-deps', '--no-build-isolation', '-w', 'dist', copy, cwd=place)
    (wheel,) = (place / 'dist').glob('hvd_ros-*.whl')
    venv.create(place / 'v')
    python = place / 'v' / 'bin' / 'python'
    _run(*pip, '--python', python, 'install', '--no-index', '--no-deps', wheel, cwd=place)
    _lend_packages(python)
    code = (
        'import importlib, pkgutil, sys\n'
        'import hvd_ros.core, hvd_ros.drivers, hvd_ros.runtime, hvd_ros.sim\n'
        'for room in (hvd_ros.core, hvd_ros.drivers, hvd_ros.runtime, hvd_ros.sim):\n'
        '    for item in pkgutil.iter_modules(room.__path__, room.__name__ + "."):\n'
        '        importlib.import_module(item.name)\n'
        'from hvd_ros.core.robot.description import load_body\n'
        'from hvd_ros.core.share import share_file\n'
        'print(load_body("r1").layout_id, share_file("urdf", "r1.urdf"), hvd_ros.__file__)\n'
        'sys.exit(any(importlib.util.find_spec(n) for n in ("rclpy", "hvd_msgs")))\n'
    )
    said = _run(python, '-c', code, cwd=place)
    assert str(CHECKOUT) not in said and str(place / 'v') in said
    assert 'doctor' in _run(python, '-m', 'hvd_ros.cli.main', '--help', cwd=place)
    assert (place / 'v' / 'bin' / 'hvd').is_file()


def _lend_packages(python: Path) -> None:
    """Let a bare environment see the packages of this one, except those of ROS."""
    lent = python.parents[1] / 'lent'
    lent.mkdir()
    for path in Path(sysconfig.get_path('purelib')).iterdir():
        if not ROS.match(path.name):
            (lent / path.name).symlink_to(path)
    (site,) = (python.parents[1] / 'lib').glob('python*/site-packages')
    (site / 'lent.pth').write_text(f'{lent}\n')


def _colcon() -> str:
    found = shutil.which('colcon', path=f'{Path(sys.executable).parent}:{os.environ["PATH"]}')
    if found is None:
        pytest.skip('needs colcon')
    return found


@pytest.mark.ros
def test_workspace_finds_both_packages_by_the_two_base_paths(copy: Path) -> None:
    """As the README says: colcon does not look inside a package that it has found."""
    workspace = copy.parent
    found = _run(_colcon(), 'list', '--base-paths', copy, copy / 'msg', '-n', cwd=workspace)
    assert found.split() == ['hvd_msgs', 'hvd_ros']
    alone = _run(_colcon(), 'list', '--base-paths', copy, '-n', cwd=workspace)
    assert alone.split() == ['hvd_ros']


@pytest.mark.ros
def test_workspace_builds(copy: Path, tmp_path: Path) -> None:
    """The messages take minutes; that they build by colcon, tools/setup.sh has shown."""
    workspace = tmp_path / 'ws'
    source = workspace / 'src' / 'hvd_ros'
    shutil.move(copy, source)
    _run(
        _colcon(), 'build', '--base-paths', source, source / 'msg', '--packages-skip', 'hvd_msgs',
        cwd=workspace,
    )  # fmt: skip
    install = workspace / 'install'
    assert (install / 'hvd_ros/lib/hvd_ros/mux_node').is_file()
    assert (install / 'hvd_ros/share/hvd_ros/launch/teleop.launch.xml').is_file()
    assert list(Path(sys.prefix).glob('lib/python*/site-packages/hvd_msgs/msg/_mux_status.py'))
    assert (Path(sys.prefix) / 'share/ament_index/resource_index/packages/hvd_msgs').is_file()


def test_versions_agree() -> None:
    from hvd_ros import __version__

    for file in ('package.xml', 'msg/package.xml'):
        assert ET.parse(CHECKOUT / file).findtext('version') == __version__
    assert f"version='{__version__}'" in (CHECKOUT / 'setup.py').read_text()


def test_locks_pin_everything_that_is_asked_for() -> None:
    pinned: dict[str, str] = {}
    for name in ('robot', 'dev'):
        text = (CHECKOUT / 'requirements' / f'{name}.txt').read_text()
        lines = [line for line in text.splitlines() if line[0] not in '#-']
        assert all(re.fullmatch(r'[a-z0-9.-]+==[\w.+]+', line) for line in lines), name
        new = dict(line.split('==') for line in lines)
        assert not set(new) & set(pinned), 'a package stands in one lock only'
        pinned |= new
        if name == 'robot':
            assert 'torch' not in pinned, 'a robot runs bundles; torch brings gigabytes along'
        for line in (CHECKOUT / 'requirements' / f'{name}.in').read_text().splitlines():
            wanted = re.match(r'[\w.-]+', line)
            if wanted:
                assert wanted[0].lower().replace('_', '-') in pinned, f'{name}.in: {line}'
    # The pyzed of PyPI is another package; torchvision has no build beside the torch of the tests.
    assert not {'torchvision', 'pyzed'} & set(pinned)


def test_setup_leaves_a_machine_without_python_3_11_with_a_hint() -> None:
    done = subprocess.run(
        [CHECKOUT / 'tools' / 'setup.sh'],
        env=os.environ | {'PYTHON': '/no/such/python3.11'}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert 'apt install python3.11' in done.stderr.replace('\n', ' ')
