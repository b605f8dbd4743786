# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Small sealed episodes whose every number is known, made by the real writer without ROS.

Time line: frame i ticks at START_NS + i * PERIOD_NS. Joints, odometry and traces come at 100 Hz,
the last of them stamped 4 ms and received 2 ms before the tick; images are captured 30 ms and
received 5 ms before it.
`position_at`, `asked_at` and `sent_at` say which values they carry at any moment; `color_of`,
`depth_of` and `cloud_of` what frame i sees.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
import functools
from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core.bag import cdr
from hvd_ros.core.bag.file import Recorded
from hvd_ros.core.episodes.frame import FrameBuilder, frame_to_cdr
from hvd_ros.core.episodes.messages import camera_info, image
from hvd_ros.core.episodes.meta import EpisodeMeta, body_fields, stream_fields
from hvd_ros.core.episodes.streams import (
    CAMERAS,
    FRAME_KIND,
    FRAMES_TOPIC,
    SIM_STATE,
    Stream,
    streams_for,
)
from hvd_ros.core.episodes.writer import EpisodeWriter, WriterConfig
from hvd_ros.core.labels.file import save_labels
from hvd_ros.core.labels.labels import Mark, labels_from_marks
from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.robot.body import Body, Kind
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.codec import COLOR_FORMAT, DEPTH_FORMAT, encode_color, encode_depth
from hvd_ros.core.vision.intrinsics import Intrinsics

START_NS = 1_750_000_000_000_000_000
PERIOD_NS = 100_000_000
TRACE_NS = 10_000_000
LATENCY_NS = 2_000_000
CAPTURED_NS = 30_000_000
ARRIVED_NS = 5_000_000
POINTS = 256
CONFIG = WriterConfig(free_floor_gb=0.0)
_FOV = 1.2  # focal length in image widths


@functools.cache
def body(robot: str = 'r1') -> Body:
    return load_body(robot)


def tick_ns(index: int) -> int:
    return START_NS + index * PERIOD_NS


def position_at(ns: int, seed: int = 0) -> np.ndarray:
    """Return the measured values (D,): a slow sine per dimension, base and grippers too."""
    return sent_at(ns - TRACE_NS, seed)


def velocity_at(ns: int, seed: int = 0) -> np.ndarray:
    """Return the derivative of position_at; NaN for base dimensions."""
    phase = (ns - TRACE_NS - START_NS) / 1e9 + np.arange(body().size) + seed
    rate = 0.1 * np.cos(phase)
    rate[body().mask(Kind.VELOCITY)] = np.nan
    rate[body().mask(Kind.OPENING)] *= 4
    return rate


def sent_at(ns: int, seed: int = 0) -> np.ndarray:
    """Return what was sent (D,)."""
    size = body().size
    values = 0.1 * np.sin((ns - START_NS) / 1e9 + np.arange(size) + seed)
    values[body().mask(Kind.OPENING)] = 0.5 + 4 * values[body().mask(Kind.OPENING)]
    return values


def asked_at(ns: int, seed: int = 0) -> np.ndarray:
    """Return what was asked (D,): 0.01 more than what was sent."""
    return sent_at(ns, seed) + 0.01


def color_of(index: int, camera: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """Return the image (H, W, 3) that was encoded for a frame: grey by frame, tint by camera."""
    image = np.full((size[1], size[0], 3), (40 + 3 * index) % 200, np.uint8)
    image[..., camera % 3] += 40
    return image


def depth_of(index: int, camera: int, size: tuple[int, int] = (64, 48)) -> np.ndarray:
    """Return the depth (H, W) in mm: a ramp along x that grows with the frame."""
    ramp = np.arange(size[0], dtype=np.uint16)[None, :] * 4
    return np.broadcast_to(ramp + 500 + index + 100 * camera, (size[1], size[0])).astype(np.uint16)


def cloud_of(index: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points (N, 3) on a helix and their colours (N, 3)."""
    turn = np.linspace(0, 6.28, POINTS) + 0.01 * index
    xyz = np.stack((np.cos(turn), np.sin(turn), turn), axis=1).astype(np.float32)
    rgb = (np.arange(POINTS * 3).reshape(-1, 3) + index) % 256
    return xyz, rgb.astype(np.uint8)


def sim_state_of(index: int, names: Sequence[str]) -> np.ndarray:
    """Return what a simulation knew at a frame, one number a name."""
    return np.array([index + 0.01 * len(name) for name in names])


def make_episode(
    root: Path,
    *,
    task: str = 'pen_insert',
    frames: int = 50,
    cameras: Sequence[str] = CAMERAS,
    size: tuple[int, int] = (64, 48),
    cloud: bool = True,
    kind: str = 'expert',
    seed: int = 0,
    marks: Sequence[tuple[int, int, float]] = (),
    outcome: str = 'success',
    episode_id: str = '',
    prompt: str = 'insert the pen into the pen case',
    sim_state: Sequence[str] = (),
) -> Path:
    """
    Write a sealed episode and return its folder.

    `marks` are (frame, stage, score) by the annotator `operator`. With kind `rollout` the first
    half is driven by a policy and the second by a person who took over. `sim_state` are the names
    of what a simulation knows, see sim_state_of.
    """
    streams = streams_for(cameras, cloud) + ((SIM_STATE,) if sim_state else ())
    meta = _meta(episode_id or f'20250615-{seed:06d}-made{frames:04d}', task, kind, streams)
    meta = replace(
        meta,
        prompt=prompt,
        outcome=outcome,
        cameras={name: intrinsics(size) for name in cameras},
    )
    writer = EpisodeWriter(root / task / meta.episode_id, meta, CONFIG)
    write_frames(writer, streams, frames, cameras, size, kind=kind, seed=seed, sim_state=sim_state)
    if marks:
        given = [Mark(frame, stage, score, 'operator') for frame, stage, score in marks]
        labels = labels_from_marks(meta.episode_id, task, frames, given, outcome=outcome)
        save_labels(writer.folder, labels)
    return writer.seal(replace(meta, frames=frames, duration_s=frames / 10, rate_hz=10.0))


def intrinsics(size: tuple[int, int]) -> Intrinsics:
    focal = _FOV * size[0]
    return Intrinsics(size[0], size[1], focal, focal, (size[0] - 1) / 2, (size[1] - 1) / 2)


def write_frames(
    writer: Any,
    streams: Sequence[Stream],
    frames: int,
    cameras: Sequence[str],
    size: tuple[int, int],
    *,
    kind: str = 'expert',
    seed: int = 0,
    sim_state: Sequence[str] = (),
) -> None:
    """Do what the recorder does, without a clock: hear, build, write."""
    builder = FrameBuilder(body(), streams)
    for index in range(frames):
        for name, message in messages_of(
            index, streams, cameras, size, _driver(kind, index, frames), seed, sim_state
        ):
            builder.put(name, message.publish_ns, message.log_ns, message.cdr)
            if message.topic not in _SAMPLED:
                _write(writer, message)
        frame = builder.build(tick_ns(index), index)
        for fresh in builder.fresh:
            stream = fresh.stream
            data = Recorded(
                stream.recorded_topic, stream.kind, fresh.received_ns, fresh.stamp_ns, fresh.cdr
            )
            _write(writer, data)
        tick = tick_ns(index)
        _write(writer, Recorded(FRAMES_TOPIC, FRAME_KIND, tick, tick, frame_to_cdr(frame)))


_SAMPLED = {s.recorded_topic for s in (*streams_for(CAMERAS, True), SIM_STATE) if not s.every}


def _write(writer: Any, m: Recorded) -> None:
    writer.write(m.topic, m.kind, m.log_ns, m.publish_ns, m.cdr)


def _driver(kind: str, index: int, frames: int) -> Source:
    policy = kind == 'rollout' and index < frames // 2
    return Source.POLICY if policy else Source.TELEOP


def _meta(name: str, task: str, kind: str, streams: Sequence[Stream]) -> EpisodeMeta:
    return EpisodeMeta(
        episode_id=name,
        task=task,
        operator='nobody',
        kind=kind,
        started='2025-06-15T15:06:40+00:00',
        streams=stream_fields(tuple(streams)),
        software={'hvd_ros': 'made'},
        **body_fields(body()),
    )


def messages_of(
    index: int,
    streams: Sequence[Stream],
    cameras: Sequence[str],
    size: tuple[int, int],
    source: Source,
    seed: int,
    sim_state: Sequence[str] = (),
) -> Iterator[tuple[str, Recorded]]:
    """Yield (stream, message) of everything received between tick index - 1 and tick index."""
    table = {s.name: s for s in streams}

    def recorded(name: str, stamp: int, received: int, message: Any) -> tuple[str, Recorded]:
        s = table[name]
        return name, Recorded(s.recorded_topic, s.kind, received, stamp, cdr.encode(message))

    for step in range(9, -1, -1):
        stamp = tick_ns(index) - step * TRACE_NS - 2 * LATENCY_NS
        heard = stamp + LATENCY_NS
        yield recorded('joints', stamp, heard, joint_state(stamp, seed))
        yield recorded('odom', stamp, heard, odometry(stamp, seed))
        yield recorded('trace', stamp, heard, trace(stamp, source, seed))
    if sim_state:
        yield recorded('sim_state', stamp, heard, named(stamp, index, sim_state))
    stamp, heard = tick_ns(index) - CAPTURED_NS, tick_ns(index) - ARRIVED_NS
    for number, camera in enumerate(cameras):
        color, depth = color_of(index, number, size), depth_of(index, number, size)
        head = cdr.header(stamp, f'{camera}_camera_optical_frame')
        yield recorded(
            f'{camera}_color', stamp, heard, image(head, COLOR_FORMAT, encode_color(color))
        )
        yield recorded(
            f'{camera}_depth', stamp, heard, image(head, DEPTH_FORMAT, encode_depth(depth))
        )
        yield recorded(f'{camera}_info', stamp, heard, camera_info(head, intrinsics(size)))
    if 'cloud' in table:
        yield recorded('cloud', stamp, heard, point_cloud(stamp, *cloud_of(index)))


def joint_state(ns: int, seed: int) -> Any:
    moved = [d for d in body().dimensions if d.joint]
    ids = [body().index(d.name) for d in moved]
    unit = np.array([d.joint_per_unit for d in moved])
    return cdr.make(
        'sensor_msgs/msg/JointState',
        header=cdr.header(ns),
        name=[d.joint for d in moved],
        position=position_at(ns, seed)[ids] * unit,
        velocity=velocity_at(ns, seed)[ids] * unit,
        effort=np.zeros(len(ids)),
    )


def named(ns: int, index: int, names: Sequence[str]) -> Any:
    return cdr.make(
        'sensor_msgs/msg/JointState',
        header=cdr.header(ns),
        name=list(names),
        position=sim_state_of(index, names),
        velocity=np.zeros(0),
        effort=np.zeros(0),
    )


def odometry(ns: int, seed: int) -> Any:
    speeds = position_at(ns, seed)[body().mask(Kind.VELOCITY)]
    vector = functools.partial(cdr.make, 'geometry_msgs/msg/Vector3')
    covariance = np.zeros(36)
    turned = cdr.make('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0)
    place = cdr.make('geometry_msgs/msg/Point', x=0.0, y=0.0, z=0.0)
    pose = cdr.make('geometry_msgs/msg/Pose', position=place, orientation=turned)
    twist = cdr.make(
        'geometry_msgs/msg/Twist',
        linear=vector(x=float(speeds[0]), y=float(speeds[1]), z=0.0),
        angular=vector(x=0.0, y=0.0, z=float(speeds[2])),
    )
    return cdr.make(
        'nav_msgs/msg/Odometry',
        header=cdr.header(ns, 'odom'),
        child_frame_id='base_link',
        pose=cdr.make('geometry_msgs/msg/PoseWithCovariance', pose=pose, covariance=covariance),
        twist=cdr.make(
            'geometry_msgs/msg/TwistWithCovariance', twist=twist, covariance=covariance
        ),
    )


def trace(ns: int, source: Source, seed: int) -> Any:
    size = body().size
    mode = Mode.POLICY if source is Source.POLICY else Mode.TELEOP
    return cdr.make(
        'hvd_msgs/msg/CommandTrace',
        header=cdr.header(ns),
        tick=(ns - START_NS) // TRACE_NS % (1 << 64),
        mode=int(mode),
        source=int(source),
        source_seq=0,
        layout_id=body().layout_id,
        asked=asked_at(ns, seed),
        sent=sent_at(ns, seed),
        clip=np.zeros(size, np.uint8),
        refusal='',
        chunk_seq=0,
        chunk_step=0,
    )


def point_cloud(ns: int, xyz: np.ndarray, rgb: np.ndarray) -> Any:
    packed = np.zeros((len(xyz), 16), np.uint8)
    packed[:, :12] = xyz.astype('<f4').view(np.uint8)
    packed[:, 12:15] = rgb[:, ::-1]
    fields = [
        cdr.make('sensor_msgs/msg/PointField', name=name, offset=4 * i, datatype=7, count=1)
        for i, name in enumerate(('x', 'y', 'z', 'rgb'))
    ]
    return cdr.make(
        'sensor_msgs/msg/PointCloud2',
        header=cdr.header(ns, 'base_link'),
        height=1,
        width=len(xyz),
        fields=fields,
        is_bigendian=False,
        point_step=16,
        row_step=16 * len(xyz),
        data=packed.ravel(),
        is_dense=True,
    )
