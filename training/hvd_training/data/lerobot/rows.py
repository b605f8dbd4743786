# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What both formats write about one episode: its index columns and its row in the table."""

from collections.abc import Mapping, Sequence
import json
import os
from pathlib import Path
import shutil
from typing import Any

import numpy as np

from hvd_training.data.facts import EpisodeFacts, StageEnd
from hvd_training.data.source import Column
from hvd_training.data.unit import Unit


def prompts(units: Sequence[Unit]) -> list[str]:
    """Return the distinct prompts in the order in which they occur; a task index points here."""
    return list(dict.fromkeys(unit.facts.prompt for unit in units))


def index_columns(frames: int, fps: int, episode: int, first: int, task: int) -> dict[str, Column]:
    """Return the columns that depend on the place of an episode in its dataset."""
    row = np.arange(frames, dtype=np.int64)
    return {
        'timestamp': (row / fps).astype(np.float32),
        'frame_index': row,
        'episode_index': np.full(frames, episode, dtype=np.int64),
        'index': first + row,
        'task_index': np.full(frames, task, dtype=np.int64),
    }


def facts_columns(unit: Unit) -> dict[str, Any]:
    """Return what the episodes table says besides LeRobot's columns."""
    facts = unit.facts
    return {
        'episode_id': facts.episode_id,
        'task_name': facts.task,
        'kind': facts.kind,
        'outcome': facts.outcome,
        'success': facts.success,
        'score': facts.score,
        'operator': facts.operator,
        'stages': facts.stages,
        'ends': json.dumps([[e.frame, e.stage, e.score] for e in facts.ends]),
        'digest': unit.digest,
    }


def facts_of(row: Mapping[str, Any], hvd: Mapping[str, Any], fps: int) -> EpisodeFacts:
    """Read the facts back from a row of the episodes table and meta/hvd.json."""
    return EpisodeFacts(
        episode_id=row['episode_id'],
        task=row['task_name'],
        prompt=row['tasks'][0],
        kind=row['kind'],
        outcome=row['outcome'],
        operator=row['operator'],
        robot=hvd['robot'],
        layout_id=hvd['layout_id'],
        names=tuple(hvd['names']),
        fps=fps,
        frames=row['length'],
        stages=row['stages'],
        ends=tuple(StageEnd(int(f), int(s), float(x)) for f, s, x in json.loads(row['ends'])),
    )


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it where the file system can not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
