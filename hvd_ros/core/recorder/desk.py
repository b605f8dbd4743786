# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The recorder without ROS: session, presence and the running episode under one roof.

A node hands in what arrives, when a tick is due and what people ask; everything is decided here.
All times are of the steady clock unless they are called wall.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.meta import EpisodeMeta, body_fields, new_episode_id, stream_fields
from hvd_ros.core.episodes.stage_marks import TAKEN_BACK
from hvd_ros.core.episodes.streams import Stream
from hvd_ros.core.episodes.writer import WriterConfig, free_bytes
from hvd_ros.core.errors import HvdError
from hvd_ros.core.recorder.cadence import summary
from hvd_ros.core.recorder.presence import Presence, cure
from hvd_ros.core.recorder.recording import Arrival, Recording, Timeline
from hvd_ros.core.recorder.session import (
    Answer,
    Around,
    Ask,
    Effect,
    Event,
    Order,
    Phase,
    Session,
    step,
)
from hvd_ros.core.robot.body import Body
from hvd_ros.core.tasks import Task, load_task

PERIOD_NS = 100_000_000
REFUSAL_NS = 3_000_000_000  # a refusal is shown so long
RUNNING = (Phase.RECORDING, Phase.PAUSED)
_NEXT = 'save it as it is (Y) or discard it (X)'


@dataclass(frozen=True)
class DeskConfig:
    """What every episode of this recorder has in common."""

    root: Path
    body: Body
    streams: tuple[Stream, ...]
    order: Order  # where nobody says otherwise
    writer: WriterConfig = field(default_factory=WriterConfig)
    frozen_s: float = 0.0
    calibration: Mapping[str, Any] = field(default_factory=dict)
    software: Mapping[str, str] = field(default_factory=dict)
    free: Callable[[Path], int] = free_bytes


class Desk:
    """One recorder, owned by one thread."""

    def __init__(self, config: DeskConfig, now_ns: int, tell: Callable[[str, bool], None]) -> None:
        """`tell` gets what people should read, and whether it is bad news."""
        self._config, self._tell = config, tell
        self.session = Session()
        self.recording: Recording | None = None
        self.due_ns = now_ns + PERIOD_NS  # of the next frame
        self.free_gb = 0.0
        self._presence = Presence(config.streams, config.frozen_s)
        self.missing = self._presence.missing(now_ns)
        self._status_cdr = b''  # newest MuxStatus
        self._granted, self._refused = Answer(), Answer()
        self._refused_ns = 0
        self._faults: tuple[str, ...] = ()  # of an episode that has ended
        self._said = ''
        self._stages = 255

    # What comes in

    def hear(self, arrival: Arrival) -> None:
        """Take a message."""
        stream = arrival.stream
        fresh = self._presence.heard(
            stream.name, arrival.stamp_ns, arrival.received_ns, arrival.data
        )
        if stream.name == 'status':
            self._status_cdr = arrival.data
        # An image that comes twice is not heard twice; events are kept however they are stamped.
        if self.session.phase is Phase.RECORDING and (fresh or stream.every):
            self._running.hear(arrival)

    def real_time(self, factor: float) -> None:
        """Hear how fast the simulator runs."""
        if self.recording is not None:
            self.recording.cadence.real_time(factor)

    def tick(self, now_ns: int) -> None:
        """Make the frame that is due; frames that were missed stay missed, and are counted."""
        if self.session.phase is Phase.RECORDING and not self._running.frames:
            self.due_ns = now_ns  # opening the episode took its time; the frames begin here
        missed = max(0, (now_ns - self.due_ns) // PERIOD_NS)
        if self.session.phase is Phase.RECORDING:
            self._running.frame(self.due_ns, now_ns)
            self._running.cadence.late += missed
        self.due_ns += (1 + missed) * PERIOD_NS
        self.missing = self._presence.missing(now_ns)
        if self.session.phase in RUNNING and self._running.status.error:
            self.wish(Event(Ask.STOP), now_ns, 0)
        self._tell_changes()

    def look_at_disk(self) -> None:
        """Measure the room that is left."""
        place = self._config.root
        while not place.exists() and place != place.parent:
            place = place.parent
        try:
            self.free_gb = self._config.free(place) / 1e9
        except OSError:
            self.free_gb = 0.0

    def wish(self, event: Event, now_ns: int, wall_ns: int) -> Answer:
        """Follow what somebody asks for, or say why not; never raises."""
        before = self.session
        around = Around(frames=self.recording.frames if self.recording else 0, stages=self._stages)
        try:
            if event.ask in (Ask.START, Ask.TOGGLE) and before.phase is Phase.IDLE:
                event, around = self._prepared(event, now_ns, wall_ns)
            self.session, answer = step(before, event, now_ns, around)
            if answer.effect is not None:
                self._follow(answer.effect, before, now_ns, wall_ns)
        except HvdError as error:
            # A start that the disk refused has not happened; an end that it refused has.
            starting = before.phase is Phase.IDLE
            self.session = before if starting else self.session
            self._faults = self._faults if starting else (str(error),)
            answer = Answer(text=str(error), fix='mend that, then try again')
        self._keep(answer, now_ns)
        return answer

    def close(self, now_ns: int) -> None:
        """Keep an episode that nobody has saved or discarded, and say so in it."""
        if self.recording is None:
            return
        phase = self.session.phase.name.lower()
        self._running.rest(now_ns)
        self._running.note(f'nobody saved it: the recorder was ended while it was {phase}')
        try:
            folder = self._running.save(self.session.marks, now_ns)
            self._tell(f'kept as not saved: {folder}', True)
        except HvdError as error:
            self._tell(str(error), True)
        self.recording = None

    # What is said

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong in this moment, or was with the episode that has ended."""
        if self.session.phase not in RUNNING:
            return self._faults
        error = self._running.status.error
        return (*((error,) if error else ()), *self._running.troubles, *self.missing.values())

    def said(self, now_ns: int) -> tuple[str, str]:
        """Return text and fix of the status."""
        if self._refused.text and now_ns - self._refused_ns < REFUSAL_NS:
            return self._refused.text, self._refused.fix
        if not self.troubles:
            return self._granted.text, self._granted.fix
        fix = cure(tuple(self.missing)) if self.session.phase in RUNNING else ''
        return '; '.join(self.troubles), fix or self._granted.fix or _NEXT

    # What follows from a wish

    @property
    def _running(self) -> Recording:
        assert self.recording is not None, 'no episode although the session has one'
        return self.recording

    def _prepared(self, event: Event, now_ns: int, wall_ns: int) -> tuple[Event, Around]:
        """Fill the order of a start, and look for what forbids it."""
        order, task = self._filled(event.order)
        text, remedy = self._obstacle(now_ns)
        self._stages = len(task.stages)
        around = Around(text, remedy, episode_id=new_episode_id(wall_ns), stages=self._stages)
        return Event(event.ask, order), around

    def _filled(self, order: Order) -> tuple[Order, Task]:
        usual = self._config.order
        task = load_task(order.task or usual.task)
        prompt = order.prompt or (usual.prompt if task.name == usual.task else '')
        return Order(
            task.name,
            prompt or task.prompt,
            order.operator or usual.operator,
            order.kind or usual.kind,
        ), task

    def _obstacle(self, now_ns: int) -> tuple[str, str]:
        missing = self._presence.missing(now_ns)
        if missing:
            return '; '.join(missing.values()), cure(tuple(missing))
        body = self._config.body
        layout = cdr.decode('hvd_msgs/msg/MuxStatus', self._status_cdr).layout_id
        if layout != body.layout_id:
            text = f'the mux drives layout {layout:016x}, {body.name} is {body.layout_id:016x}'
            return text, 'start mux and recorder with the same robot:='
        self.look_at_disk()
        floor_gb = self._config.writer.free_floor_gb
        if self.free_gb < floor_gb:
            text = f'{self.free_gb:.2f} GB free at {self._config.root}, floor {floor_gb:g} GB'
            return text, 'make room, or choose another root:='
        return '', ''

    def _follow(self, effect: Effect, before: Session, now_ns: int, wall_ns: int) -> None:
        if effect is Effect.BEGIN:
            self._begin(now_ns, wall_ns)
        elif effect is Effect.REST:
            self._running.rest(now_ns)
        elif effect is Effect.GO_ON:
            self._running.go_on(now_ns)
        elif effect is Effect.END:
            self._end(now_ns)
        elif effect is Effect.MARK:
            self._running.mark(self.session.marks[-1], now_ns)
        elif effect is Effect.UNMARK:
            self._running.mark(replace(before.marks[-1], score=TAKEN_BACK), now_ns)
        elif effect in (Effect.SEAL, Effect.REMOVE):
            self._finish(effect, now_ns)

    def _begin(self, now_ns: int, wall_ns: int) -> None:
        config, order = self._config, self.session.order
        meta = EpisodeMeta(
            episode_id=self.session.episode_id,
            task=order.task,
            prompt=order.prompt,
            operator=order.operator,
            kind=order.kind,
            calibration=dict(config.calibration),
            software=dict(config.software),
            started=datetime.fromtimestamp(wall_ns / 1e9).astimezone().isoformat(),
            streams=stream_fields(config.streams),
            **body_fields(config.body),
        )
        timeline = Timeline(wall_ns, now_ns)
        self._faults = ()
        self.recording = Recording(
            config.root,
            meta,
            config.body,
            config.streams,
            timeline,
            PERIOD_NS,
            config.writer,
            config.free,
        )

    def _end(self, now_ns: int) -> None:
        recording = self._running
        recording.rest(now_ns)
        self._faults = recording.faults(now_ns)
        report = recording.cadence.report(now_ns)
        lines = summary(report, self._faults)
        self._tell(f'{self.session.episode_id}: {lines}', bool(self._faults))

    def _finish(self, effect: Effect, now_ns: int) -> None:
        recording, self.recording = self._running, None
        self._faults = ()
        if effect is Effect.REMOVE:
            recording.discard()
            return
        folder = recording.save(self.session.marks, now_ns)
        self._tell(f'saved {folder}', False)

    def _keep(self, answer: Answer, now_ns: int) -> None:
        if answer.granted:
            self._granted, self._refused = answer, Answer()
            self._tell(answer.text, False)
            return
        self._refused, self._refused_ns = answer, now_ns
        self._tell(f'refused: {answer.text}; {answer.fix}', True)

    def _tell_changes(self) -> None:
        """Log trouble on its edges: while it lasts its seconds only count up."""
        names = '; '.join(self.missing) if self.session.phase in RUNNING else ''
        other = '; '.join(t for t in self.troubles if t not in self.missing.values())
        trouble = f'{names} {other}'.strip()
        if trouble == self._said:
            return
        self._said = trouble
        if trouble:
            self._tell(f'TROUBLE: {"; ".join(self.troubles)}', True)
        elif self.session.phase in RUNNING:
            self._tell('all is well again', False)
