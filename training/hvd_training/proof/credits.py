# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The paper's Table 10 from the values that cells were learnt by: mean weights, stage by stage.

Random groups stand beside, since the last head weighs most whatever the data says.
"""

from pathlib import Path

import numpy as np

from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.starts import choose_starts, thinned
from hvd_training.evaluate.credit_report import credit_of
from hvd_training.evaluate.words import NOT_RUN, grid
from hvd_training.proof.printing import Results
from hvd_training.proof.tables import Table
from hvd_training.train.value_run import open_value
from hvd_training.values.credit import Credit, by_stage, relative_by_stage

_MOST = 4096


def weights_text(table: Table, results: Results, root: Path) -> str:
    """Return mean weights of demonstrations by task and stage, of the first training seed."""
    lines = [['', 'task', 'stage', 'mean weight of each group', 'over its own mean']]
    for row in table.rows:
        for column, entry in row.entries.items():
            result = results.get(entry.cells[0])
            if result is None:
                lines.append([row.name, column, '-', NOT_RUN, NOT_RUN])
                continue
            found, stage = of_run(root / result.value_run)
            relative = relative_by_stage(found, stage)
            for number, weights in by_stage(found, stage).items():
                lines.append([
                    row.name, column, str(number + 1), _numbers(weights),
                    _numbers(relative[number]),
                ])  # fmt: skip
    return f'{table.name}: {table.title}\n{grid(lines)}'


def of_run(run: Path) -> tuple[Credit, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return what the demonstrations weigh, and the stage that each chunk starts in."""
    value = open_value(run)
    place = value.folder.about['datasets'][0]['path']
    corpus = open_corpus([f'optimal:{place}'], value.config.data)
    rows = thinned(choose_starts(corpus).expert, _MOST)
    found = credit_of(value, corpus, rows)
    reader = corpus.parts[0].reader
    stages = np.zeros(len(found.row)) if reader is None else reader.columns['stage'][found.row]
    return found, np.asarray(stages).astype(np.int64).ravel()


def _numbers(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    return ' '.join(f'{value:.3f}' for value in values)
