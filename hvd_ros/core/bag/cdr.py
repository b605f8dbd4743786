# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Messages to bytes and back without ROS.

An episode must be written and read where no ROS is installed: in a converter, on a cluster, in a
test. The definitions of hvd_msgs come from the same .msg files that the ROS build uses.
"""

from functools import cache
import struct
from typing import Any

from rosbags.serde.errors import SerdeError
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from hvd_ros.core.errors import EpisodeError, did_you_mean
from hvd_ros.core.share import share_file

NS = 1_000_000_000
Buffer = bytes | memoryview


@cache
def typestore() -> Typestore:
    """Return the types of Jazzy and our own."""
    store = get_typestore(Stores.ROS2_JAZZY)
    for path in sorted(share_file('msg', 'msg').glob('*.msg')):
        kind = f'hvd_msgs/msg/{path.stem}'
        if kind not in store.fielddefs:
            store.register(get_types_from_msg(path.read_text(encoding='utf-8'), kind))
    return store


def make(kind: str, **fields: Any) -> Any:
    """Return a message object; every field must be given, arrays as NumPy arrays."""
    return _type(kind)(**fields)


def encode(message: Any) -> bytes:
    """Return the CDR bytes of a message object."""
    return bytes(typestore().serialize_cdr(message, message.__msgtype__))


def decode(kind: str, cdr: Buffer) -> Any:
    """Return the message object; raises EpisodeError when the bytes are not of that kind."""
    _type(kind)
    try:
        return typestore().deserialize_cdr(cdr, kind)
    except (SerdeError, ValueError, IndexError, AssertionError, struct.error, TypeError) as error:
        raise EpisodeError(
            f'{len(cdr)} bytes are not a {kind} ({type(error).__name__}: {error}); they were '
            'damaged, or written with other message definitions'
        ) from None


def _type(kind: str) -> Any:
    types = typestore().types
    if kind not in types:
        raise EpisodeError(f"no message '{kind}'; {did_you_mean(kind, types)}")
    return types[kind]


@cache
def definition(kind: str) -> str:
    """Return the `ros2msg` definition with all nested types, as MCAP embeds it."""
    _type(kind)
    return typestore().generate_msgdef(kind, ros_version=2)[0]


@cache
def type_hash(kind: str) -> str:
    """Return the RIHS01 hash, by which ROS 2 compares definitions."""
    _type(kind)
    return typestore().hash_rihs01(kind)


def stamp_ns(cdr: Buffer) -> int:
    """Return the header stamp, which is the first field of every message that we record."""
    if len(cdr) < 12:
        raise EpisodeError(f'a message of {len(cdr)} bytes has no header')
    order = '<' if cdr[1] & 1 else '>'
    sec, nanosec = struct.unpack_from(f'{order}iI', cdr, 4)
    return int(sec) * NS + int(nanosec)


def time(ns: int) -> Any:
    """Return a builtin_interfaces/Time."""
    return make('builtin_interfaces/msg/Time', sec=ns // NS, nanosec=ns % NS)


def ns_of(stamp: Any) -> int:
    """Return a builtin_interfaces/Time as one number."""
    return int(stamp.sec) * NS + int(stamp.nanosec)


def header(ns: int, frame_id: str = '') -> Any:
    """Return a std_msgs/Header."""
    return make('std_msgs/msg/Header', stamp=time(ns), frame_id=frame_id)
