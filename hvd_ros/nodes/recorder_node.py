# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The recorder: listens to everything, writes 10 Hz frames into episodes, is loud when it can not.

It polls on one steady tick and commands nothing: a robot never notices that it is recorded.
"""

from dataclasses import dataclass, replace
import gc
from pathlib import Path
import platform
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from rclpy.node import Node

from hvd_ros import __version__
from hvd_ros.core.bag import cdr
from hvd_ros.core.config import param
from hvd_ros.core.episodes.meta import KINDS
from hvd_ros.core.episodes.streams import CAMERAS, FRAME_KIND, MARK_KIND, streams_for
from hvd_ros.core.episodes.writer import WriterConfig
from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.recorder.desk import Desk, DeskConfig
from hvd_ros.core.recorder.session import Answer, Event, Order, Phase
from hvd_ros.core.robot.body import Body
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.share import user_data_dir
from hvd_ros.core.tasks import load_task
from hvd_ros.core.vision.mounts import load_mounts
from hvd_ros.nodes.recorder.ears import Ears
from hvd_ros.nodes.recorder.telling import Condition, Telling
from hvd_ros.nodes.recorder.wishes import Wishes
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.priority import RECORDER, go_first
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick

POLL_NS = 10_000_000
_IN_STEP_NS = 500_000
_STATUS_NS, _SECOND_NS = 200_000_000, 1_000_000_000
_FROZEN_S = 0.8  # a real sensor that repeats itself so long is broken


@dataclass(frozen=True)
class RecorderConfig(WriterConfig):
    """Parameters of the recorder node."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    hardware: str = param('sim', 'Real devices or their twins.', choices=('sim', 'real'))
    root: str = param('', 'Folder of all episodes; empty: HVD_DATA_DIR or ~/hvd_data/episodes.')
    cameras: str = param(
        ','.join(CAMERAS), 'Cameras without which an episode does not start, by comma.'
    )
    cloud: bool = param(True, 'Whether an episode needs the point cloud.')
    task: str = param('pen_insert', 'Task of an episode unless its start says otherwise.')
    prompt: str = param('', 'Exact words for the policy; empty: those of the task.')
    operator_name: str = param('', 'Who teleoperates, unless the start says otherwise.')
    kind: str = param('expert', 'What the data is meant to be.', choices=KINDS)


class RecorderNode(Node):  # type: ignore[misc]
    """The desk of core, with ears and a voice."""

    def __init__(self, **options: Any) -> None:
        super().__init__('recorder', **options)
        self._config = config = declare(self, RecorderConfig)
        load_task(config.task)  # a typing error is told now, not at the first episode
        body = load_body(config.robot)
        self._streams = streams_for(_cameras(config.cameras), config.cloud)
        _warm_up({stream.kind for stream in self._streams})
        now_ns = time.monotonic_ns()
        self._desk = Desk(self._desk_config(body), now_ns, self._log)
        self._ears = Ears(self, self._streams)
        self._diagnosed = Latest(self, DiagnosticArray, '/diagnostics', qos.EVENTS)
        self._telling = Telling(self)
        self._wishes = Wishes(self, self._on_wish)
        self._phase, self._healthy = Phase.IDLE, True
        self._told_ns = self._second_ns = 0
        self.tick = Tick(self, POLL_NS / 1e9, self._on_tick)
        # What was made so far stays; the collector need not look at it in the middle of a tick.
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Keep what runs; safe to call twice."""
        self._desk.close(time.monotonic_ns())

    def _desk_config(self, body: Body) -> DeskConfig:
        config = self._config
        return DeskConfig(
            root=Path(config.root).expanduser() if config.root else user_data_dir(),
            body=body,
            streams=self._streams,
            order=Order(config.task, config.prompt, config.operator_name, config.kind),
            writer=config,
            frozen_s=_FROZEN_S if config.hardware == 'real' else 0.0,
            calibration=_calibration(body),
            software={
                'hvd_ros': __version__,
                'python': platform.python_version(),
                'numpy': np.__version__,
                'platform': platform.platform(),
            },
        )

    def _on_tick(self) -> None:
        began_ns = time.monotonic_ns()
        sampled = began_ns >= self._desk.due_ns - POLL_NS // 2  # the nearest poll
        for arrival in self._ears.poll(sampled):
            self._desk.hear(arrival)
        if sampled:
            self._desk.tick(time.monotonic_ns())
        self._wishes.poll()
        self._hear_simulator()
        self._tell(time.monotonic_ns())
        self._fall_into_step(began_ns)

    def _fall_into_step(self, began_ns: int) -> None:
        """Keep one poll in ten on the frame's own time; a tick that was late shifts the others."""
        off_ns = (self._desk.due_ns - began_ns + POLL_NS // 2) % POLL_NS - POLL_NS // 2
        if abs(off_ns) > _IN_STEP_NS:
            self.tick.shift(off_ns // 2)

    def _on_wish(self, event: Event) -> Answer:
        wall_ns = time.clock_gettime_ns(time.CLOCK_REALTIME)
        answer = self._desk.wish(event, time.monotonic_ns(), wall_ns)
        self._told_ns = 0  # say at once what follows
        return answer

    def _hear_simulator(self) -> None:
        prefix = self.get_namespace().rstrip('/') + '/'
        for message in self._diagnosed.drain():
            for status in message.status:
                if status.name.startswith(prefix) and status.name.endswith(': real time'):
                    self._desk.real_time(float(status.values[0].value))

    def _tell(self, now_ns: int) -> None:
        healthy = not self._desk.troubles
        phase = self._desk.session.phase
        changed = (phase, healthy) != (self._phase, self._healthy)
        self._phase, self._healthy = phase, healthy
        second = now_ns - self._second_ns >= _SECOND_NS
        if not (changed or second or now_ns - self._told_ns >= _STATUS_NS):
            return
        self._told_ns = now_ns
        if second:
            self._second_ns = now_ns
            self._desk.look_at_disk()
        condition = self._condition(now_ns)
        self._telling.status(condition)
        if changed or second:
            self._telling.diagnose(condition)

    def _condition(self, now_ns: int) -> Condition:
        desk = self._desk
        text, fix = desk.said(now_ns)
        condition = Condition(
            desk.session,
            now_ns,
            free_gb=desk.free_gb,
            missing=tuple(desk.missing),
            healthy=self._healthy,
            text=text,
            fix=fix,
        )
        recording = desk.recording
        if recording is None:
            return condition
        cadence = recording.cadence
        return replace(
            condition,
            frames=recording.frames,
            rate_hz=cadence.rate_hz(now_ns),
            late=cadence.late,
            dropped=recording.dropped,
        )

    def _log(self, text: str, bad: bool) -> None:
        log = self.get_logger()
        log.error(text) if bad else log.info(text)


def _cameras(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(',') if name.strip())
    for name in names:
        if name not in CAMERAS:
            raise ConfigError(f"recorder: no camera '{name}'; {did_you_mean(name, CAMERAS)}")
    return names


def _calibration(body: Body) -> dict[str, Any]:
    """Return where the cameras were thought to be, so that clouds can be made again later."""
    if body.urdf is None:
        return {}
    return {
        'cameras': {
            name: {
                'parent': mount.parent,
                'parent_from_camera': mount.parent_from_camera.tolist(),
                'calibrated': mount.calibrated,
                'serial': mount.serial,
            }
            for name, mount in load_mounts(body).items()
        }
    }


def _warm_up(kinds: set[str]) -> None:
    """Build every table that is made at first use, so that no tick meets it."""
    for kind in (*kinds, FRAME_KIND, MARK_KIND):
        cdr.definition(kind)
        cdr.type_hash(kind)


def main() -> None:
    """Run the recorder."""
    run(RecorderNode, claim=lambda: go_first(RECORDER))
