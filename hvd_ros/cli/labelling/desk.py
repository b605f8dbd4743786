# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The episodes that lie on the desk, in the terms of the page: views, frames, marks, hints.

Knows nothing of HTTP. Everything that is changed is on disk when a call returns.
"""

from collections.abc import Mapping, Sequence
import json
import math
from pathlib import Path
import threading
from typing import Any

import numpy as np

from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.errors import HvdError, LabelError
from hvd_ros.core.labels.file import load_labels, update_labels
from hvd_ros.core.labels.labels import LIVE, Labels, Mark, check_author, now_iso
from hvd_ros.core.labels.likely_ends import likely_ends
from hvd_ros.core.labels.rewards import rewards
from hvd_ros.core.robot.body import Body, Kind
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.tasks import load_task

MOST_FRAMES = 64  # in one answer
_OPEN_EPISODES = 3


class Desk:
    """A fixed list of episodes; safe to be called from several threads."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        # A bag is one open file: one reader at a time.
        self._lock = threading.RLock()
        self._open: dict[int, Episode] = {}

    def listing(self) -> list[dict[str, Any]]:
        """Name every episode and who has finished it."""
        return [self._entry(folder) for folder in self.folders]

    def _entry(self, folder: Path) -> dict[str, Any]:
        try:
            labels = load_labels(folder)
        except LabelError as error:
            return {'name': folder.name, 'finished': [], 'error': str(error)}
        return {'name': folder.name, 'finished': list(labels.finished) if labels else []}

    def view(self, index: int, author: str) -> dict[str, Any]:
        """Return all that the page shows of an episode, except its frames."""
        episode = self._episode(index)
        meta, task, body = episode.meta, load_task(episode.meta.task), _body(episode)
        with self._lock:
            table = episode.table()
        position, asked = np.asarray(table.position), np.asarray(table.asked)
        return {
            'index': index,
            'episode': meta.episode_id,
            'folder': str(self.folders[index]),
            'title': task.title,
            'prompt': meta.prompt,
            'kind': meta.kind,
            'healthy': meta.healthy,
            'frames': meta.frames,
            'rate_hz': meta.rate_hz,
            'cameras': list(meta.cameras),
            'stages': [
                {'name': s.name, 'rubric': [[score, text] for score, text in s.rubric.items()]}
                for s in task.stages
            ],
            'events': [
                {'frame': event.frame, 'what': event.what}
                for event in (likely_ends(position, body) if body else [])
            ],
            'strips': _strips(position, asked, body) if body else [],
            **self._said(episode.labels, author),
        }

    def frames(self, index: int, first: int, count: int) -> bytes:
        """
        Return the JPEGs of all cameras over some frames, byte for byte as recorded.

        Four bytes (big endian) say how long the JSON head is that follows; it lists the size of
        each image, frame by frame and camera by camera, 0 where there is none; then the images.
        """
        episode = self._episode(index)
        count = max(0, min(count, MOST_FRAMES, episode.meta.frames - first))
        cameras = list(episode.meta.cameras)
        with self._lock:
            images = [
                episode.color(camera, frame) or b''
                for frame in range(first, first + count)
                for camera in cameras
            ]
        head = json.dumps({'first': first, 'cameras': cameras, 'sizes': [len(i) for i in images]})
        return b''.join([len(head).to_bytes(4, 'big'), head.encode(), *images])

    def mark(self, index: int, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Put what an author says about an episode in the place of what he said before."""
        author, finished = wish.get('author'), wish.get('finished')
        if not isinstance(author, str) or type(finished) is not bool:
            raise LabelError('a wish needs an author and finished: true or false')
        check_author(author)
        if author in LIVE:
            raise LabelError(f"'{author}' marks while recording; label under your own name")
        marks = [_mark(row, author) for row in wish.get('marks', ())]
        labels = update_labels(
            self.folders[index],
            self._episode(index).labels,
            lambda labels: labels.with_marks(author, marks, finished=finished),
        )
        return self._said(labels, author)

    def _said(self, labels: Labels, author: str) -> dict[str, Any]:
        paid = rewards(labels.by(author), labels.frames)
        return {
            'marks': [
                {'frame': m.frame, 'stage': m.stage, 'score': m.score, 'author': m.author,
                 'at': m.at}
                for m in labels.marks
            ],
            'finished': list(labels.finished),
            'resolved': [[m.frame, m.stage, m.score, m.author] for m in labels.resolved()],
            'rewards': [round(float(value), 4) for value in paid],
        }  # fmt: skip

    def _episode(self, index: int) -> Episode:
        if not 0 <= index < len(self.folders):
            raise LabelError(f'no episode {index}; there are {len(self.folders)}')
        with self._lock:
            if index not in self._open:
                while len(self._open) >= _OPEN_EPISODES:
                    self._open.pop(next(iter(self._open))).close()
                self._open[index] = Episode.open(self.folders[index])
            return self._open[index]


def _mark(row: Any, author: str) -> Mark:
    try:
        frame, stage, score = row['frame'], row['stage'], row['score']
    except (KeyError, TypeError):
        raise LabelError(f'{row!r} is not a mark: frame, stage, score') from None
    if type(frame) is not int or type(stage) is not int or type(score) not in (int, float):
        raise LabelError(f'{row!r} is not a mark: frame, stage, score are numbers')
    at = row.get('at')
    return Mark(
        frame, stage, float(score), author, at if isinstance(at, str) and at else now_iso()
    )


def _body(episode: Episode) -> Body | None:
    # An episode of a robot that is not described here can be labelled all the same, without hints.
    try:
        body = load_body(episode.meta.robot)
    except HvdError:
        return None
    return body if tuple(body.names) == tuple(episode.meta.dimensions) else None


def _strips(position: Any, asked: Any, body: Body) -> list[dict[str, Any]]:
    """Return the hint curves: each gripper's opening and the base's speed."""
    rows = [
        {
            'name': dimension.name.replace('_', ' '),
            'high': 1.0,
            'measured': _plain(position[:, index]),
            'asked': _plain(asked[:, index]),
        }
        for index, dimension in enumerate(body.dimensions)
        if dimension.kind is Kind.OPENING
    ]
    base = [i for i, d in enumerate(body.dimensions) if d.kind is Kind.VELOCITY]
    if base:
        measured, wanted = (np.abs(values[:, base]).max(axis=1) for values in (position, asked))
        high = float(np.nanmax([*measured, *wanted, 0.1]))
        rows.append(
            {
                'name': 'base speed',
                'high': high,
                'measured': _plain(measured),
                'asked': _plain(wanted),
            }
        )
    return rows


def _plain(values: Any) -> list[float | None]:
    return [None if math.isnan(value) else round(float(value), 3) for value in values]
