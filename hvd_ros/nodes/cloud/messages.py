# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Between the messages of the cloud node and what core understands."""

from array import array
from collections.abc import Mapping
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import CameraInfo, PointCloud2, PointField

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.vision.cloud_message import FIELDS, POINT_STEP
from hvd_ros.core.vision.intrinsics import Intrinsics

Row = tuple[bytes, str, dict[str, str]]
OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
_SECOND_NS = 1_000_000_000


def stamp_ns(message: Any) -> int:
    """Return the header stamp as a number."""
    stamp = message.header.stamp
    return int(stamp.sec) * _SECOND_NS + int(stamp.nanosec)


def time_of(at_ns: int) -> Time:
    """Return the stamp of a number of nanoseconds."""
    return Time(sec=at_ns // _SECOND_NS, nanosec=at_ns % _SECOND_NS)


def intrinsics_of(info: CameraInfo) -> Intrinsics:
    """Return the intrinsics; a lens model that nobody here knows is refused."""
    bent = tuple(float(number) for number in info.d)
    if not any(bent):
        bent = ()
    elif info.distortion_model != 'plumb_bob':
        raise ContractMismatch(
            f"{info.header.frame_id}: distortion model '{info.distortion_model}'; only "
            "'plumb_bob' is read, or none"
        )
    fx, _, cx, _, fy, cy = (float(number) for number in info.k[:6])
    return Intrinsics(int(info.width), int(info.height), fx, fy, cx, cy, bent)


def cloud_message(data: 'array[int]', captured_ns: int, frame: str) -> PointCloud2:
    """Return the message around packed points; the bytes are not copied."""
    message = PointCloud2(height=1, width=len(data) // POINT_STEP, point_step=POINT_STEP)
    message.header.stamp, message.header.frame_id = time_of(captured_ns), frame
    message.row_step, message.is_dense = len(data), True
    message.fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
        for i, name in enumerate(FIELDS)
    ]
    message.data = data
    return message


def diagnostics(node: str, stamp: Time, rows: Mapping[str, Row]) -> DiagnosticArray:
    """Return one status per part: its level, its trouble (empty if none) and its figures."""
    message = DiagnosticArray()
    message.header.stamp = stamp
    for part, (level, trouble, figures) in rows.items():
        status = DiagnosticStatus(level=level, name=f'{node}: {part}', message=trouble or 'ok')
        status.values = [KeyValue(key=key, value=value) for key, value in figures.items()]
        message.status.append(status)
    return message
