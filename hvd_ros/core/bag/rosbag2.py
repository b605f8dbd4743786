# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What rosbag2 wants to know about a bag: `metadata.yaml` and the notes beside each channel.

Version 9 of the file, as `ros2 bag record` of Jazzy writes it, so that `ros2 bag info` and
`ros2 bag play` take an episode for one of their own.
"""

from functools import cache
from pathlib import Path
from typing import Any

from mcap.exceptions import McapError
from mcap.reader import make_reader
import yaml

from hvd_ros.core.bag import cdr
from hvd_ros.core.errors import EpisodeError

FILE = 'metadata.yaml'
_FOREVER = {'sec': 9223372036, 'nsec': 854775807}
# Offered on playback: a reliable publisher serves every subscriber of ours and of RViz.
_QOS = [
    {
        'history': 'keep_last',
        'depth': 10,
        'reliability': 'reliable',
        'durability': 'volatile',
        'deadline': _FOREVER,
        'lifespan': _FOREVER,
        'liveliness': 'automatic',
        'liveliness_lease_duration': _FOREVER,
        'avoid_ros_namespace_conventions': False,
    }
]


@cache
def channel_metadata(kind: str) -> dict[str, str]:
    """Return what stands beside a channel in the MCAP file."""
    return {'offered_qos_profiles': _dump(_QOS), 'topic_type_hash': cdr.type_hash(kind)}


def metadata_text(path: Path) -> str:
    """Return metadata.yaml for a finished MCAP file."""
    with path.open('rb') as file:
        try:
            summary = make_reader(file).get_summary()
        except McapError as error:
            raise EpisodeError(f'{path}: {error!r}; run `hvd episodes repair`') from None
    if summary is None or summary.statistics is None:
        raise EpisodeError(f'{path}: has no summary; run `hvd episodes repair`')
    stats = summary.statistics
    topics = [
        _topic(c.topic, summary.schemas[c.schema_id].name, stats.channel_message_counts.get(i, 0))
        for i, c in sorted(summary.channels.items())
    ]
    times = {
        'starting_time': {'nanoseconds_since_epoch': stats.message_start_time},
        'duration': {'nanoseconds': stats.message_end_time - stats.message_start_time},
        'message_count': stats.message_count,
    }
    information = {
        'version': 9,
        'storage_identifier': 'mcap',
        **times,
        'topics_with_message_count': topics,
        'compression_format': '',
        'compression_mode': '',
        'relative_file_paths': [path.name],
        'files': [{'path': path.name, **times}],
        'custom_data': None,
        'ros_distro': 'jazzy',
    }
    return _dump({'rosbag2_bagfile_information': information})


def _topic(name: str, kind: str, count: int) -> dict[str, Any]:
    return {
        'topic_metadata': {
            'name': name,
            'type': kind,
            'serialization_format': 'cdr',
            'offered_qos_profiles': _QOS,
            'type_description_hash': cdr.type_hash(kind),
        },
        'message_count': count,
    }


class _Dumper(yaml.SafeDumper):
    """Without anchors: yaml-cpp knows them, people do not."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dump(value: Any) -> str:
    return str(yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=1000))
