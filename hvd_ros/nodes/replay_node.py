# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
An episode as a node: what was recorded, at its own pace and with its own clock.

Sensors come back under their live names and commands under `recorded/`, so that a replay never
moves anything. With `drive` it asks the mux of a twin to do what was done, and the sensors then
stay silent, because the twin has its own.
"""

from dataclasses import dataclass
from pathlib import Path
import time
from typing import Any

from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from hvd_ros.core.config import param
from hvd_ros.core.episodes.playback import Playback, Targets
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.streams import FRAME_KIND, FRAMES_TOPIC
from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.robot.description import load_body
from hvd_ros.nodes.replay.drive import Drive
from hvd_ros.nodes.replay.outlets import Outlets
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick

TICK_S = 0.01
_RECORDED = '/recorded/'
# Time for subscribers to find us; what is published before is lost to them.
_GATHER_S = 1.0
_CHECK_TICKS = 100
# What was published last must still reach its readers.
_LINGER_S = 0.3


@dataclass(frozen=True)
class ReplayConfig:
    """Parameters of the replay node."""

    episode: str = param('', 'Folder of the episode.')
    rate: float = param(1.0, 'Speed; 2 is twice as fast.', low=0.05, high=20.0)
    start_s: float = param(0.0, 'Where to begin [s].', low=0.0, high=86400.0)
    loop: bool = param(False, 'Begin again at the end.')
    drive: bool = param(False, 'Drive the twin through the mux instead of showing the sensors.')
    hardware: str = param('sim', 'A replay drives twins only.', choices=('sim', 'real'))


class ReplayNode(Node):
    """Plays one episode."""

    def __init__(self, **options: Any) -> None:
        super().__init__('replay', **options)
        self._config = config = declare(self, ReplayConfig)
        if not config.episode:
            raise ConfigError("parameter 'episode' is empty; name a folder: hvd episodes list")
        if config.drive and config.hardware == 'real':
            raise ConfigError('a replay drives twins only; leave out drive or hardware:=real')
        self._episode = Episode.open(Path(config.episode))
        self._drive = self._make_drive() if config.drive else None
        self._outlets = Outlets(self, self._topics())
        self._clock_out = (
            None if config.drive else self.create_publisher(Clock, '/clock', qos.COMMAND)
        )
        self._checks = 0
        self._leave_ns = 0  # when to go, once the episode has ended
        self._begin()
        self.tick = Tick(self, TICK_S, self._on_tick)
        meta = self._episode.meta
        self.get_logger().info(
            f'{meta.episode_id}: {meta.task}, {meta.frames} frames, {meta.duration_s:.1f} s'
        )

    def close(self) -> None:
        """Stop; a driven twin holds when the targets stop."""

    def _make_drive(self) -> Drive:
        body = load_body(self._episode.meta.robot)
        table = self._episode.table()
        if int(self._episode.meta.layout_id, 16) != body.layout_id:
            raise ContractMismatch(
                f'{self._episode.folder.name}: recorded with layout {self._episode.meta.layout_id}'
                f", '{body.name}' is {body.layout_id:016x}; this twin can not repeat it"
            )
        return Drive(self, body, Targets(table.trace_received_ns, table.trace_sent))

    def _topics(self) -> dict[str, str]:
        rows = self._episode.meta.streams.values()
        topics = {row['topic']: row['kind'] for row in rows} | {FRAMES_TOPIC: FRAME_KIND}
        if not self._config.drive:
            return topics
        return {topic: kind for topic, kind in topics.items() if topic.startswith(_RECORDED)}

    def _begin(self) -> None:
        start_ns = int(self._episode.table().stamp_ns[0])
        self._log_ns = start_ns + round(self._config.start_s * 1e9)
        # From the very beginning also what was latched before the first frame.
        since_ns = self._log_ns if self._config.start_s else 0
        self._playback = Playback(self._episode.messages(), since_ns)
        self._last_ns = time.monotonic_ns() + round(_GATHER_S * 1e9)
        if self._drive is not None:
            self._drive.again()

    def _on_tick(self) -> None:
        now_ns = time.monotonic_ns()
        gathered = now_ns > self._last_ns
        runs = self._drive is None or self._drive.tick(self._log_ns, may_play=gathered)
        if gathered:
            self._check_alone()
            if runs and not self._leave_ns:
                self._play(now_ns - self._last_ns)
            self._last_ns = now_ns
        self._publish_clock()
        if self._playback.ended:
            self._end(now_ns)

    def _play(self, elapsed_ns: int) -> None:
        self._log_ns += round(elapsed_ns * self._config.rate)
        for message in self._playback.until(self._log_ns):
            self._outlets.publish(message)

    def _check_alone(self) -> None:
        self._checks += 1
        if self._checks % _CHECK_TICKS == 1:
            self._outlets.check()

    def _publish_clock(self) -> None:
        if self._clock_out is not None:
            message = Clock()
            message.clock.sec, message.clock.nanosec = divmod(self._log_ns, 1_000_000_000)
            self._clock_out.publish(message)

    def _end(self, now_ns: int) -> None:
        if self._config.loop:
            self._begin()
        elif not self._leave_ns:
            self.get_logger().info('the episode has ended')
            self._leave_ns = now_ns + round(_LINGER_S * 1e9)
        elif now_ns >= self._leave_ns:
            self.context.try_shutdown()


def main() -> None:
    """Run the replay node."""
    run(ReplayNode)
