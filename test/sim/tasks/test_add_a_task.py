# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/add_a_task.md does what it says: its files are made from the page, and played."""

import importlib
import os
from pathlib import Path
import re
import subprocess
import sys

import pytest

mujoco = pytest.importorskip('mujoco')

from hvd_ros.cli.launching.file import expand, launch_file  # noqa: E402
from hvd_ros.core.policy.observation import modalities  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.core.tasks import load_task  # noqa: E402
from hvd_ros.sim import tasks  # noqa: E402
from hvd_ros.sim.task_env import TaskEnv  # noqa: E402
from hvd_ros.sim.tasks import catalogue, facts  # noqa: E402
from hvd_ros.sim.vendor_side import VendorSide  # noqa: E402

PAGE = Path(__file__).resolve().parents[3] / 'docs' / 'add_a_task.md'
BLOCKS = re.findall(r'```(yaml|python)\n(.*?)```', PAGE.read_text(), flags=re.DOTALL)
BODY = load_body('r1')
NAME = 'block_lift'


@pytest.fixture
def added(tmp_path, monkeypatch):
    """Do the first two steps of the page."""
    assert [kind for kind, _ in BLOCKS] == ['yaml', 'python', 'python', 'python']
    described, built = tmp_path / 'tasks' / f'{NAME}.yaml', tmp_path / f'{NAME}.py'
    described.parent.mkdir()
    described.write_text(BLOCKS[0][1])
    built.write_text(BLOCKS[1][1])
    monkeypatch.setenv('HVD_CONFIG_DIR', str(tmp_path))
    monkeypatch.setattr(tasks, '__path__', [*tasks.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    monkeypatch.setitem(catalogue.TASKS, NAME, catalogue.found()[NAME])
    yield NAME
    sys.modules.pop(f'{tasks.__name__}.{NAME}', None)


def test_one_file_and_a_preset_make_a_task(added):
    assert load_task(added).prompt == 'lift the block'
    env = TaskEnv(added, BODY)
    env.reset(0)
    assert len(env.task.stages) == len(env.stage_names) == 1
    env.step(env.command)
    assert env.scores == (0.0,)
    seen = env.observe(modalities(['sim_state'])).sim_state
    told = dict(zip(env.sim_state_names, seen, strict=True))
    assert told['block.base.x'] == pytest.approx(0.85, abs=0.3)
    assert told['block.held_left'] == 0.0
    # A block that comes into a closing hand, high above the table.
    action = env.command
    for side in facts.SIDES:
        action[BODY.index(f'{side}_gripper')] = 0.2
    for _ in range(8):
        hand, axes = facts.pose(env.data, 'left_gripping_point')
        facts.lay(env.model, env.data, 'block', hand, axes)
        at = env.model.jnt_dofadr[env.model.body('block').jntadr[0]]
        env.data.qvel[at : at + 6] = 0.0
        env.step(action)
    env.step(action)
    assert env.scores == (1.0,)


def test_the_twin_stands_in_it(added):
    nodes = expand(launch_file('teleop'), {'scene': added}, {})
    twin = next(node for node in nodes if node.name == 'sim_robot')
    assert {'scene': added} in twin.parameters
    side = VendorSide(BODY, scene=added, seed=3)
    assert side.stage.scoreboard.task == added
    side.robot.step(0.1)
    assert side.stage.scoreboard.time_s == pytest.approx(0.1)


def test_a_lab_brings_one_without_touching_ours(tmp_path):
    (tmp_path / 'tasks').mkdir()
    (tmp_path / 'tasks' / f'{NAME}.yaml').write_text(BLOCKS[0][1])
    (tmp_path / f'{NAME}.py').write_text(BLOCKS[1][1])
    about = tmp_path / 'their_lab-1.0.dist-info'
    about.mkdir()
    (about / 'METADATA').write_text('Metadata-Version: 2.1\nName: their-lab\nVersion: 1.0\n')
    (about / 'entry_points.txt').write_text(f'[hvd.tasks]\n{NAME} = {NAME}:TASK\n')
    play = 'from hvd_ros.sim.vendor_side import PLACES\nprint(PLACES[-1])\n' + BLOCKS[3][1]
    home = {'PYTHONPATH': str(tmp_path), 'HVD_CONFIG_DIR': str(tmp_path)}
    said = subprocess.run(
        [sys.executable, '-c', play],
        env=os.environ | home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout.startswith(f'{NAME}\n(0.0,)'), said.stderr


def test_the_proof_on_the_page_holds(added):
    names: dict[str, object] = {}
    exec(BLOCKS[2][1], names)
    names['test_lifting_the_block']()


def test_the_play_on_the_page_runs(added, capsys):
    exec(BLOCKS[3][1], {})
    said = capsys.readouterr().out
    assert '(0.0,)' in said
    assert 'block.left.x' in said


def test_tasks_of_other_distributions_are_found(added, monkeypatch):
    task = catalogue.TASKS[NAME]

    class Entry:
        def load(self):
            return type('Theirs', (type(task),), {'name': 'their_task'})()

    monkeypatch.setattr(catalogue.metadata, 'entry_points', lambda group: [Entry()])
    paper = ['pen_insert', 'cup_upright', 'wipe_board', 'basket_carry', 'trash_dispose']
    assert list(catalogue.found()) == [*paper, NAME, 'their_task']
