# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
labels.json in the folder of an episode: replaced whole, flushed, shared between annotators.

A file that is damaged, or is about another episode, is refused and left as it is.
"""

from collections.abc import Callable, Mapping
import dataclasses
import fcntl
import json
import os
from pathlib import Path
from typing import Any

from hvd_ros.core.durable import write_whole
from hvd_ros.core.errors import LabelError
from hvd_ros.core.labels.labels import Labels, Mark

FILE = 'labels.json'
KIND = 'hvd_ros/labels'
VERSION = 1


def load_labels(
    folder: Path, *, episode_id: str | None = None, frames: int | None = None
) -> Labels | None:
    """
    Read the labels of an episode's folder; None where nobody has labelled yet.

    Raises LabelError when the file is damaged, or is not about this episode.
    """
    path = folder / FILE
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unfit(path, f'not readable ({error})') from None
    try:
        labels = _parse(data)
    except (KeyError, TypeError, ValueError, LabelError) as error:
        raise _unfit(path, str(error) if isinstance(error, LabelError) else repr(error)) from None
    if episode_id is not None and labels.episode_id != episode_id:
        raise _unfit(path, f'they are of episode {labels.episode_id}, this one is {episode_id}')
    if frames is not None and labels.frames != frames:
        raise _unfit(path, f'they count {labels.frames} frames, the episode has {frames}')
    return labels


def save_labels(folder: Path, labels: Labels) -> Path:
    """
    Write labels.json so that a crash leaves the old file or the new one; return its path.

    An old file that can not be read is not replaced (LabelError).
    """
    path = folder / FILE
    load_labels(folder)
    content = {'kind': KIND, 'version': VERSION, **dataclasses.asdict(labels)}
    try:
        write_whole(path, json.dumps(content, indent=1, ensure_ascii=False) + '\n')
    except OSError as error:
        raise LabelError(
            f'{path} can not be written ({error.strerror}); it is as before'
        ) from None
    return path


def update_labels(folder: Path, start: Labels, change: Callable[[Labels], Labels]) -> Labels:
    """
    Read, change and write the labels of one episode while no other process does.

    `start` is taken where there is no file yet; it also says which episode this is.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        # On the folder itself, so that no lock file is left in the episode.
        fcntl.flock(handle, fcntl.LOCK_EX)
        found = load_labels(folder, episode_id=start.episode_id, frames=start.frames)
        fresh = change(found or start)
        save_labels(folder, fresh)
    finally:
        os.close(handle)
    return fresh


def _unfit(path: Path, why: str) -> LabelError:
    return LabelError(f'{path}: {why}; mend it or move it away, the recording is not harmed')


def _parse(data: Any) -> Labels:
    if not isinstance(data, dict) or data.get('kind') != KIND:
        raise ValueError('not a file of labels')
    if data.get('version') != VERSION:
        raise ValueError(f'version {data.get("version")!r}, this program reads {VERSION}')
    return Labels(
        episode_id=_is(str, data, 'episode_id'),
        task=_is(str, data, 'task'),
        stages=tuple(_all(str, data['stages'])),
        frames=_is(int, data, 'frames'),
        marks=tuple(_mark(row) for row in data['marks']),
        finished=tuple(_all(str, data['finished'])),
        outcome=_is(str, data, 'outcome'),
        notes=_is(str, data, 'notes'),
    )


def _mark(row: Mapping[str, Any]) -> Mark:
    score = row['score']
    if type(score) not in (int, float):
        raise ValueError(f'score {score!r} is not a number')
    frame, stage = _is(int, row, 'frame'), _is(int, row, 'stage')
    return Mark(frame, stage, float(score), _is(str, row, 'author'), _is(str, row, 'at'))


def _is(kind: type, row: Mapping[str, Any], key: str) -> Any:
    if type(row[key]) is not kind:
        raise ValueError(f'{key} is {row[key]!r}, not {kind.__name__}')
    return row[key]


def _all(kind: type, values: Any) -> list[Any]:
    if not isinstance(values, list) or not all(type(value) is kind for value in values):
        raise ValueError(f'{values!r} is not a list of {kind.__name__}')
    return values
