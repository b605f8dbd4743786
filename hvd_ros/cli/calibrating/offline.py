# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Views of the board from a folder of kept pictures, or from an episode that shows one."""

from pathlib import Path
from typing import Any

from hvd_ros.cli.calibrating import feed
from hvd_ros.core.bag import cdr
from hvd_ros.core.calibration.charuco import BoardNotSeen
from hvd_ros.core.calibration.collection import Collection, NotTaken
from hvd_ros.core.calibration.view_folder import INDEX, read_views
from hvd_ros.core.calibration.watch import Watch
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Body
from hvd_ros.core.vision.intrinsics import Intrinsics

_EPISODE = 'episode.json'


def collect_from(folder: Path, body: Body, collection: Collection) -> dict[str, Intrinsics]:
    """Take what a folder holds; return the intrinsics of its cameras."""
    if (folder / INDEX).is_file():
        return _from_views(folder, body, collection)
    if (folder / _EPISODE).is_file():
        return _from_episode(folder, body, collection)
    raise ConfigError(
        f'{folder} has neither {INDEX} (kept pictures, see --keep) nor {_EPISODE} (an episode)'
    )


def _from_views(folder: Path, body: Body, collection: Collection) -> dict[str, Intrinsics]:
    pictures, lenses = read_views(folder, body)
    for number, picture in enumerate(pictures):
        if picture.camera not in collection.wanted:
            continue
        try:
            collection.take(
                picture.camera, picture.pixels(), picture.values, lenses[picture.camera]
            )
        except (NotTaken, BoardNotSeen) as error:
            print(f'picture {number} of {picture.camera} left out: {error}')
    return lenses


def _from_episode(folder: Path, body: Body, collection: Collection) -> dict[str, Intrinsics]:
    watch = Watch(body, collection)
    with Episode.open(folder) as episode:
        streams = {row['topic']: name for name, row in episode.meta.streams.items()}
        for camera, lens in episode.meta.cameras.items():
            watch.lens(camera, lens)
        wanted = {f'{camera}_color' for camera in collection.wanted} | {'joints', 'odom'}
        topics = [topic for topic, name in streams.items() if name in wanted]
        for recorded in episode.messages(topics):
            _feed(watch, streams[recorded.topic], cdr.decode(recorded.kind, recorded.cdr))
            watch.work()
    for said in watch.said.values():
        print(said)
    return watch.lenses


def _feed(watch: Watch, stream: str, message: Any) -> None:
    if stream == 'joints':
        feed.joints(watch, message)
    elif stream == 'odom':
        feed.odometry(watch, message)
    else:
        feed.picture(watch, stream.removesuffix('_color'), message)
