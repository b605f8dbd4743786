# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/add_a_robot.md does what it says: its files are made from the page, and used."""

from pathlib import Path
import re
import subprocess

import numpy as np
import pytest

from hvd_ros.core.mux.limiter import Limiter, Motion
from hvd_ros.core.robot.description import load_body

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / 'docs' / 'add_a_robot.md').read_text(encoding='utf-8')
((_, SHELL), (_, SWEEPER)) = re.findall(r'```(bash|yaml)\n(.*?)```', PAGE, flags=re.DOTALL)


@pytest.fixture
def robots(tmp_path, monkeypatch):
    """Return the folder of a lab's own robots."""
    monkeypatch.setenv('HVD_CONFIG_DIR', str(tmp_path / '.config' / 'hvd_ros'))
    return tmp_path / '.config' / 'hvd_ros' / 'robots'


def test_an_own_r1_has_its_own_limits_and_fits_the_data_of_every_r1(robots, tmp_path):
    make = SHELL.splitlines()[:2]
    subprocess.run(['bash', '-ec', '\n'.join(make)], cwd=ROOT, env={'HOME': str(tmp_path),
                   'PATH': '/usr/bin:/bin'}, check=True)  # fmt: skip
    own, ours = load_body('our_r1'), load_body('r1')
    assert own.layout_id == ours.layout_id
    assert own.limits_id != ours.limits_id
    assert own.limits.high[own.index('base_vx')] == pytest.approx(0.15)
    # The sed of the page changed what it says, and nothing else.
    changed = {own.dimensions[i].name for i in np.flatnonzero(own.limits.high != ours.limits.high)}
    assert changed == {'base_vx', 'base_vy'}


def test_another_body_is_limited_by_its_own_file(robots):
    robots.mkdir(parents=True)
    (robots / 'sweeper.yaml').write_text(SWEEPER, encoding='utf-8')
    body = load_body('sweeper')
    assert body.groups == ('base', 'arm')
    assert body.pose('home').tolist() == [0, 0, 0.3, 1.2, 1.0]
    motion = Motion(body.pose('home'), np.zeros(body.size))
    asked = np.array([9.0, 0.0, 9.0, -9.0, 0.0])
    for _ in range(1000):
        motion, _ = Limiter(body, 0.01).step(motion, asked, np.zeros(body.size, bool))
    assert motion.values == pytest.approx([0.5, 0.0, 1.5, 0.0, 0.0], abs=1e-6)
