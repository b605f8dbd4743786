# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Results that stay: one line of JSON an episode, in a file a policy, task and setting.

The file's name holds the hashes of policy and world, so what is found there may be taken as it is.
Lines are appended as episodes end; a line that a crash tore is played again.
"""

from dataclasses import dataclass, field
import json
import os
from pathlib import Path
from typing import BinaryIO

from hvd_ros.core.robot.body import Body
from hvd_training.evaluate.identity import real_world_id, world_id
from hvd_training.evaluate.outcome import Ending, Outcome, outcome_from


@dataclass(frozen=True)
class Cache:
    """A folder of results."""

    folder: Path
    body: Body
    cloud: str = 'depth'  # or whatever else keeps one way to play from another
    real: bool = False  # no simulation has a part in it
    # Looked up once: whoever edits a rubric meanwhile does not split an evaluation.
    _worlds: dict[str, str] = field(default_factory=dict)

    def path(self, content: str, task: str, setting: str) -> Path:
        """Return where the episodes of a policy in a task and a setting are."""
        if task not in self._worlds:
            name = real_world_id if self.real else world_id
            self._worlds[task] = name(self.body, task, self.cloud)
        return self.folder / content / f'{task}.{setting}.{self._worlds[task]}.jsonl'

    def read(self, content: str, task: str, setting: str) -> dict[int, Outcome]:
        """Return what is known, by seed; failures of the policy are to be tried again."""
        path = self.path(content, task, setting)
        if not path.exists():
            return {}
        rows = [_outcome(line) for line in path.read_text(encoding='utf-8').splitlines()]
        return {
            row.seed: row
            for row in rows
            if row is not None and row.ending is not Ending.POLICY_ERROR
        }

    def add(self, content: str, outcome: Outcome) -> None:
        """Keep one more; raises OSError."""
        path = self.path(content, outcome.task, outcome.setting)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open('ab+') as file:
            # Behind a torn line, not in it.
            torn = file.tell() > 0 and _last(file) != b'\n'
            line = json.dumps(outcome.as_json(), allow_nan=False)
            file.write(f'{chr(10) if torn else ""}{line}\n'.encode())


def _last(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def _outcome(line: str) -> Outcome | None:
    try:
        return outcome_from(json.loads(line))
    except (ValueError, KeyError, TypeError):
        return None
