# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One 10 Hz frame, built by the same code for the recorder, the live policy and offline.

Only what was received by the tick counts, so that the frame depends on the messages and on nothing
else: fed with the messages of the bag it is the recorded frame again, bit for bit.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.streams import FRAME_KIND, Stream
from hvd_ros.core.errors import ContractMismatch, did_you_mean
from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.robot.body import Array, Body, Kind

# Messages kept between two frames: of a stream kept whole, 40 s at 100 Hz; of one that is sampled
# (images) less, because each may have a megabyte. Reached only by a caller that does not build.
_LONGEST = {True: 4096, False: 16}
# A policy that one of these has followed is over; hold and e-stop do not end it.
_NOT_POLICY = (Mode.IDLE, Mode.HOME, Mode.REPLAY)


@dataclass(frozen=True)
class Sample:
    """What one stream contributed; mirrors hvd_msgs/FrameSample."""

    stream: str
    topic: str  # in the bag
    present: bool
    stamp_ns: int  # capture time, the header stamp
    received_ns: int  # log time in the bag
    age_s: float  # from receive to tick, infinite when absent


@dataclass(frozen=True, eq=False)
class Frame:
    """Mirrors hvd_msgs/Frame; arrays have shape (D,)."""

    stamp_ns: int
    index: int
    layout_id: int
    mode: int
    source: int
    intervention: bool
    position: Array
    velocity: Array
    asked: Array
    sent: Array
    clip: NDArray[np.uint8]
    traces: int
    refused: int
    refusal: str
    samples: tuple[Sample, ...]

    def sample(self, stream: str) -> Sample:
        """Return what a stream contributed."""
        for sample in self.samples:
            if sample.stream == stream:
                return sample
        hint = did_you_mean(stream, [s.stream for s in self.samples])
        raise ContractMismatch(f"no stream '{stream}' in this frame; {hint}")


@dataclass(frozen=True)
class Received:
    """One message as it came."""

    stream: Stream
    stamp_ns: int
    received_ns: int
    cdr: cdr.Buffer


class FrameBuilder:
    """Collects messages and makes frames of them; one per episode."""

    def __init__(self, body: Body, streams: Sequence[Stream]) -> None:
        self._body = body
        self._streams = {stream.name: stream for stream in streams}
        self._pending = {s.name: deque[Received](maxlen=_LONGEST[s.every]) for s in streams}
        self._newest: dict[str, Received] = {}
        self._trace: Any = None
        self._policy = False
        self._twist = _twist_places(body)
        self._known: dict[str, tuple[Received, Any]] = {}
        # Messages of sampled streams (every=False) that the last frame named for the first time.
        self.fresh: tuple[Received, ...] = ()

    def put(self, stream: str, stamp_ns: int, received_ns: int, data: cdr.Buffer) -> None:
        """Take a message; within a stream they come in the order of receive_ns."""
        if stream not in self._streams:
            raise ContractMismatch(f"no stream '{stream}'; {did_you_mean(stream, self._streams)}")
        found = Received(self._streams[stream], stamp_ns, received_ns, data)
        self._pending[stream].append(found)

    def build(self, tick_ns: int, index: int) -> Frame:
        """
        Return the frame of a tick from what was received by then.

        Raises ContractMismatch when a trace is of another body, EpisodeError when a message does
        not decode.
        """
        taken = {name: self._take(name, tick_ns) for name in self._streams}
        self._newest |= {name: messages[-1] for name, messages in taken.items() if messages}
        self.fresh = tuple(m[-1] for m in taken.values() if m and not m[-1].stream.every)
        position, velocity = self._measured()
        traces = [self._decode_trace(m) for m in taken.get('trace', ())]
        refusals = [t.refusal for t in traces if t.refusal]
        newest = self._trace
        return Frame(
            stamp_ns=tick_ns,
            index=index,
            layout_id=self._body.layout_id,
            mode=int(newest.mode) if newest else int(Mode.IDLE),
            source=int(newest.source) if newest else int(Source.NONE),
            intervention=bool(newest) and self._policy and newest.source == Source.TELEOP,
            position=position,
            velocity=velocity,
            asked=self._values(newest.asked if newest else ()),
            sent=self._values(newest.sent if newest else ()),
            clip=self._clip(traces),
            traces=len(traces),
            refused=len(refusals),
            refusal=refusals[-1] if refusals else '',
            samples=tuple(self._sample(s, tick_ns) for s in self._streams.values()),
        )

    def _take(self, name: str, tick_ns: int) -> list[Received]:
        pending, taken = self._pending[name], []
        while pending and pending[0].received_ns <= tick_ns:
            taken.append(pending.popleft())
        return taken

    def _decode_trace(self, message: Received) -> Any:
        trace = cdr.decode(message.stream.kind, message.cdr)
        if trace.layout_id != self._body.layout_id:
            raise ContractMismatch(
                f'trace of layout {trace.layout_id:016x}, this body ({self._body.name}) is '
                f'{self._body.layout_id:016x}; start mux and recorder with the same robot'
            )
        self._trace = trace
        if trace.mode == Mode.POLICY:
            self._policy = True
        elif trace.mode in _NOT_POLICY:
            self._policy = False
        return trace

    def _decoded(self, name: str) -> Any:
        message = self._newest.get(name)
        if message is None:
            return None
        known = self._known.get(name)
        if known is None or known[0] is not message:
            known = (message, cdr.decode(message.stream.kind, message.cdr))
            self._known[name] = known
        return known[1]

    def _measured(self) -> tuple[Array, Array]:
        size = self._body.size
        position, velocity = np.full(size, np.nan), np.full(size, np.nan)
        joints, odom = self._decoded('joints'), self._decoded('odom')
        if joints is not None:
            position = self._body.values_of(dict(zip(joints.name, joints.position, strict=False)))
            velocity = self._body.values_of(dict(zip(joints.name, joints.velocity, strict=False)))
        if odom is not None:
            twist = odom.twist.twist
            speeds = (twist.linear.x, twist.linear.y, twist.angular.z)
            for place, axis in self._twist:
                position[place] = speeds[axis]
        return position, velocity

    def _values(self, values: Sequence[float] | Array) -> Array:
        if len(values) != self._body.size:  # empty: nobody asked, nothing was sent
            return np.full(self._body.size, np.nan)
        return np.array(values, dtype=np.float64)

    def _clip(self, traces: Sequence[Any]) -> NDArray[np.uint8]:
        clip = np.zeros(self._body.size, dtype=np.uint8)
        for trace in traces:
            if len(trace.clip) == len(clip):
                clip |= trace.clip
        return clip

    def _sample(self, stream: Stream, tick_ns: int) -> Sample:
        message = self._newest.get(stream.name)
        if message is None:
            return Sample(stream.name, stream.recorded_topic, False, 0, 0, math.inf)
        age_s = (tick_ns - message.received_ns) / 1e9
        return Sample(
            stream.name, stream.recorded_topic, True, message.stamp_ns, message.received_ns, age_s
        )


def _twist_places(body: Body) -> tuple[tuple[int, int], ...]:
    """Return (dimension, axis of the twist: x, y, yaw) of the base velocities."""
    places, straight = [], 0
    for i, dimension in enumerate(body.dimensions):
        if dimension.kind is Kind.VELOCITY:
            turning = dimension.unit == 'rad/s'
            places.append((i, 2 if turning else straight))
            straight += not turning
    return tuple(places)


def frame_to_cdr(frame: Frame) -> bytes:
    """Return the bytes of a hvd_msgs/Frame."""
    samples = [
        cdr.make(
            'hvd_msgs/msg/FrameSample', stream=s.stream, topic=s.topic, present=s.present,
            stamp=cdr.time(s.stamp_ns), received_ns=s.received_ns, age_s=s.age_s,
        )
        for s in frame.samples
    ]  # fmt: skip
    plain = {
        name: getattr(frame, name)
        for name in (
            'index', 'layout_id', 'mode', 'source', 'intervention', 'position', 'velocity',
            'asked', 'sent', 'clip', 'traces', 'refused', 'refusal',
        )
    }  # fmt: skip
    head = cdr.header(frame.stamp_ns)
    return cdr.encode(cdr.make(FRAME_KIND, header=head, samples=samples, **plain))


def frame_from_cdr(data: cdr.Buffer) -> Frame:
    """Return the frame of a hvd_msgs/Frame; raises EpisodeError on other bytes."""
    message = cdr.decode(FRAME_KIND, data)
    samples = tuple(
        Sample(s.stream, s.topic, s.present, cdr.ns_of(s.stamp), s.received_ns, s.age_s)
        for s in message.samples
    )
    return Frame(
        stamp_ns=cdr.ns_of(message.header.stamp),
        index=message.index,
        layout_id=message.layout_id,
        mode=message.mode,
        source=message.source,
        intervention=message.intervention,
        position=message.position,
        velocity=message.velocity,
        asked=message.asked,
        sent=message.sent,
        clip=message.clip,
        traces=message.traces,
        refused=message.refused,
        refusal=message.refusal,
        samples=samples,
    )
