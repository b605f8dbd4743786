# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a recorder's frame and the bytes that it names to what a policy sees.

One piece of code for the robot and for the disk: `Senses` is fed with a frame of the FrameBuilder
in the policy node, and with the very same frame of an episode offline, so that the two can not
differ by anything but the messages.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.frame import Frame, FrameBuilder, Received
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.streams import (
    CAMERAS,
    CLOUD,
    SIM_STATE,
    STREAMS,
    Stream,
    camera_streams,
)
from hvd_ros.core.errors import ConfigError, HvdError, did_you_mean
from hvd_ros.core.policy.observation import Depth, Modality, Observation, Picture, PointCloud
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.state import POSITION, STATE_FEATURES, VELOCITY, StateLayout
from hvd_ros.core.vision.cloud_message import unpack_points
from hvd_ros.core.vision.codec import decode_color, decode_depth

_ALWAYS = ('joints', 'odom')
_START = {
    Modality.RGB: 'does its camera node run? `hvd launch deploy` starts it with cameras:=true',
    Modality.DEPTH: 'does its camera node run? `hvd launch deploy` starts it with cameras:=true',
    Modality.CLOUD: 'does the cloud node run? `hvd launch deploy` starts it with cloud:=true',
    Modality.SIM_STATE: 'only the twin in the scene of a task tells it (scene:=TASK)',
}

Contents = Callable[[str], cdr.Buffer | None]  # stream -> the message that a frame names


class NotSeen(HvdError):
    """Something that a policy needs to see is not there."""


@dataclass(frozen=True, eq=False)
class Glance:
    """A frame and the messages that it names, undecoded."""

    frame: Frame
    contents: dict[str, Received]

    def data(self, stream: str) -> cdr.Buffer | None:
        """Return the bytes of a stream, None if nothing came."""
        found = self.contents.get(stream)
        return None if found is None else found.cdr


class Glancer:
    """Messages in, glances out; decodes nothing but joints and odometry."""

    def __init__(self, body: Body, streams: Sequence[Stream]) -> None:
        self._builder = FrameBuilder(body, streams)
        self._newest: dict[str, Received] = {}
        self._index = 0

    def put(self, stream: str, stamp_ns: int, received_ns: int, data: cdr.Buffer) -> None:
        """Take a message, see FrameBuilder.put()."""
        self._builder.put(stream, stamp_ns, received_ns, data)

    def glance(self, tick_ns: int) -> Glance:
        """Return what was received by a tick."""
        frame = self._builder.build(tick_ns, self._index)
        self._index += 1
        self._newest |= {found.stream.name: found for found in self._builder.fresh}
        return Glance(frame, dict(self._newest))


class Senses:
    """Makes observations of what one policy needs."""

    def __init__(
        self, body: Body, needs: Collection[Modality], cameras: Sequence[str] = CAMERAS
    ) -> None:
        """Look at `needs`, of `cameras` only; raises ConfigError for a camera that is none."""
        for name in cameras:
            if name not in CAMERAS:
                raise ConfigError(
                    f"the policy looks through a camera '{name}'; {did_you_mean(name, CAMERAS)}"
                )
        self._needs = frozenset(needs)
        self._cameras = tuple(cameras)
        # As core/policy/bundle.py: a body without a URDF has no hands to tell of.
        self._layout = StateLayout(body, STATE_FEATURES if body.urdf else (POSITION, VELOCITY))
        self.streams = self._streams()

    @property
    def needed(self) -> dict[str, Modality]:
        """Every stream that has to be fresh, and which modality it serves."""
        known = {f'{camera}_color': Modality.RGB for camera in self._cameras}
        known |= {f'{camera}_depth': Modality.DEPTH for camera in self._cameras}
        known |= {CLOUD.name: Modality.CLOUD, SIM_STATE.name: Modality.SIM_STATE}
        known |= dict.fromkeys(_ALWAYS, Modality.STATE)
        return {stream.name: known[stream.name] for stream in self.streams}

    def observe(
        self, stamp_ns: int, position: Array, velocity: Array, contents: Contents, prompt: str
    ) -> Observation:
        """
        Return what was to be seen at a time.

        Raises NotSeen naming what is missing, and HvdError when a message does not decode.
        """
        state = self._layout.state(position, velocity)
        silent = np.flatnonzero(~np.isfinite(state))
        if len(silent):
            raise NotSeen(
                f"'{self._layout.names[silent[0]]}' is not known: joint_states or odom does not "
                'tell it; do r1 and the robot run?'
            )
        return Observation(
            stamp_ns=stamp_ns,
            state=state,
            images=self._pictures(contents),
            depth_mm=self._depths(contents),
            cloud=self._cloud(contents),
            sim_state=self._sim_state(contents),
            prompt=prompt,
        )

    def missing(self, stream: str) -> str:
        """Say that a stream was never heard, and what to do."""
        start = _START.get(self.needed[stream], 'do r1 and the robot run?')
        return f'{stream} was never heard; {start}'

    def _streams(self) -> tuple[Stream, ...]:
        found = [stream for stream in STREAMS if stream.name in _ALWAYS]
        for what, modality in (('color', Modality.RGB), ('depth', Modality.DEPTH)):
            if modality in self._needs:
                wanted = {f'{camera}_{what}' for camera in self._cameras}
                rows = (row for camera in self._cameras for row in camera_streams(camera))
                found += [row for row in rows if row.name in wanted]
        if Modality.CLOUD in self._needs:
            found.append(CLOUD)
        if Modality.SIM_STATE in self._needs:
            found.append(SIM_STATE)
        return tuple(found)

    def _message(self, stream: Stream, contents: Contents) -> Any:
        data = contents(stream.name)
        if data is None:
            raise NotSeen(self.missing(stream.name))
        return cdr.decode(stream.kind, data)

    def _pictures(self, contents: Contents) -> dict[str, Picture]:
        if Modality.RGB not in self._needs:
            return {}
        return {c: decode_color(self._image(c, 0, contents)) for c in self._cameras}

    def _depths(self, contents: Contents) -> dict[str, Depth]:
        if Modality.DEPTH not in self._needs:
            return {}
        return {c: decode_depth(self._image(c, 1, contents)) for c in self._cameras}

    def _image(self, camera: str, place: int, contents: Contents) -> bytes:
        return bytes(self._message(camera_streams(camera)[place], contents).data.data)

    def _cloud(self, contents: Contents) -> PointCloud | None:
        if Modality.CLOUD not in self._needs:
            return None
        message = self._message(CLOUD, contents)
        offsets = {field.name: int(field.offset) for field in message.fields}
        return unpack_points(message.data, int(message.point_step), offsets)

    def _sim_state(self, contents: Contents) -> Array | None:
        if Modality.SIM_STATE not in self._needs:
            return None
        return np.array(self._message(SIM_STATE, contents).position, dtype=np.float64)


def recorded_observation(
    episode: Episode, senses: Senses, index: int, prompt: str = ''
) -> Observation:
    """Return what a policy would have seen at frame `index` of an episode."""
    table = episode.table()

    def content(stream: str) -> cdr.Buffer | None:
        found = episode.sampled(stream, index)
        return None if found is None else found.cdr

    return senses.observe(
        int(table.stamp_ns[index]),
        table.position[index],
        table.velocity[index],
        content,
        prompt or episode.meta.prompt,
    )
