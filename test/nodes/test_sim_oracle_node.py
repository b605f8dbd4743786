# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The physics of one node told by another: named, with the time it is of, and only in a task."""

import itertools

import pytest
from sensor_msgs.msg import JointState, PointCloud2

pytest.importorskip('mujoco')

from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.core.vision.cloud_message import POINT_STEP  # noqa: E402
from hvd_ros.nodes.shell import qos  # noqa: E402
from hvd_ros.nodes.sim_oracle_node import SimOracleNode  # noqa: E402
from hvd_ros.nodes.sim_robot_node import SimRobotNode  # noqa: E402
from test.nodes.node_room import NodeRoom  # noqa: E402

pytestmark = pytest.mark.ros


class Room(NodeRoom):
    """A namespace with a twin in a scene, an oracle, and somebody who listens."""

    def __init__(self, scene: str, **oracle) -> None:
        super().__init__()
        self.robot = self.add(SimRobotNode, {'scene': scene, 'feedback_hz': 50.0})
        self.told: list[JointState] = []
        self.clouds: list[PointCloud2] = []
        user = self.add_user()
        user.create_subscription(JointState, 'sim_state', self.told.append, qos.STATE)
        user.create_subscription(PointCloud2, 'points', self.clouds.append, qos.SENSOR)
        self.oracle = self.add(SimOracleNode, {'rate_hz': 20.0} | oracle)


@pytest.fixture
def room(request):
    made = []

    def make(scene, **oracle):
        made.append(Room(scene, **oracle))
        return made[0]

    yield make
    for one in made:
        one.close()


def test_a_task_is_told_with_names_and_the_time_of_the_physics(room):
    twin = room('pen_insert', tells='rays')
    twin.until(lambda: len(twin.told) > 3 and len(twin.clouds) > 3)
    last = dict(zip(twin.told[-1].name, twin.told[-1].position, strict=True))
    assert 0.3 < last['pen.base.x'] < 1.3
    stamps = [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in twin.told]
    assert all(a < b for a, b in itertools.pairwise(stamps))
    now_ns = twin.robot.get_clock().now().nanoseconds
    assert 0 <= now_ns - stamps[-1] < 5e9
    cloud = twin.clouds[-1]
    assert (cloud.header.frame_id, len(cloud.data)) == ('base_link', 512 * POINT_STEP)


def test_without_the_cloud_nobody_publishes_points(room):
    twin = room('pen_insert')
    twin.until(lambda: len(twin.told) > 2)
    assert not twin.clouds
    assert twin.oracle.count_publishers('points') == 0


def test_a_room_without_a_task_is_an_error_that_names_the_scenes(room):
    twin = room('office')
    with pytest.raises(ConfigError, match="stands in 'office'.*scene:= one of basket_carry"):
        twin.until(lambda: False)
