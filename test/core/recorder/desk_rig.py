# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A recorder without ROS, fed by a made-up robot at full rate on a clock of its own."""

import numpy as np

from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.reader import Episode, list_episodes
from hvd_ros.core.episodes.streams import CAMERAS, streams_for
from hvd_ros.core.episodes.writer import WriterConfig
from hvd_ros.core.mux.command import Source
from hvd_ros.core.recorder.desk import Desk, DeskConfig
from hvd_ros.core.recorder.recording import Arrival
from hvd_ros.core.recorder.session import Ask, Event, Order
from test.episode_maker import PERIOD_NS, START_NS, body, messages_of

WALL_NS = START_NS
STREAMS = streams_for(CAMERAS, True)
TABLE = {stream.name: stream for stream in STREAMS}
SIZE = (64, 48)
STEADY_NS = 5_000_000_000  # steady time of index 0


def mux_status(stamp_ns, layout_id):
    return cdr.encode(
        cdr.make(
            'hvd_msgs/msg/MuxStatus',
            header=cdr.header(stamp_ns), mode=1, active_source=1, moving=True, estop=False,
            reason='', text='', heartbeat=0, layout_id=layout_id, sources=[], gates=[],
            self_distance_m=float('nan'),
        )
    )  # fmt: skip


class Rig:
    """Ticks a desk; `silent` streams say nothing, `frozen` ones repeat themselves."""

    def __init__(self, root, **changes):
        given = {
            'root': root,
            'body': body(),
            'streams': STREAMS,
            'order': Order('pen_insert', '', 'ann', 'expert'),
            'writer': WriterConfig(free_floor_gb=0.001, flush_period_s=0.01),
            'free': lambda folder: self.free,
        }
        self.free = 50_000_000_000
        self.told = []
        self.index = 0
        self.source = Source.TELEOP
        self.layout_id = body().layout_id
        self.silent, self.frozen = set(), {}
        self.desk = Desk(DeskConfig(**given | changes), STEADY_NS, self._tell)
        self.arrivals = []

    def _tell(self, text, bad):
        self.told.append((text, bad))

    @property
    def now_ns(self):
        return STEADY_NS + self.index * PERIOD_NS

    def ticks(self, count, late_ns=0):
        for _ in range(count):
            self.index += 1
            for arrival in self._arrivals():
                self.arrivals.append(arrival)
                self.desk.hear(arrival)
            self.desk.tick(self.now_ns + late_ns)

    def _arrivals(self):
        found = list(messages_of(self.index, STREAMS, CAMERAS, SIZE, self.source, 0))
        stamp = START_NS + self.index * PERIOD_NS - 1
        for name, m in found:
            yield from self._arrival(name, m.publish_ns, m.log_ns, m.cdr)
        data = mux_status(stamp, self.layout_id)
        yield from self._arrival('status', stamp, stamp, data)

    def _arrival(self, name, stamp_ns, heard_ns, data):
        if name in self.silent:
            return
        if name in self.frozen:
            stamp_ns, data = self.frozen[name](stamp_ns, data)
        steady_ns = STEADY_NS + heard_ns - START_NS
        yield Arrival(TABLE[name], stamp_ns, steady_ns, data)

    def ask(self, ask, **event):
        return self.desk.wish(Event(Ask(ask), **event), self.now_ns, WALL_NS + self.index)

    def start(self):
        self.ticks(2)
        answer = self.ask('start')
        assert answer.granted, answer
        return answer.episode_id

    def bad_news(self):
        return '\n'.join(text for text, bad in self.told if bad)


def finite(table):
    return bool(np.isfinite(table.sent).all())


def saved(rig):
    """Stop, save and open what was recorded."""
    assert rig.ask('stop').granted
    answer = rig.ask('save')
    assert answer.granted, answer
    (folder,) = list_episodes(rig.desk._config.root)
    return Episode.open(folder)
