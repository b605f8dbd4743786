# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
An episode of a TaskEnv, written by the recorder's own code: no reader can tell it from a live one.

Time stands still while somebody thinks, so whatever belongs to a control step has one stamp: what
is measured and what is asked and sent then. A frame's action is therefore the command of its step,
and playing the actions of a dataset gives the episode again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
import platform
import time
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from hvd_ros import __version__
from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes import messages
from hvd_ros.core.episodes.meta import EpisodeMeta, body_fields, stream_fields
from hvd_ros.core.episodes.streams import SIM_STATE, Stream, streams_for
from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.labels.labels import SIMULATOR
from hvd_ros.core.mux.command import Clip, Source
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.recorder.recording import Arrival, Recording, Timeline
from hvd_ros.core.recorder.session import StageEnd
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.vision.codec import COLOR_FORMAT, DEPTH_FORMAT, encode_color, encode_depth
from hvd_ros.sim.cameras import CHEAP, TABLE, Look
from hvd_ros.sim.task_env import STEP_S, Result, TaskEnv
from hvd_ros.sim.views import VIEWS, View

PERIOD_NS = round(STEP_S * 1e9)
# Where simulated time begins: a moment that is always the same, and that no recording has.
EPOCH_NS = 946_684_800 * 1_000_000_000
_NUMBERS = ('joints', 'odom', 'trace')
_FLOOR_HZ = 9.0  # of everything: it comes once a frame
_WAITING_BYTES = 32_000_000


@dataclass(frozen=True)
class Shows:
    """What an episode holds beside the robot's own numbers."""

    sim_state: bool = True
    cameras: bool = False
    cloud: bool | str = False  # True: of the room, 'table': of what stands on a table

    @property
    def modalities(self) -> frozenset[Modality]:
        """What the env has to be asked for."""
        wanted = {
            Modality.SIM_STATE: self.sim_state,
            Modality.RGB: self.cameras,
            Modality.DEPTH: self.cameras,
            Modality.CLOUD: bool(self.cloud),
        }
        return frozenset(modality for modality, is_wanted in wanted.items() if is_wanted)

    @property
    def look(self) -> Look:
        """How the scene is looked at: a cloud alone is cast by rays, which needs no graphics."""
        if self.cloud == 'table':
            return TABLE
        return CHEAP if self.cloud and not self.cameras else Look()

    def streams(self) -> tuple[Stream, ...]:
        """Return what is recorded, once a frame each."""
        cameras = tuple(view.camera for view in VIEWS) if self.cameras else ()
        found = [s for s in streams_for(cameras, bool(self.cloud)) if _kept(s)]
        found += [SIM_STATE] if self.sim_state else []
        return tuple(replace(s, floor_hz=_FLOOR_HZ) for s in found)


def _kept(stream: Stream) -> bool:
    return stream.name in _NUMBERS or stream.topic.startswith(('camera/', 'points'))


@dataclass(frozen=True)
class Credits:
    """What an episode is, before it is played."""

    episode_id: str
    kind: str  # expert, suboptimal, rollout
    operator: str  # who acts
    source: Source  # a person's way in, or a policy's
    start_ns: int = EPOCH_NS
    simulation: dict[str, Any] = field(default_factory=dict)  # seed, setting, manner


class Tape:
    """One running episode: moment() before each step and once at the end, then keep()."""

    def __init__(self, env: TaskEnv, root: Path, credits: Credits, shows: Shows) -> None:
        """Open <root>/<task>/<episode id>; EpisodeError when it is there or the disk is full."""
        self._env, self._credits, self._shows = env, credits, shows
        self._streams = {s.name: s for s in shows.streams()}
        self._began_s = time.monotonic()
        streams = tuple(self._streams.values())
        line = Timeline(wall_ns=credits.start_ns, steady_ns=0)
        self._recording = Recording(
            root, _meta(env, credits, streams), env.body, streams, line, PERIOD_NS
        )
        self._recording.cadence.real_time_floor = 0.0

    def moment(self, asked: Array | None) -> None:
        """Record how things stand, and what is asked for now; None: nothing any more."""
        for name, message in self._messages(asked):
            self._hear(name, cdr.encode(message))
        self._wait()
        self._recording.frame(self._now_ns, self._now_ns)
        for trouble in self._recording.troubles:
            raise EpisodeError(f'{self._credits.episode_id}: {trouble}')

    def keep(self, result: Result) -> Path:
        """Seal the episode with the scores of the rubric as its marks; return its folder."""
        ends = zip(result.stage_ends, result.scores, strict=True)
        marks = [StageEnd(end, i, score, SIMULATOR) for i, (end, score) in enumerate(ends)]
        for mark in marks:
            self._recording.mark(mark, self._now_ns)
        played_s = (self._recording.frames - 1) * STEP_S
        self._recording.cadence.real_time(played_s / (time.monotonic() - self._began_s))
        # The last frame lasts as long as every other one.
        end_ns = self._now_ns + PERIOD_NS
        self._recording.rest(end_ns)
        return self._recording.save(marks, end_ns)

    def discard(self) -> None:
        """Throw the episode away."""
        self._recording.discard()

    @property
    def _now_ns(self) -> int:
        return (len(self._env.truths) - 1) * PERIOD_NS

    def _messages(self, asked: Array | None) -> list[tuple[str, Any]]:
        env, body = self._env, self._env.body
        ns = self._credits.start_ns + self._now_ns
        position = env.position
        x, y, yaw = (float(v) for v in env.data.qpos[:3])
        found = [
            ('joints', messages.joint_state(body, ns, position, env.velocity)),
            ('odom', messages.odometry(body, ns, position, (x, y, yaw))),
        ]
        if asked is not None:
            sent, tick = env.bounded(asked), len(env.truths) - 1
            why = clipped(body, asked, sent)
            source = self._credits.source
            found += [('trace', messages.trace(body, ns, tick, sent, asked, why, source))]
        if self._shows.sim_state:
            names = env.sim_state_names
            found += [('sim_state', messages.named_numbers(ns, names, env.sim_state))]
        sights = self._shows.modalities - {Modality.SIM_STATE}
        return found + (_sights(env.observe(sights), ns, body, env.views) if sights else [])

    def _hear(self, name: str, data: bytes) -> None:
        stamp_ns = self._credits.start_ns + self._now_ns
        self._recording.hear(Arrival(self._streams[name], stamp_ns, self._now_ns, data))

    def _wait(self) -> None:
        """Let the disk catch up: a live recorder must drop, here nobody is in a hurry."""
        while (status := self._recording.status).queued_bytes > _WAITING_BYTES:
            if status.error:
                break
            time.sleep(0.005)
        if status.error:
            raise EpisodeError(f'{self._credits.episode_id}: {status.error}')


def clipped(body: Body, asked: Array, sent: Array) -> NDArray[np.uint8]:
    """Return why each number was sent otherwise than asked (D,), in bits of Clip."""
    limits = body.limits
    outside = (asked < limits.low) | (asked > limits.high)
    fast = np.where(body.mask(Kind.VELOCITY), Clip.ACCELERATION, Clip.VELOCITY)
    # Within limits, so what is left of the difference is that of the speed.
    slowed = np.clip(asked, limits.low, limits.high) != sent
    bits: NDArray[np.uint8] = (outside * int(Clip.POSITION) | slowed * fast).astype(np.uint8)
    return bits


def _sights(
    seen: Observation, ns: int, body: Body, looks: Sequence[View]
) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    views = {view.camera: view for view in looks}
    for camera, rgb in seen.images.items():
        head = cdr.header(ns, f'{camera}_camera_optical_frame')
        color = messages.image(head, COLOR_FORMAT, encode_color(rgb))
        depth = messages.image(head, DEPTH_FORMAT, encode_depth(seen.depth_mm[camera]))
        info = messages.camera_info(head, views[camera].intrinsics)
        found += [(f'{camera}_color', color), (f'{camera}_depth', depth), (f'{camera}_info', info)]
    if seen.cloud is not None:
        found += [('cloud', messages.cloud(ns, body.base_frame, *seen.cloud))]
    return found


def _meta(env: TaskEnv, credits: Credits, streams: Sequence[Stream]) -> EpisodeMeta:
    return EpisodeMeta(
        episode_id=credits.episode_id,
        task=env.task.name,
        prompt=env.prompt,
        operator=credits.operator,
        kind=credits.kind,
        started=datetime.fromtimestamp(credits.start_ns // 1_000_000_000, UTC).isoformat(),
        software={
            'hvd_ros': __version__,
            'python': platform.python_version(),
            'numpy': np.__version__,
            'mujoco': mujoco.__version__,
            'platform': platform.platform(),
        },
        streams=stream_fields(tuple(streams)),
        simulation=credits.simulation,
        command_ahead_s=STEP_S,
        **body_fields(env.body),
    )
