# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch files and config/params name only parameters that a node has, with values it takes."""

import importlib
from pathlib import Path

import pytest
import yaml

from hvd_ros.cli.launching.file import LaunchNode, declared, expand, launch_file
from hvd_ros.core.config import build
from hvd_ros.core.errors import ConfigError

pytest.importorskip('rclpy')
pytestmark = pytest.mark.ros

CONFIGS = {
    'joylo': 'hvd_ros.nodes.joylo_node:JoyloConfig',
    'mux': 'hvd_ros.core.mux.state:MuxConfig',
    'r1': 'hvd_ros.nodes.r1_node:R1Config',
    'guardian': 'hvd_ros.nodes.guardian_node:GuardianConfig',
    'recorder': 'hvd_ros.nodes.recorder_node:RecorderConfig',
    'policy': 'hvd_ros.nodes.policy_node:PolicyConfig',
    'replay': 'hvd_ros.nodes.replay_node:ReplayConfig',
    'cloud': 'hvd_ros.nodes.cloud_node:CloudConfig',
    'viewer': 'hvd_ros.nodes.viewer_node:ViewerConfig',
    'sim_robot': 'hvd_ros.nodes.sim_robot_node:SimRobotConfig',
    'rosbridge_twin': 'hvd_ros.nodes.rosbridge_twin_node:RosbridgeTwinConfig',
    'sim_joylo': 'hvd_ros.nodes.sim_joylo_node:SimJoyloConfig',
    'scripted_operator': 'hvd_ros.nodes.scripted_operator_node:ScriptedOperatorConfig',
    'zed_camera': 'hvd_ros.nodes.zed_camera_node:ZedCameraConfig',
    'left_realsense_camera': 'hvd_ros.nodes.realsense_camera_node:RealsenseCameraConfig',
    'right_realsense_camera': 'hvd_ros.nodes.realsense_camera_node:RealsenseCameraConfig',
    'sim_cameras': 'hvd_ros.nodes.sim_cameras_node:SimCamerasConfig',
    'sim_oracle': 'hvd_ros.nodes.sim_oracle_node:SimOracleConfig',
}
EVERY_NODE = {'use_sim_time'}


def _given(node: LaunchNode) -> tuple[dict[str, object], dict[str, object]]:
    """Return the values of the shared vendor files, and all the others."""
    shared: dict[str, object] = {}
    own: dict[str, object] = {}
    for item in node.parameters:
        if not isinstance(item, str):
            own |= item
            continue
        values = yaml.safe_load(Path(item).read_text())['/**']['ros__parameters']
        (shared if '/vendor_' in item else own).update(values)
    return shared, own


@pytest.mark.parametrize(
    ('file', 'arguments'),
    [
        ('teleop', {'operator': 'tour'}),
        ('teleop', {'transport': 'rosbridge'}),
        ('teleop', {'oracle': 'table', 'scene': 'pen_insert'}),
        ('teleop', {'hardware': 'real'}),
        ('guardian', {'hardware': 'real'}),
        ('record', {'root': '/data', 'kind': 'suboptimal'}),
        ('deploy', {'policy': 'one.bundle'}),
        ('deploy', {'policy': 'one.bundle', 'cameras': 'false', 'policy_period': '0.4'}),
        ('replay', {'episode': '/an/episode', 'drive': 'true'}),
    ],
    ids=str,
)
def test_every_value_is_one_that_the_node_takes(file: str, arguments: dict[str, str]) -> None:
    for node in expand(launch_file(file), arguments, {}):
        module, _, name = CONFIGS[node.name].partition(':')
        config = getattr(importlib.import_module(module), name)
        shared, own = _given(node)
        fields = config.__dataclass_fields__
        # A node picks what it knows from the vendor's names; anything else must be its own.
        known = {key: value for key, value in shared.items() if key in fields}
        own = {key: value for key, value in own.items() if key not in EVERY_NODE}
        build(config, known | own)
        assert not shared or known, node.name


def test_the_launch_files_offer_every_setting_script_and_manner_that_there_is() -> None:
    from hvd_ros.sim.experts.catalogue import EXPERTS
    from hvd_ros.sim.experts.manner import KINDS
    from hvd_ros.sim.operator_script import MANNERS, SCRIPTS, TASK_SCRIPTS
    from hvd_ros.sim.tasks.setting import SETTINGS

    arguments = declared(launch_file('sim'))
    assert arguments['setting'].choices == tuple(SETTINGS)
    assert tuple(EXPERTS) == TASK_SCRIPTS
    assert arguments['operator'].choices == ('none', *SCRIPTS, *TASK_SCRIPTS)
    assert arguments['manner'].choices == MANNERS == KINDS


def test_a_scene_is_refused_by_the_twin_which_knows_them_all() -> None:
    from hvd_ros.nodes.sim_robot_node import SimRobotConfig
    from hvd_ros.sim.vendor_side import PLACES

    assert not declared(launch_file('sim'))['scene'].choices
    for place in PLACES:
        build(SimRobotConfig, {'scene': place})
    with pytest.raises(ConfigError, match="did you mean 'pen_insert'"):
        build(SimRobotConfig, {'scene': 'pen_inset'})
