# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
BRS demonstrations into episodes of our own, through the writer that the recorder uses.

So they replay, can be labelled and convert like any other. What BRS did not keep is not invented:
there is no trace between the frames, nothing `asked` beside what was sent, and the intrinsics are
those of a nominal camera, which the notes of the episode say.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
import hashlib
from pathlib import Path
import re
import time
from typing import Any

from hvd_ros.core.bag import cdr
from hvd_ros.core.bag.file import Recorded
from hvd_ros.core.episodes import messages
from hvd_ros.core.episodes.frame import FrameBuilder, frame_to_cdr
from hvd_ros.core.episodes.meta import EpisodeMeta, body_fields, stream_fields
from hvd_ros.core.episodes.streams import FRAME_KIND, FRAMES_TOPIC, Stream, streams_for
from hvd_ros.core.episodes.writer import EpisodeWriter
from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.robot.body import Body
from hvd_ros.core.vision.codec import COLOR_FORMAT, DEPTH_FORMAT, encode_color, encode_depth
from hvd_ros.core.vision.intrinsics import Intrinsics
from hvd_ros.core.vision.sampling import farthest
from hvd_training.data.brs.file import BrsDemo, demos

_EARLIER_NS = 1_000_000  # images and joints arrive this long before their tick
_WAITING_BYTES = 32_000_000
_FOCAL = 0.6  # nominal, in image widths: some 80 degrees across
_KEPT = ('joints', 'odom', 'trace', 'cloud')


@dataclass(frozen=True)
class Said:
    """What a BRS file does not say about its demonstrations."""

    task: str
    prompt: str
    kind: str = 'expert'
    operator: str = ''
    outcome: str = ''
    points: int = 4096


def import_file(
    path: Path, root: Path, body: Body, said: Said, tell: Callable[[str], None] = print
) -> list[Path]:
    """Write every demonstration of a file as an episode; those that exist already are left."""
    made = []
    for demo in demos(path, body):
        name = episode_id(demo)
        if (root / said.task / name).exists():
            tell(f'{name} exists already; left as it is')
            continue
        made.append(write_episode(demo, root, body, said))
        tell(f'{demo.name}: {demo.frames} frames in {made[-1]}')
    return made


def episode_id(demo: BrsDemo) -> str:
    """Return a name that the same demonstration always gets, and no other one."""
    digest = hashlib.sha256(demo.action().tobytes()).hexdigest()[:8]
    return f'brs-{re.sub(r"[^A-Za-z0-9_-]", "-", demo.name)}-{digest}'


def write_episode(demo: BrsDemo, root: Path, body: Body, said: Said) -> Path:
    """Write one demonstration and return its folder."""
    streams = _streams(demo)
    meta = _meta(demo, body, said, streams)
    writer = EpisodeWriter(root / said.task / meta.episode_id, meta)
    try:
        for message in _all(demo, body, streams, said.points):
            _write(writer, message)
        return writer.seal(meta)
    except BaseException:
        writer.discard()
        raise


def _write(writer: EpisodeWriter, m: Recorded) -> None:
    # The recorder may drop when the disk is slow, an import waits.
    while writer.status.queued_bytes > _WAITING_BYTES:
        time.sleep(0.005)
    if not writer.write(m.topic, m.kind, m.log_ns, m.publish_ns, bytes(m.cdr)):
        raise EpisodeError(f'{writer.folder}: {writer.status.error or "a message was not taken"}')


def _streams(demo: BrsDemo) -> tuple[Stream, ...]:
    kept = {*_KEPT, *(f'{camera}_color' for camera in demo.cameras)}
    kept |= {f'{c}_depth' for c in demo.cameras if demo.depth_mm(c, 0) is not None}
    return tuple(s for s in streams_for(demo.cameras, demo.has_cloud) if s.name in kept)


def _meta(demo: BrsDemo, body: Body, said: Said, streams: Sequence[Stream]) -> EpisodeMeta:
    cameras = {}
    for camera in demo.cameras:
        height, width = demo.color(camera, 0).shape[:2]
        focal = _FOCAL * width
        middle = (width - 1) / 2, (height - 1) / 2
        cameras[camera] = Intrinsics(width, height, focal, focal, *middle)
    return EpisodeMeta(
        episode_id=episode_id(demo),
        task=said.task,
        prompt=said.prompt,
        operator=said.operator,
        kind=said.kind,
        outcome=said.outcome,
        duration_s=demo.frames / demo.rate_hz(),
        frames=demo.frames,
        rate_hz=demo.rate_hz(),
        cameras=cameras,
        streams=stream_fields(tuple(streams)),
        command_ahead_s=1.0 / demo.rate_hz(),
        notes=(f'imported from the BRS demonstration {demo.name}', 'intrinsics are nominal'),
        **body_fields(body),
    )


def _all(demo: BrsDemo, body: Body, streams: Sequence[Stream], points: int) -> Iterator[Recorded]:
    """Give the messages of all frames, and the frames that our own builder makes of them."""
    builder = FrameBuilder(body, streams)
    period_ns = round(1e9 / demo.rate_hz())
    start_ns = round(demo.start_s() * 1e9) + period_ns
    numbers = demo.position(), demo.velocity(), demo.action()
    for index in range(demo.frames):
        tick = start_ns + index * period_ns
        rows = [values[index] for values in numbers]
        for stream in streams:
            data = _message(stream.name, demo, body, rows, index, tick, points)
            stamp = tick if stream.name == 'trace' else tick - _EARLIER_NS
            builder.put(stream.name, stamp, stamp, data)
            yield Recorded(stream.recorded_topic, stream.kind, stamp, stamp, data)
        frame = builder.build(tick, index)
        yield Recorded(FRAMES_TOPIC, FRAME_KIND, tick, tick, frame_to_cdr(frame))


def _message(
    name: str,
    demo: BrsDemo,
    body: Body,
    rows: Sequence[Any],
    index: int,
    tick: int,
    points: int,
) -> bytes:
    position, velocity, action = rows
    stamp = tick - _EARLIER_NS
    camera, _, what = name.rpartition('_')
    if name == 'joints':
        return cdr.encode(messages.joint_state(body, stamp, position, velocity))
    if name == 'odom':
        return cdr.encode(messages.odometry(body, stamp, position))
    if name == 'trace':
        return cdr.encode(messages.trace(body, tick, index, action))
    if name == 'cloud':
        xyz, rgb = demo.cloud(index)
        if not len(xyz):
            raise EpisodeError(f'{demo.name}: the cloud of frame {index} has no point')
        chosen = farthest(xyz, points)
        return cdr.encode(messages.cloud(stamp, body.base_frame, xyz[chosen], rgb[chosen]))
    head = cdr.header(stamp, f'{camera}_camera_optical_frame')
    if what == 'color':
        return cdr.encode(
            messages.image(head, COLOR_FORMAT, encode_color(demo.color(camera, index)))
        )
    depth = demo.depth_mm(camera, index)
    assert depth is not None  # or the stream would not be there
    return cdr.encode(messages.image(head, DEPTH_FORMAT, encode_depth(depth)))
