# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A LeRobot folder that nobody of us wrote: only LeRobot's own files and names are there."""

import json
from pathlib import Path
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.lerobot import layout
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.starts import choose_starts
from hvd_training.data.reader import DatasetReader
from test.training.learning_data import dataset, good_and_bad

RAW = DataConfig(horizon=4, normalise='none', limit=0.0, validation=0.0, observe=('state',))
OURS = (
    'reward', 'terminal', 'steps_left', 'asked', 'clip', 'source', 'intervention', 'stage', 'kind',
    'stamp_ns', 'next_action', 'observation.next_state', 'chunk.return', 'chunk.discount',
    'chunk.valid',
)  # fmt: skip


def made_foreign(root: Path, rows_together: bool = False) -> Path:
    """Take from a folder all that only we write."""
    shutil.rmtree(root / 'cache', ignore_errors=True)
    for name in (layout.HVD, layout.NORM_STATS, layout.PIXELS):
        (root / name).unlink(missing_ok=True)
    info = json.loads((root / layout.INFO).read_text())
    info['features'] = {k: v for k, v in info['features'].items() if k not in OURS}
    info['features']['action']['names'] = {'motors': info['features']['action']['names']}
    (root / layout.INFO).write_text(json.dumps(info))
    for path in (root / 'data').rglob('*.parquet'):
        table = pq.read_table(path)
        kept = table.select([n for n in table.column_names if n not in OURS])
        pq.write_table(kept, path, row_group_size=len(kept) if rows_together else 5)
    episodes = list((root / 'meta').rglob('episodes/**/*.parquet'))
    for path in episodes:
        table = pq.read_table(path)
        own = [n for n in table.column_names if n in ('episode_id', 'kind', 'outcome', 'digest')]
        pq.write_table(table.drop_columns(own), path)
    return root


@pytest.mark.parametrize('format_', layout.FORMATS)
@pytest.mark.parametrize('rows_together', [True, False])
def test_its_chunks_are_those_of_our_folder(
    tmp_path: Path, format_: str, rows_together: bool
) -> None:
    mine = dataset(tmp_path / 'mine', good_and_bad(4), format_=format_)
    other = made_foreign(shutil.copytree(mine, tmp_path / 'other'), rows_together)
    ours, theirs = (open_corpus([f'mixed:{root}'], RAW) for root in (mine, other))
    rows = choose_starts(ours).every
    assert np.array_equal(rows, choose_starts(theirs).every)
    a, b = ours.chunks(rows), theirs.chunks(rows)
    for name in ('actions', 'valid', 'rewards', 'terminated', 'episode'):
        assert np.array_equal(getattr(a, name).numpy(), getattr(b, name).numpy()), name
    assert theirs.names == ours.names
    assert theirs.prompts == ours.prompts


def test_it_is_normalised_by_its_own_numbers_as_ours_would_be(tmp_path: Path) -> None:
    mine = dataset(tmp_path / 'mine', good_and_bad(4))
    other = made_foreign(shutil.copytree(mine, tmp_path / 'other'))
    ours, theirs = (open_corpus([str(root)], RAW).parts[0].stats for root in (mine, other))
    for key in ('observation.state', 'action'):
        for name in ('mean', 'std', 'q01', 'q99'):
            assert np.allclose(ours.stats[key][name], theirs.stats[key][name]), (key, name)


def test_episodes_of_it_are_demonstrations_unless_a_role_says_otherwise(tmp_path: Path) -> None:
    other = made_foreign(dataset(tmp_path / 'd', good_and_bad(2)))
    assert open_corpus([str(other)], RAW).is_expert.all()
    assert not open_corpus([f'mixed:{other}'], RAW).is_expert.any()


def test_success_is_what_next_success_says(tmp_path: Path) -> None:
    root = made_foreign(dataset(tmp_path / 'd', good_and_bad(2)))
    info = json.loads((root / layout.INFO).read_text())
    info['features']['next.success'] = {'dtype': 'bool', 'shape': [1], 'names': None}
    (root / layout.INFO).write_text(json.dumps(info))
    path = next((root / 'data').rglob('*.parquet'))
    table = pq.read_table(path)
    good = np.asarray(table['episode_index']) == 1
    pq.write_table(table.append_column('next.success', pa.array(good)), path)
    assert [facts.success for facts in DatasetReader(root).data.facts] == [False, True]


def test_a_folder_without_a_state_is_refused(tmp_path: Path) -> None:
    root = made_foreign(dataset(tmp_path / 'd', good_and_bad(1)))
    info = json.loads((root / layout.INFO).read_text())
    info['features'].pop('observation.state')
    (root / layout.INFO).write_text(json.dumps(info))
    with pytest.raises(ContractMismatch, match="no column 'observation.state'"):
        open_corpus([str(root)], RAW)
