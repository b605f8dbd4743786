# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The frames of an episode, made again from its messages.

This is the proof that recorder and policy see the same: the frame of the bag must come out bit for
bit. It also gives frames of a changed builder for episodes that were recorded before.
"""

from collections import deque
from collections.abc import Iterator

from hvd_ros.core.bag import cdr
from hvd_ros.core.bag.file import Recorded
from hvd_ros.core.episodes.frame import Frame, FrameBuilder
from hvd_ros.core.episodes.meta import EpisodeMeta, hex_id
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.streams import FRAMES_TOPIC, SIM_STATE, Stream, streams_for
from hvd_ros.core.errors import ContractMismatch, EpisodeError, did_you_mean
from hvd_ros.core.robot.body import Body


def recorded_streams(meta: EpisodeMeta) -> tuple[Stream, ...]:
    """Return the table of streams that an episode was recorded with, in its order."""
    known = {s.name: s for s in (*streams_for(tuple(meta.cameras), True), SIM_STATE)}
    for name in meta.streams:
        if name not in known:
            raise EpisodeError(
                f"{meta.episode_id}: no stream '{name}'; {did_you_mean(name, known)}"
            )
    return tuple(known[name] for name in meta.streams)


def rebuild(episode: Episode, body: Body) -> Iterator[tuple[Recorded, Frame]]:
    """Yield each recorded frame, as bytes, with the one built from the messages before it."""
    if episode.meta.layout_id != hex_id(body.layout_id):
        raise ContractMismatch(
            f'{episode.folder} is of layout {episode.meta.layout_id}, {body.name} is '
            f'{hex_id(body.layout_id)}; load the robot description it was recorded with'
        )
    streams = recorded_streams(episode.meta)
    names = {s.recorded_topic: s.name for s in streams}
    builder = FrameBuilder(body, streams)
    frames: deque[Recorded] = deque()
    for message in episode.messages([*names, FRAMES_TOPIC]):
        # What came in the nanosecond of a tick still belongs to it.
        while frames and message.log_ns > frames[0].log_ns:
            yield _built(builder, frames.popleft())
        if message.topic == FRAMES_TOPIC:
            frames.append(message)
        else:
            stamp_ns = cdr.stamp_ns(message.cdr)
            builder.put(names[message.topic], stamp_ns, message.log_ns, message.cdr)
    while frames:
        yield _built(builder, frames.popleft())


def _built(builder: FrameBuilder, recorded: Recorded) -> tuple[Recorded, Frame]:
    index = int(cdr.decode(recorded.kind, recorded.cdr).index)
    return recorded, builder.build(cdr.stamp_ns(recorded.cdr), index)
