# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One running episode: messages in as they came, a frame at each tick, a verdict at the end.

Times in a bag are the wall time of the start plus what the steady clock says since, so that a
clock that is set while it runs bends nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
import math
from pathlib import Path
from typing import Any

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.frame import Frame, FrameBuilder, frame_to_cdr
from hvd_ros.core.episodes.meta import EpisodeMeta
from hvd_ros.core.episodes.stage_marks import mark_to_cdr
from hvd_ros.core.episodes.streams import (
    FRAME_KIND,
    FRAMES_TOPIC,
    MARK_KIND,
    MARKS_TOPIC,
    Stream,
)
from hvd_ros.core.episodes.writer import EpisodeWriter, WriterConfig, WriterStatus, free_bytes
from hvd_ros.core.errors import HvdError
from hvd_ros.core.labels.file import save_labels
from hvd_ros.core.labels.labels import OPERATOR, Labels, Mark, labels_from_marks, now_iso
from hvd_ros.core.recorder.cadence import Cadence, Floor
from hvd_ros.core.recorder.session import StageEnd
from hvd_ros.core.robot.body import Body
from hvd_ros.core.vision.intrinsics import Intrinsics


@dataclass(frozen=True)
class Timeline:
    """From the steady clock to the time line of a bag."""

    wall_ns: int
    steady_ns: int

    def at(self, steady_ns: int) -> int:
        """Return the log time of a steady time."""
        return self.wall_ns + steady_ns - self.steady_ns


@dataclass(frozen=True)
class Arrival:
    """A message as it came over the wire."""

    stream: Stream
    stamp_ns: int  # its header stamp
    received_ns: int  # steady clock
    data: bytes


class Recording:
    """Owned by one thread; the disk has its own."""

    def __init__(
        self,
        root: Path,
        meta: EpisodeMeta,
        body: Body,
        streams: Sequence[Stream],
        timeline: Timeline,
        period_ns: int,
        config: WriterConfig | None = None,
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """Open <root>/<task>/<episode-id>; EpisodeError when the disk does not take it."""
        self.meta = meta
        self.timeline = timeline
        floors = tuple(Floor(s.name, s.floor_hz, s.required) for s in streams)
        self.cadence = Cadence(period_ns, floors)
        self.frames = 0
        self.troubles: tuple[str, ...] = ()  # of the last frame
        self._unmade = 0  # frames that could not be made
        self._kinds = {stream.name: stream.kind for stream in streams}
        self._cameras: dict[str, bytes] = {}
        self._notes: list[str] = []
        self._builder = FrameBuilder(body, streams)
        self._writer = EpisodeWriter(root / meta.task / meta.episode_id, meta, config, free)
        self.cadence.begin(timeline.steady_ns)

    @property
    def status(self) -> WriterStatus:
        """What the disk says."""
        return self._writer.status

    @property
    def dropped(self) -> int:
        """Frames that could not be made, and messages that could not be written."""
        return self._unmade + self.status.dropped

    def hear(self, arrival: Arrival) -> None:
        """Take a message."""
        stream, log_ns = arrival.stream, self.timeline.at(arrival.received_ns)
        self.cadence.heard(stream.name, arrival.received_ns)
        self._builder.put(stream.name, arrival.stamp_ns, log_ns, arrival.data)
        if stream.every:
            self._write(stream.recorded_topic, stream.kind, log_ns, arrival.stamp_ns, arrival.data)
        elif stream.kind == 'sensor_msgs/msg/CameraInfo':
            self._cameras[stream.name] = arrival.data

    def frame(self, due_ns: int, now_ns: int) -> Frame | None:
        """Make and write the frame of a tick (steady clock); None when it can not be made."""
        tick_ns = self.timeline.at(now_ns)
        try:
            frame = self._builder.build(tick_ns, self.frames)
        except HvdError as error:
            self.troubles = (str(error),)
            self._unmade += 1
            return None
        self.troubles = ()
        # Images first: a frame never names one that is not in the bag.
        for found in self._builder.fresh:
            row = found.stream
            self._write(row.recorded_topic, row.kind, found.received_ns, found.stamp_ns, found.cdr)
        self._write(FRAMES_TOPIC, FRAME_KIND, tick_ns, tick_ns, frame_to_cdr(frame))
        self.frames += 1
        self.cadence.frame(due_ns, now_ns, frame.intervention)
        return frame

    def mark(self, mark: StageEnd, now_ns: int) -> None:
        """Write a mark into the bag; those that are left become the labels when saved."""
        log_ns = self.timeline.at(now_ns)
        data = mark_to_cdr(
            log_ns, self.meta.episode_id, mark.frame, mark.stage, mark.score, mark.author
        )
        self._write(MARKS_TOPIC, MARK_KIND, log_ns, log_ns, data)

    def rest(self, now_ns: int) -> None:
        """Pause, or stop."""
        self.cadence.rest(now_ns)

    def go_on(self, now_ns: int) -> None:
        """Go on after a pause."""
        self.cadence.begin(now_ns)

    def faults(self, now_ns: int) -> tuple[str, ...]:
        """Name everything that makes this episode unhealthy."""
        self.cadence.dropped = self.dropped
        written = (self.status.error,) if self.status.error else ()
        return (*written, *self.cadence.faults(now_ns), *self._notes)

    def note(self, text: str) -> None:
        """Add a reason why this episode is not healthy."""
        self._notes.append(text)

    def save(self, marks: Sequence[StageEnd], now_ns: int) -> Path:
        """Seal the episode with its report and labels; EpisodeError when the disk refuses."""
        labels, cameras = self._labels(marks), self._intrinsics()
        faults = self.faults(now_ns)
        report = self.cadence.report(now_ns)
        factor = self.cadence.real_time_factor
        meta = replace(
            self.meta,
            duration_s=round(self.cadence.seconds(now_ns), 3),
            frames=self.frames,
            rate_hz=report['rate_hz'],
            cadence=report,
            drops=self.cadence.dropped,
            real_time_factor=round(factor, 4) if math.isfinite(factor) else None,
            cameras=cameras,
            outcome=_outcome(labels),
            healthy=not faults,
            notes=(*self.meta.notes, *faults),
        )
        return self._writer.seal(meta)

    def discard(self) -> None:
        """Throw the episode away."""
        self._writer.discard()

    def _write(self, topic: str, kind: str, log_ns: int, stamp_ns: int, data: Any) -> None:
        # A message that is refused is counted by the writer.
        self._writer.write(topic, kind, log_ns, stamp_ns, data)

    def _labels(self, marks: Sequence[StageEnd]) -> Labels | None:
        if not marks:
            return None
        rows = [Mark(m.frame, m.stage, m.score, m.author or OPERATOR, now_iso()) for m in marks]
        try:
            labels = labels_from_marks(self.meta.episode_id, self.meta.task, self.frames, rows)
            save_labels(self._writer.folder, labels)
        except HvdError as error:
            # The marks are in the bag, too; the recording must not be lost over them.
            self.note(f'labels.json: {error}')
            return None
        return labels

    def _intrinsics(self) -> dict[str, Intrinsics]:
        found = {}
        for name, data in self._cameras.items():
            info = cdr.decode(self._kinds[name], data)
            fx, _, cx, _, fy, cy = (float(k) for k in info.k[:6])
            lens = tuple(float(d) for d in info.d)
            try:
                found[name.removesuffix('_info')] = Intrinsics(
                    info.width, info.height, fx, fy, cx, cy, lens
                )
            except HvdError as error:
                self.note(f'{name}: {error}')
        return found


def _outcome(labels: Labels | None) -> str:
    if labels is None or len(labels.resolved()) < len(labels.stages):
        return ''
    if labels.success:
        return 'success'
    return 'partial' if labels.loose_success else 'failure'
