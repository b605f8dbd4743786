# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Robot descriptions: where they are found, and what is said about a wrong one."""

import copy

import pytest
import yaml

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.share import share_file

GOOD = yaml.safe_load(share_file('config', 'robots', 'r1.yaml').read_text(encoding='utf-8'))


def load(tmp_path, data):
    path = tmp_path / 'robot.yaml'
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False))
    return load_body(str(path))


def row(data, name='left_arm_joint1'):
    return next(d for d in data['dimensions'] if d['name'] == name)


def test_a_copy_of_our_file_is_the_same_robot(tmp_path):
    body = load(tmp_path, GOOD)
    assert body.layout_id == load_body('r1').layout_id
    assert body.limits_id == load_body('r1').limits_id


def test_the_users_file_goes_before_ours(tmp_path, monkeypatch):
    slower = copy.deepcopy(GOOD)
    row(slower)['velocity'] = 0.5
    (tmp_path / 'robots').mkdir()
    (tmp_path / 'robots' / 'r1.yaml').write_text(yaml.safe_dump(slower, sort_keys=False))
    monkeypatch.setenv('HVD_CONFIG_DIR', str(tmp_path))
    body = load_body('r1')
    assert body.limits.velocity[0] == 0.5


def test_an_unknown_robot_is_corrected():
    with pytest.raises(ConfigError, match="unknown robot 'r1por'; did you mean 'r1pro'"):
        load_body('r1por')


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match='does not exist'):
        load_body(str(tmp_path / 'none.yaml'))


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('name: [', 'not readable as YAML'),
        ('name: r1\n\tgroups: x', 'not readable as YAML'),
        ('', 'expected a mapping'),
        ('- 1', 'expected a mapping'),
        ('name: !!python/object:os.system {}', 'not readable as YAML'),
    ],
)
def test_malformed_yaml_is_one_clear_error(tmp_path, text, words):
    with pytest.raises(ConfigError, match=words) as error:
        load(tmp_path, text)
    assert 'robot.yaml' in str(error.value) and '\n' not in str(error.value)


def put(name, /, **fields):
    def change(data):
        row(data, name).update(fields)

    return change


def top(**fields):
    return lambda data: data.update(fields)


def drop(key, name='left_arm_joint1'):
    return lambda data: row(data, name).pop(key)


ARM = 'left_arm_joint1'
MISTAKES = {
    'unknown top key': (top(dimension=[]), "unknown key 'dimension'; did you mean 'dimensions'"),
    'unknown row key': (put(ARM, velocty=1.0), "unknown key 'velocty'; did you mean 'velocity'"),
    'unknown joint': (put(ARM, joint='left_arm_jiont1'), "did you mean 'left_arm_joint1'"),
    'unknown gripper joint': (
        put('left_gripper', joint='left_gripper_finger'),
        "did you mean 'left_gripper_finger_joint1'",
    ),
    'a joint that copies another': (
        put('left_gripper', joint='left_gripper_finger_joint2'),
        'not a free joint',
    ),
    'a joint without limits': (put(ARM, joint='wheel_motor_joint1'), 'empty or endless'),
    'the same joint twice': (put(ARM, joint='left_arm_joint2'), "'left_arm_joint2' appears 2"),
    'unknown group': (put(ARM, group='amr'), "group 'amr'; did you mean 'arm'"),
    'unknown kind': (put(ARM, kind='angle'), "kind 'angle'"),
    'unit of another kind': (put(ARM, unit='m/s'), "unit 'm/s' does not fit kind position"),
    'name twice': (put(ARM, name='left_arm_joint2'), "dimension 'left_arm_joint2' appears 2"),
    'no name': (drop('name'), 'every dimension needs a name'),
    'no part': (drop('part'), "dimension 'left_arm_joint1': 'part' must be a str"),
    'no velocity': (drop('velocity'), 'velocity = None must be a positive number'),
    'no speed': (drop('speed', 'base_vx'), 'speed = None must be a positive number'),
    'NaN velocity': (put(ARM, velocity=float('nan')), 'velocity = nan must be a positive'),
    'endless velocity': (put(ARM, velocity=float('inf')), 'velocity = inf must be a positive'),
    'negative acceleration': (put(ARM, acceleration=-1.0), 'acceleration = -1.0'),
    'true velocity': (put(ARM, velocity=True), 'velocity = True'),
    'a word for a number': (put(ARM, velocity='fast'), "velocity = 'fast'"),
    'a word for a ratio': (put('left_gripper', joint_per_unit='x'), "joint_per_unit = 'x'"),
    'NaN position': (put(ARM, position=[float('nan'), 1.0]), 'empty or endless'),
    'turned position': (put(ARM, position=[1.0, -1.0]), 'empty or endless'),
    'one position': (put(ARM, position=[1.0]), 'must be .low, high.'),
    'a word for a position': (put(ARM, position=['a', 1.0]), 'must be .low, high.'),
    'NaN margin': (top(position_margin=float('nan')), 'position_margin = nan'),
    'a margin that leaves nothing': (top(position_margin=2.0), 'empty or endless'),
    'a group without dimensions': (
        lambda data: data['groups'].append('head'),
        "group 'head' has no dimension",
    ),
    'a group twice': (lambda data: data['groups'].append('arm'), "group 'arm' appears 2 times"),
    'nothing at all': (top(groups=[], dimensions=[]), 'at least one group'),
    'no groups': (lambda data: data.pop('groups'), "'groups' must be a list"),
    'no poses': (lambda data: data.pop('poses'), "'poses' must be a dict"),
    'dimensions by name': (top(dimensions={'a': 1}), "'dimensions' must be a list"),
    'a row that is none': (top(dimensions=[3]), 'every dimension needs a name, got 3'),
    'unknown name in a pose': (
        lambda data: data['poses']['home'].update(left_arm_jiont1=0.0),
        "did you mean 'left_arm_joint1'",
    ),
    'a pose beyond the limits': (
        lambda data: data['poses']['home'].update(left_arm_joint1=3.0),
        'left_arm_joint1 = 3.0 is outside',
    ),
    'NaN in a pose': (
        lambda data: data['poses']['home'].update(left_arm_joint1=float('nan')),
        'left_arm_joint1 = nan is outside',
    ),
    'a word in a pose': (
        lambda data: data['poses']['home'].update(left_arm_joint1='up'),
        'left_arm_joint1 = up is outside',
    ),
    'a pose that is none': (lambda data: data['poses'].update(home=3), "pose 'home': expected"),
    'a missing URDF': (top(urdf='r3.urdf'), 'r3.urdf'),
    'a missing sphere file': (top(spheres='none.yaml'), 'none.yaml'),
    'no URDF and no positions': (lambda data: data.pop('urdf'), 'needs `position: .low, high.`'),
}


@pytest.mark.parametrize('mistake', MISTAKES)
def test_a_mistake_is_one_clear_error(tmp_path, mistake):
    change, words = MISTAKES[mistake]
    data = copy.deepcopy(GOOD)
    change(data)
    with pytest.raises(ConfigError, match=words) as error:
        load(tmp_path, data)
    assert '\n' not in str(error.value)


def test_a_pose_may_leave_out_what_stands_at_zero(tmp_path):
    data = copy.deepcopy(GOOD)
    data['poses'] = {'rest': {}}
    pose = load(tmp_path, data).pose('rest')
    assert pose[0] == 0.0
    assert pose[1] == pytest.approx(
        0.02
    )  # zero is on the limit of this joint: the nearest allowed
