# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The clouds of an episode, made again from its recorded images and joints.

For another box, another number of points or a better calibration than the day's: the bytes are
those that the live node decoded, the steps are the live node's, so the same settings give the
same points.
"""

from collections.abc import Sequence

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.errors import HvdError
from hvd_ros.core.robot.body import Body
from hvd_ros.core.vision.cloud import Cloud, CloudBuilder, Seen, views_at_capture
from hvd_ros.core.vision.joint_history import JointHistory

_FOREVER_S = float('inf')


class EpisodeClouds:
    """One episode's images, each with the joints of its capture time."""

    def __init__(
        self,
        episode: Episode,
        body: Body,
        builder: CloudBuilder,
        cameras: Sequence[str] | None = None,
    ) -> None:
        """Read all joint states of the episode; `cameras` default to all that it has."""
        self._episode, self._builder = episode, builder
        self._cameras = tuple(cameras if cameras is not None else episode.meta.cameras)
        self._history = JointHistory(body, horizon_s=_FOREVER_S)
        row = episode.meta.streams['joints']
        for message in episode.messages({row['topic']}):
            state = cdr.decode(row['kind'], message.cdr)
            joints = dict(zip(state.name, state.position.tolist(), strict=False))
            self._history.put(cdr.ns_of(state.header.stamp), joints)

    def cloud(self, index: int) -> Cloud:
        """Return the cloud of frame `index`; cameras that can not be used are named in it."""
        seen, left_out = [], {}
        for camera in self._cameras:
            try:
                seen.append(self._seen(camera, index))
            except _NoPicture as error:
                left_out[camera] = str(error)
        views, uncovered = views_at_capture(seen, self._history)
        return self._builder.build(views, left_out | uncovered)

    def _seen(self, camera: str, index: int) -> Seen:
        color, depth = (
            self._episode.sampled(f'{camera}_{what}', index) for what in ('color', 'depth')
        )
        if color is None or depth is None:
            raise _NoPicture(f'frame {index} names no picture of it')
        at_ns = cdr.stamp_ns(color.cdr)
        apart_s = abs(cdr.stamp_ns(depth.cdr) - at_ns) / 1e9
        if apart_s:
            raise _NoPicture(f'frame {index} names colour and depth taken {apart_s:.3f} s apart')
        jpeg, png = (bytes(cdr.decode(m.kind, m.cdr).data.data) for m in (color, depth))
        return Seen(camera, jpeg, png, self._episode.meta.cameras[camera], at_ns)


class _NoPicture(HvdError):
    """A frame has no usable picture of a camera."""
