# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What an episode is made of: every stream, its topic in the graph and its topic in the bag.

Sensors keep their names in the bag, so that RViz and Foxglove show an episode as they show the
robot. Whatever can command, engage or gate something is recorded below /recorded, so that a bag
played beside a live robot moves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

CAMERAS = ('head', 'left_wrist', 'right_wrist')
FRAMES_TOPIC = '/recorded/frames'
MARKS_TOPIC = '/recorded/stage_marks'
FRAME_KIND = 'hvd_msgs/msg/Frame'
MARK_KIND = 'hvd_msgs/msg/StageMark'
# Large and already compressed: they get chunks of their own, see bag.py.
BULK_KINDS = frozenset(
    {'sensor_msgs/msg/CompressedImage', 'sensor_msgs/msg/Image', 'sensor_msgs/msg/PointCloud2'}
)


@dataclass(frozen=True)
class Stream:
    """One row of the recorder's table."""

    name: str
    topic: str  # in the graph, relative
    recorded_topic: str  # in the bag, absolute
    kind: str
    every: bool  # True: each message is written; False: the newest at each frame
    required: bool  # an episode without it is not healthy
    floor_hz: float  # slower than this is not healthy; 0: any rate will do


def _sensor(
    name: str, topic: str, kind: str, *, every: bool, required: bool, floor_hz: float
) -> Stream:
    return Stream(name, topic, f'/{topic}', kind, every, required, floor_hz)


def _command(
    name: str, topic: str, kind: str, *, every: bool, required: bool = False, floor_hz: float = 0.0
) -> Stream:
    return Stream(name, topic, f'/recorded/{topic}', kind, every, required, floor_hz)


# Joints and odometry are kept at full rate: clouds are made again from depth and the joints at the
# capture time, and values are learned between frames. `asked` and `sent` of every tick are in the
# traces, so that commands need not be kept twice.
STREAMS = (
    _sensor(
        'joints', 'joint_states', 'sensor_msgs/msg/JointState',
        every=True, required=True, floor_hz=80.0,
    ),
    _sensor(
        'odom', 'odom', 'nav_msgs/msg/Odometry', every=True, required=True, floor_hz=80.0
    ),
    _command(
        'trace', 'mux/trace', 'hvd_msgs/msg/CommandTrace',
        every=True, required=True, floor_hz=80.0,
    ),
    _command(
        'status', 'mux/status', 'hvd_msgs/msg/MuxStatus', every=True, required=True, floor_hz=5.0
    ),
    _command('teleop', 'teleop/command', 'hvd_msgs/msg/WholeBodyCommand', every=False),
    _command('chunk', 'policy/chunk', 'hvd_msgs/msg/ActionChunk', every=True),
    _command('command', 'command', 'hvd_msgs/msg/WholeBodyCommand', every=False),
    _command('buttons', 'joylo/buttons', 'sensor_msgs/msg/Joy', every=False),
    _command('health', 'robot_health', 'hvd_msgs/msg/RobotHealth', every=False),
)  # fmt: skip


def camera_streams(camera: str) -> tuple[Stream, ...]:
    """Return colour, depth and intrinsics of one camera."""
    image = 'sensor_msgs/msg/CompressedImage'
    place = f'camera/{camera}'
    wanted = {'every': False, 'required': True}
    return (
        _sensor(
            f'{camera}_color', f'{place}/color/image_raw/compressed', image,
            **wanted, floor_hz=9.0,
        ),
        _sensor(
            f'{camera}_depth', f'{place}/depth/image_raw/compressedDepth', image,
            **wanted, floor_hz=9.0,
        ),
        _sensor(
            f'{camera}_info', f'{place}/color/camera_info', 'sensor_msgs/msg/CameraInfo',
            **wanted, floor_hz=0.0,
        ),
    )  # fmt: skip


# Where everything truly is, by name: a simulation knows it, no robot does. The values are
# `position` of a JointState, which is the standard message that names each of its numbers.
SIM_STATE = _command(
    'sim_state', 'sim_state', 'sensor_msgs/msg/JointState', every=False, required=True
)

CLOUD = _sensor(
    'cloud', 'points', 'sensor_msgs/msg/PointCloud2', every=False, required=True, floor_hz=8.0
)


def streams_for(cameras: Sequence[str], cloud: bool) -> tuple[Stream, ...]:
    """Return the table for a robot with these cameras, with or without a cloud."""
    seen = tuple(stream for camera in cameras for stream in camera_streams(camera))
    return (*STREAMS, *seen, *((CLOUD,) if cloud else ()))
