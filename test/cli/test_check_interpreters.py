# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Interpreters and impostors, on made-up installations and on real interpreters."""

import subprocess
import sys

from hvd_ros.cli.checks import interpreters as checks
from hvd_ros.cli.checks import probe


def answer(**changes):
    """Describe an environment in which everything is right."""
    fine = {'error': None, 'version': '1.26.4', 'file': '/opt/ros/jazzy/x.py'}
    return {
        'python': '3.12.3',
        'imports': {name: dict(fine) for name in probe.MODULES},
        'distributions': {'hidapi': '0.15', 'pyserial': '3.5', 'hid': None, 'serial': None},
        'pyzed_sl': None,
    } | changes


def levels(findings):
    return [str(found.level) for found in findings]


def with_distributions(**versions):
    return answer(distributions=answer()['distributions'] | versions)


def test_a_good_environment_has_no_complaint():
    for judge in (checks.judge_imports, checks.judge_impostors, checks.judge_numpy):
        assert set(levels(judge(answer()))) == {'ok'}


def test_needed_and_useful_packages_weigh_differently():
    said = answer()
    said['imports']['rclpy']['error'] = 'not installed'
    said['imports']['mujoco']['error'] = 'OSError: libGL.so.1'
    said['imports']['torch']['error'] = 'not installed'
    found = {f.text: f for f in checks.judge_imports(said)}
    assert found["'rclpy' does not import: not installed"].level == 'fail'
    assert 'make setup' in found["'rclpy' does not import: not installed"].fix
    broken = found["'mujoco' does not import: OSError: libGL.so.1"]
    assert (broken.level, broken.fix) == ('warn', 'needed for the simulated robot')
    assert not any('torch' in f.text for f in found.values() if f.level != 'ok')


def test_impostors():
    (zed,) = checks.judge_impostors(answer(pyzed_sl=False))
    assert zed.level == 'fail'
    assert 'get_python_api.py' in zed.fix
    assert levels(checks.judge_impostors(answer(pyzed_sl=True))) == ['ok']
    (both,) = checks.judge_impostors(with_distributions(hid='1.0'))
    assert both.text.startswith("'hid' shadows 'hidapi'")
    (other,) = checks.judge_impostors(with_distributions(hid='1.0', hidapi=None))
    assert other.text.startswith("'hid' is not 'hidapi'")
    (serial,) = checks.judge_impostors(with_distributions(serial='0.0.97'))
    assert "not 'pyserial'" in serial.text
    two = {'onnxruntime': '1.20', 'onnxruntime-gpu': '1.20'}
    (onnx,) = checks.judge_impostors(with_distributions(**two))
    assert 'both installed' in onnx.text


def test_numpy_2_matters_only_under_a_distribution_ros():
    said = answer()
    said['imports']['numpy']['version'] = '2.1.0'
    assert levels(checks.judge_numpy(said)) == ['warn']
    said['imports']['rclpy']['file'] = '/home/me/.venv/lib/python3.11/site-packages/rclpy'
    assert levels(checks.judge_numpy(said)) == ['ok']


def script(folder, text):
    path = folder / 'lib/hvd_ros/mux_node'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_interpreter_lines(tmp_path):
    assert checks.interpreter(script(tmp_path, '#!/usr/bin/python3\nx\n')) == '/usr/bin/python3'
    spaced = "#!/bin/sh\n'''exec' \"/a b/bin/python\" \"$0\" \"$@\"\n' '''\n"
    assert checks.interpreter(script(tmp_path, spaced)) == '/a b/bin/python'
    assert checks.interpreter(script(tmp_path, 'x')) == '(no interpreter line)'


def test_the_script_s_own_interpreter_is_asked(tmp_path, monkeypatch):
    script(tmp_path, f'#!{sys.executable}\n')
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    found = checks.check_interpreters()
    assert found[0].text.startswith(f'1 node scripts run {sys.executable} (Python 3.')


def test_a_vanished_interpreter_is_a_finding(tmp_path, monkeypatch):
    script(tmp_path, '#!/nowhere/python3\n')
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    (found,) = checks.check_interpreters()
    assert found.level == 'fail'
    assert '/nowhere/python3, which does not exist' in found.text


def test_two_interpreters_are_a_warning(tmp_path, monkeypatch):
    script(tmp_path, '#!/nowhere/python3\n')
    (tmp_path / 'lib/hvd_ros/r1_node').write_text('#!/elsewhere/python3\n')
    monkeypatch.setattr(sys, 'prefix', str(tmp_path))
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    assert checks.check_interpreters()[0].text.startswith('the node scripts use 2 different')


def test_the_probe_recognises_a_pyzed_without_sl(tmp_path):
    (tmp_path / 'pyzed').mkdir()
    (tmp_path / 'pyzed/__init__.py').write_text('raise SystemExit("must not be imported")')
    code = f'import sys; sys.path[:0] = [{str(tmp_path)!r}]; ' + (
        'from hvd_ros.cli.checks import probe; print(probe._pyzed_sl())'
    )

    def seen():
        done = subprocess.run(
            [sys.executable, '-c', code], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    assert seen() == 'False'
    (tmp_path / 'pyzed/sl.cpython-312-x86_64-linux-gnu.so').write_text('')
    assert seen() == 'True'
