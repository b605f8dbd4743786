# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Numbers of one moment as the messages that our recorder would have heard.

For whoever writes an episode without a graph: an importer of other files, a simulation that runs
at full speed.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.bag import cdr
from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.vision.cloud_message import FIELDS, FLOAT32, POINT_STEP, pack_points
from hvd_ros.core.vision.intrinsics import Intrinsics

_MODES = {Source.TELEOP: Mode.TELEOP, Source.POLICY: Mode.POLICY}
_NONE = np.zeros(0)
_UNKNOWN = np.zeros(36)


def joint_state(body: Body, ns: int, position: Array, velocity: Array) -> Any:
    """Return sensor_msgs/JointState of every dimension that is a joint."""
    moved, names, unit = _joints(body)
    return cdr.make(
        'sensor_msgs/msg/JointState',
        header=cdr.header(ns),
        name=names,
        position=position[moved] * unit,
        velocity=velocity[moved] * unit,
        effort=_NONE,
    )


@lru_cache(maxsize=4)
def _joints(body: Body) -> tuple[NDArray[np.intp], list[str], Array]:
    moved = [i for i, d in enumerate(body.dimensions) if d.joint]
    rows = [body.dimensions[i] for i in moved]
    unit = np.array([row.joint_per_unit for row in rows])
    return np.array(moved, np.intp), [row.joint for row in rows], unit


def odometry(
    body: Body, ns: int, position: Array, place: tuple[float, float, float] = (0.0, 0.0, 0.0)
) -> Any:
    """Return nav_msgs/Odometry: the base velocity, and x, y, yaw of the base where known."""
    forward, left, turning = (float(v) for v in position[body.mask(Kind.VELOCITY)])
    x, y, yaw = place
    turned = cdr.make(
        'geometry_msgs/msg/Quaternion',
        x=0.0, y=0.0, z=float(np.sin(yaw / 2)), w=float(np.cos(yaw / 2)),
    )  # fmt: skip
    point = cdr.make('geometry_msgs/msg/Point', x=float(x), y=float(y), z=0.0)
    twist = cdr.make(
        'geometry_msgs/msg/Twist',
        linear=cdr.make('geometry_msgs/msg/Vector3', x=forward, y=left, z=0.0),
        angular=cdr.make('geometry_msgs/msg/Vector3', x=0.0, y=0.0, z=turning),
    )
    pose = cdr.make('geometry_msgs/msg/Pose', position=point, orientation=turned)
    return cdr.make(
        'nav_msgs/msg/Odometry',
        header=cdr.header(ns, 'odom'),
        child_frame_id=body.base_frame,
        pose=cdr.make('geometry_msgs/msg/PoseWithCovariance', pose=pose, covariance=_UNKNOWN),
        twist=cdr.make('geometry_msgs/msg/TwistWithCovariance', twist=twist, covariance=_UNKNOWN),
    )


def trace(
    body: Body,
    ns: int,
    tick: int,
    sent: Array,
    asked: Array = _NONE,
    clip: NDArray[np.uint8] | None = None,
    source: Source = Source.TELEOP,
) -> Any:
    """Return hvd_msgs/CommandTrace; `asked` is empty where only what was sent is known."""
    return cdr.make(
        'hvd_msgs/msg/CommandTrace',
        header=cdr.header(ns),
        tick=tick,
        mode=int(_MODES[source]),
        source=int(source),
        source_seq=tick,
        layout_id=body.layout_id,
        asked=asked,
        sent=sent,
        clip=np.zeros(body.size, np.uint8) if clip is None else clip,
        refusal='',
        chunk_seq=0,
        chunk_step=0,
    )


def named_numbers(ns: int, names: Sequence[str], values: Array) -> Any:
    """Return numbers with their names, in the standard message that has room for both."""
    return cdr.make(
        'sensor_msgs/msg/JointState',
        header=cdr.header(ns),
        name=list(names),
        position=values,
        velocity=_NONE,
        effort=_NONE,
    )


def image(head: Any, form: str, data: bytes) -> Any:
    """Return sensor_msgs/CompressedImage."""
    pixels = np.frombuffer(data, np.uint8)
    return cdr.make('sensor_msgs/msg/CompressedImage', header=head, format=form, data=pixels)


def camera_info(head: Any, seen: Intrinsics) -> Any:
    """Return sensor_msgs/CameraInfo of a camera that looks straight."""
    roi = cdr.make(
        'sensor_msgs/msg/RegionOfInterest',
        x_offset=0, y_offset=0, height=0, width=0, do_rectify=False,
    )  # fmt: skip
    return cdr.make(
        'sensor_msgs/msg/CameraInfo',
        header=head,
        height=seen.height,
        width=seen.width,
        distortion_model='plumb_bob',
        d=np.array(seen.distortion, np.float64),
        k=seen.matrix.ravel(),
        r=np.eye(3).ravel(),
        p=np.hstack((seen.matrix, np.zeros((3, 1)))).ravel(),
        binning_x=0,
        binning_y=0,
        roi=roi,
    )


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
