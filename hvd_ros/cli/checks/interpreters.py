# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which Python runs each node, and what imports there.

A node script carries the interpreter of the build that installed it; an activated virtual
environment changes nothing about that. So the question is put to every script's own interpreter.
"""

import json
import os
from pathlib import Path
import shlex
import subprocess
import sys
from typing import Any

from hvd_ros.cli.checks import probe
from hvd_ros.cli.checks.finding import Finding, fail, ok, warn

Probe = dict[str, Any]

_NEEDED = {
    'rclpy': 'source /opt/ros/jazzy/setup.bash, or run `make setup`',
    'hvd_msgs.msg': 'build the messages: run `make setup`, or colcon with --base-paths . msg',
    'hvd_ros': 'run `make setup`',
    'numpy': 'run `make setup`',
    'yaml': 'run `make setup`',
}
_FOR_SOMETHING = {
    'dynamixel_sdk': 'the JoyLo arms',
    'serial': 'the JoyLo arms',
    'hid': 'the Joy-Cons',
    'websocket': 'robots that speak rosbridge',
    'mujoco': 'the simulated robot',
    'viser': 'the viewer page',
}
_OPTIONAL = ('torch', 'tensorrt', 'onnxruntime')  # a robot needs none to be teleoperated
_SLOWEST_S = 90.0  # importing torch from a cold disk


def check_interpreters() -> list[Finding]:
    """Report the interpreters of the installed node scripts and what they can import."""
    scripts = node_scripts()
    if not scripts:
        return [warn('interpreters', 'no node scripts are installed', 'run `make setup`')]
    by_python: dict[str, list[str]] = {}
    for script in scripts:
        by_python.setdefault(interpreter(script), []).append(script.name)
    found: list[Finding] = []
    if len(by_python) > 1:
        found.append(
            warn(
                'interpreters',
                f'the node scripts use {len(by_python)} different interpreters: '
                f'{", ".join(by_python)}',
                'build once with one Python: make clean && make setup',
            )
        )
    for python, names in by_python.items():
        found += _of_one(python, names)
    return found


def node_scripts() -> list[Path]:
    """List the installed node scripts of this environment or of the sourced workspaces."""
    prefixes = [sys.prefix, *os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)]
    folders = {Path(prefix) / 'lib' / 'hvd_ros' for prefix in prefixes if prefix}
    return sorted(path for folder in folders for path in folder.glob('*_node'))


def interpreter(script: Path) -> str:
    """Return the interpreter that a script names, also in the form for a path with a space."""
    with script.open('rb') as stream:
        first, second = (stream.readline().decode('utf-8', 'replace').strip() for _ in range(2))
    if first == '#!/bin/sh' and 'exec' in second:
        return shlex.split(second)[1]
    return first.removeprefix('#!').strip() if first.startswith('#!') else '(no interpreter line)'


def ask(python: str) -> Probe:
    """Run the probe under an interpreter."""
    # `#!/usr/bin/env python3` is a command and a word; any other line is one path.
    command = python.split(' ', 1) if python.startswith('/usr/bin/env ') else [python]
    # -P: the folder of the probe holds `launch.py` and others that would shadow real packages.
    done = subprocess.run(
        [*command, '-P', probe.__file__],
        capture_output=True,
        text=True,
        timeout=_SLOWEST_S,
        check=True,
    )
    result: Probe = json.loads(done.stdout.splitlines()[-1])
    return result


def _of_one(python: str, names: list[str]) -> list[Finding]:
    try:
        answer = ask(python)
    except FileNotFoundError:
        text = f'{len(names)} node scripts name {python}, which does not exist'
        return [fail('interpreters', text, 'build again: make setup')]
    except subprocess.SubprocessError as error:
        return [fail('interpreters', f'{python}: {error}', 'run it by hand to see why')]
    title = f'{len(names)} node scripts run {python} (Python {answer["python"]})'
    return [
        ok('interpreters', title),
        *judge_imports(answer),
        *judge_impostors(answer),
        *judge_numpy(answer),
    ]


def judge_imports(answer: Probe) -> list[Finding]:
    """Judge what is missing by what it is needed for."""
    imports = answer['imports']
    broken = {name: said['error'] for name, said in imports.items() if said['error']}
    found = [
        fail('imports', f"'{name}' does not import: {broken[name]}", fix)
        for name, fix in _NEEDED.items()
        if name in broken
    ]
    found += [
        warn('imports', f"'{name}' does not import: {broken[name]}", f'needed for {purpose}')
        for name, purpose in _FOR_SOMETHING.items()
        if name in broken
    ]
    here = [name for name in (*_NEEDED, *_FOR_SOMETHING) if name not in broken]
    found.append(ok('imports', f'imports: {", ".join(here)}'))
    said = [f'{name} {imports[name]["version"] or "no"}' for name in _OPTIONAL]
    found.append(ok('imports', f'not needed to teleoperate: {", ".join(said)}'))
    return found


def judge_impostors(answer: Probe) -> list[Finding]:
    """Find packages that carry the name of the one we mean."""
    have = {name for name, version in answer['distributions'].items() if version}
    found = []
    if answer['pyzed_sl'] is False:
        found.append(
            fail(
                'impostors',
                "'pyzed' is installed without pyzed.sl: the unrelated package of that name",
                'pip uninstall pyzed, then run get_python_api.py of the ZED SDK',
            )
        )
    if 'hid' in have:
        text = "'hid' shadows 'hidapi'" if 'hidapi' in have else "'hid' is not 'hidapi'"
        fix = 'pip uninstall hid && pip install --force-reinstall hidapi'
        found.append(fail('impostors', f'{text}; the Joy-Cons need hidapi', fix))
    if 'serial' in have:
        text = "'serial' is installed, which is not 'pyserial' but imports under the same name"
        fix = 'pip uninstall serial && pip install --force-reinstall pyserial'
        found.append(fail('impostors', text, fix))
    if {'onnxruntime', 'onnxruntime-gpu'} <= have:
        text = 'onnxruntime and onnxruntime-gpu are both installed; one overwrites the other'
        fix = 'pip uninstall both, then install one'
        found.append(fail('impostors', text, fix))
    return found or [ok('impostors', 'no package of a misleading name')]


def judge_numpy(answer: Probe) -> list[Finding]:
    """Find NumPy 2 under a distribution's ROS, whose C extensions were built against 1.26."""
    numpy, rclpy = answer['imports']['numpy'], answer['imports']['rclpy']
    if numpy['error'] or rclpy['error']:
        return []
    native = str(rclpy['file']).startswith('/opt/ros/')
    if native and int(numpy['version'].partition('.')[0]) >= 2:
        return [
            warn(
                'numpy',
                f'NumPy {numpy["version"]} under {rclpy["file"]}, which was built with 1.26; '
                'cv_bridge and other extensions will crash',
                "pip install 'numpy<2' in this environment",
            )
        ]
    return [ok('numpy', f'NumPy {numpy["version"]} fits this ROS')]
