# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The recorder at work: the graph on twins with an operator, three RGB-D views and a cloud to disk.

The images are drawn and encoded once and played at 10 Hz (camera_feed.py), so that this measures
the recorder and not a renderer. Figures come from the episode itself and from /proc.
"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
import statistics
import sys
import tempfile
import time
from typing import Any

from hvd_msgs.msg import RecorderStatus, WholeBodyCommand
from hvd_msgs.srv import StartEpisode
import numpy as np
from std_srvs.srv import Trigger

from hvd_ros.cli.benches.camera_feed import HEIGHT, RATE_HZ, WIDTH
from hvd_ros.cli.benches.graph import BenchGraph
from hvd_ros.cli.launching.graph import GraphFailed
from hvd_ros.cli.ros_session import Session
from hvd_ros.core.bag import cdr
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.seal import bag_path
from hvd_ros.core.episodes.streams import FRAMES_TOPIC
from hvd_ros.nodes.shell import qos

_CAMERA_NODES = (
    'sim_cameras', 'zed_camera', 'left_realsense_camera', 'right_realsense_camera', 'cloud',
)  # fmt: skip
_START_S = 60.0
_QUICK_S, _USUAL_MINUTES = 6.0, 10.0
_SETTLED_S = 120.0  # by then every allocator has seen its largest day
_LOOK_S = 5.0
_BEFORE_S = 60.0


def measure(quick: bool, minutes: float | None) -> dict[str, float]:
    """Record one episode and return the figures; raises GraphFailed when the graph fails."""
    total_s = _QUICK_S if quick else 60.0 * (minutes or _USUAL_MINUTES)
    with (
        tempfile.TemporaryDirectory(prefix='hvd-bench-recorder-') as root,
        BenchGraph('record', _CAMERA_NODES, operator='tour', viewer='false', root=root) as graph,
        Session() as session,
    ):
        graph.start('camera_feed', [sys.executable, '-m', 'hvd_ros.cli.benches.camera_feed'])
        status = session.collect(RecorderStatus, 'recorder/status', qos.LATCHED)
        _wait(graph, session, status)
        before = _listen(session)
        session.spin(min(total_s, _BEFORE_S))
        idle_gap_ms = _gap_ms(before)
        stamps = _listen(session)
        _ask(session, StartEpisode, 'start')
        load = _watch(graph, session, total_s)
        _ask(session, Trigger, 'stop')
        _ask(session, Trigger, 'save')
        graph.check()
        (folder,) = Path(root).glob('*/*')
        return (
            _figures(folder)
            | load
            | {
                'command_gap_ms_max': _gap_ms(stamps),
                'command_gap_ms_max_before': idle_gap_ms,  # the same, while nothing was recorded
            }
        )


def _wait(graph: BenchGraph, session: Session, status: list[Any]) -> None:
    """Wait until the recorder hears every stream that it needs."""
    deadline = time.monotonic() + _START_S
    while not status or status[-1].missing:
        graph.check()
        session.spin(0.2)
        if time.monotonic() > deadline:
            silent = ', '.join(status[-1].missing) if status else 'no recorder'
            raise GraphFailed(f'after {_START_S:g} s still silent: {silent}')
    # The operator sets off, and everybody has come up.
    session.spin(2.0)


def _listen(session: Session) -> list[int]:
    """Collect the stamps of every command to the robot."""
    stamps: list[int] = []
    session.node.create_subscription(
        WholeBodyCommand,
        'command',
        lambda data: stamps.append(cdr.stamp_ns(data)),
        qos.EVENTS,
        raw=True,
    )
    session.spin(0.5)
    return stamps


def _ask(session: Session, kind: Any, name: str) -> None:
    answer = session.call(kind, f'recorder/{name}', kind.Request(), 30.0, 'record')
    if not answer.success:
        raise GraphFailed(f'the recorder refused to {name}: {answer.message}')


def _watch(graph: BenchGraph, session: Session, total_s: float) -> dict[str, float]:
    """Let it record; return what it costs."""
    settled_s = min(_SETTLED_S, 0.2 * total_s)
    began, cpu_s = time.monotonic(), graph.cpu_s()['recorder']
    session.spin(settled_s)
    seen_mb = [graph.memory_mb()['recorder']]
    while (left_s := began + total_s - time.monotonic()) > 0:
        session.spin(min(left_s, _LOOK_S))
        graph.check()
        seen_mb.append(graph.memory_mb()['recorder'])
    elapsed_s = time.monotonic() - began
    return {
        'seconds': elapsed_s,
        'rss_mb': max(seen_mb),
        'memory_growth_mb': _growth(seen_mb),
        'cpu_percent': 100.0 * (graph.cpu_s()['recorder'] - cpu_s) / elapsed_s,
    }


def _growth(seen_mb: Sequence[float]) -> float:
    """
    Return how much the last minute's median lies above the first's.

    Free memory comes and goes by some megabytes until it is given back; two single looks would
    measure where in that tide they fell.
    """
    minute = max(1, min(round(60.0 / _LOOK_S), len(seen_mb) // 2))
    return statistics.median(seen_mb[-minute:]) - statistics.median(seen_mb[:minute])


def _figures(folder: Path) -> dict[str, float]:
    with Episode.open(folder) as episode:
        meta, table = episode.meta, episode.table()
        rows = meta.cadence['streams']
        size = bag_path(folder).stat().st_size
        due = int(meta.duration_s * RATE_HZ)
        stamps = table.stamps['head_color']
        bytes_per_hour = size / meta.duration_s * 3600.0
        kinds = {'color': 'color/image_raw/compressed', 'depth': 'depth/image_raw/compressedDepth'}
        sizes = {
            f'{name}_kb_mean': _kb(episode, f'/camera/head/{topic}')
            for name, topic in kinds.items()
        }
        frames = sum(1 for _ in episode.messages({FRAMES_TOPIC}))
    return {
        'dropped_frames': max(0, due - frames) + meta.drops,
        'frames': frames,
        'rate_hz': meta.rate_hz,
        'late_ticks': meta.cadence['late_ticks'],
        'tick_error_ms_p50': meta.cadence['tick_error_ms_p50'],
        'tick_error_ms_p99': meta.cadence['tick_error_ms_p99'],
        'frame_gap_ms_max': 1000.0 * meta.cadence['worst_gap_s'],
        # Of two images between two ticks the newer is kept, as it should be.
        'images_repeated': int((np.diff(stamps) == 0).sum()),
        'trace_rate_hz': rows['trace']['rate_hz'],
        # Below 0.98 the twin was too slow for this machine, and the episode is marked for that.
        'real_time_factor': float('nan')
        if meta.real_time_factor is None
        else meta.real_time_factor,
        'healthy': float(meta.healthy),
        'resolution': WIDTH * HEIGHT,
        'width_px': WIDTH,
        'height_px': HEIGHT,
        'bytes_per_hour': bytes_per_hour,
        'gb_per_hour': bytes_per_hour / 1e9,
        **sizes,
    }


def _kb(episode: Episode, topic: str) -> float:
    sizes = [len(message.cdr) for message in islice(episode.messages({topic}), 60)]
    return float(np.mean(sizes)) / 1e3 if sizes else float('nan')


def _gap_ms(stamps: list[int]) -> float:
    """Return the longest time between two commands to the robot, by the mux's own stamps."""
    return float(np.diff(stamps).max()) / 1e6 if len(stamps) > 1 else float('nan')
