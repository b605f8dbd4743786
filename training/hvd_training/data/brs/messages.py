# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Numbers of one moment as the messages that our recorder would have heard."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.bag import cdr
from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.vision.cloud_message import FIELDS, FLOAT32, POINT_STEP, pack_points


def joint_state(body: Body, ns: int, position: Array, velocity: Array) -> Any:
    """Return sensor_msgs/JointState of every dimension that is a joint."""
    moved = [i for i, d in enumerate(body.dimensions) if d.joint]
    unit = np.array([body.dimensions[i].joint_per_unit for i in moved])
    return cdr.make(
        'sensor_msgs/msg/JointState',
        header=cdr.header(ns),
        name=[body.dimensions[i].joint for i in moved],
        position=position[moved] * unit,
        velocity=velocity[moved] * unit,
        effort=np.zeros(0),
    )


def odometry(body: Body, ns: int, position: Array) -> Any:
    """Return nav_msgs/Odometry with the base velocity; where the base stands is not known."""
    x, y, yaw = (float(v) for v in position[body.mask(Kind.VELOCITY)])
    nowhere = cdr.make(
        'geometry_msgs/msg/Pose',
        position=cdr.make('geometry_msgs/msg/Point', x=0.0, y=0.0, z=0.0),
        orientation=cdr.make('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0),
    )
    twist = cdr.make(
        'geometry_msgs/msg/Twist',
        linear=cdr.make('geometry_msgs/msg/Vector3', x=x, y=y, z=0.0),
        angular=cdr.make('geometry_msgs/msg/Vector3', x=0.0, y=0.0, z=yaw),
    )
    none = np.zeros(36)
    with_none = cdr.make('geometry_msgs/msg/PoseWithCovariance', pose=nowhere, covariance=none)
    return cdr.make(
        'nav_msgs/msg/Odometry',
        header=cdr.header(ns, 'odom'),
        child_frame_id=body.base_frame,
        pose=with_none,
        twist=cdr.make('geometry_msgs/msg/TwistWithCovariance', twist=twist, covariance=none),
    )


def trace(body: Body, ns: int, tick: int, sent: Array) -> Any:
    """Return hvd_msgs/CommandTrace: sent is known, what was asked for is not."""
    return cdr.make(
        'hvd_msgs/msg/CommandTrace',
        header=cdr.header(ns),
        tick=tick,
        mode=int(Mode.TELEOP),
        source=int(Source.TELEOP),
        source_seq=tick,
        layout_id=body.layout_id,
        asked=np.zeros(0),
        sent=sent,
        clip=np.zeros(body.size, np.uint8),
        refusal='',
        chunk_seq=0,
        chunk_step=0,
    )


def image(head: Any, form: str, data: bytes) -> Any:
    """Return sensor_msgs/CompressedImage."""
    pixels = np.frombuffer(data, np.uint8)
    return cdr.make('sensor_msgs/msg/CompressedImage', header=head, format=form, data=pixels)


def cloud(ns: int, frame: str, xyz: NDArray[np.float32], rgb: NDArray[np.uint8]) -> Any:
    """Return sensor_msgs/PointCloud2 of points and their colours."""
    fields = [
        cdr.make('sensor_msgs/msg/PointField', name=name, offset=4 * i, datatype=FLOAT32, count=1)
        for i, name in enumerate(FIELDS)
    ]
    return cdr.make(
        'sensor_msgs/msg/PointCloud2',
        header=cdr.header(ns, frame),
        height=1,
        width=len(xyz),
        fields=fields,
        is_bigendian=False,
        point_step=POINT_STEP,
        row_step=POINT_STEP * len(xyz),
        data=np.frombuffer(pack_points(xyz, rgb), np.uint8),
        is_dense=True,
    )
