# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Stage marks as messages of a bag, so that neither a mark nor taking it back is lost in a crash.

A mark that was taken back is followed by one of the same stage and author with a score of NaN.
"""

import math
from pathlib import Path

from hvd_ros.core.bag import cdr
from hvd_ros.core.bag.index import Bag
from hvd_ros.core.episodes.meta import EpisodeMeta
from hvd_ros.core.episodes.streams import MARK_KIND, MARKS_TOPIC
from hvd_ros.core.labels.file import FILE, save_labels
from hvd_ros.core.labels.labels import OPERATOR, Mark, labels_from_marks

TAKEN_BACK = math.nan


def mark_to_cdr(
    log_ns: int, episode_id: str, frame: int, stage: int, score: float, author: str
) -> bytes:
    """Return the message of one mark."""
    message = cdr.make(
        MARK_KIND,
        header=cdr.header(log_ns),
        episode_id=episode_id,
        frame=frame,
        stage=stage,
        score=score,
        author=author,
    )
    return cdr.encode(message)


def marks_in(bag: Bag) -> list[Mark]:
    """Return the marks of a bag that nobody took back."""
    kept: dict[tuple[str, int], Mark] = {}
    for message in bag.messages({MARKS_TOPIC}) if bag.counts.get(MARKS_TOPIC) else ():
        said = cdr.decode(MARK_KIND, message.cdr)
        author = said.author or OPERATOR
        kept.pop((author, said.stage), None)
        if not math.isnan(said.score):
            kept[author, said.stage] = Mark(said.frame, said.stage, float(said.score), author)
    return list(kept.values())


def label_rescued(folder: Path, meta: EpisodeMeta, bag: Bag) -> None:
    """Give an episode whose recorder died the labels that its bag holds, unless it has some."""
    marks = marks_in(bag)
    if marks and meta.frames and not (folder / FILE).exists():
        save_labels(folder, labels_from_marks(meta.episode_id, meta.task, meta.frames, marks))
