# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import json

from made_source import MadeSource, units_of
import numpy as np
import pyarrow.parquet as pq
import pytest

from hvd_training.data.assemble import assemble
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot import layout
from hvd_training.data.lerobot.tables import read_columns, write_columns
from hvd_training.data.statistics import norm_stats
from hvd_training.data.statistics.check import ERROR, WARNING, check
from hvd_training.data.statistics.norm_stats import Representation


@pytest.fixture(params=layout.FORMATS)
def made(request, tmp_path):
    units = units_of(tmp_path / 'units', MadeSource(0, 12), MadeSource(1, 9))
    return assemble(units, tmp_path / 'set', request.param, tmp_path / 'work')


def texts(root, level=ERROR):
    return [f.text for f in check(Dataset(root)) if f.level == level]


def change(root, name, function):
    """Rewrite a column of the first data file, keeping one row group an episode."""
    path = sorted(root.glob('data/*/*.parquet'))[0]
    path.chmod(0o644)
    file = pq.ParquetFile(path)
    tables = [file.read_row_group(i) for i in range(file.num_row_groups)]
    columns = read_columns(path)
    columns[name] = function(columns[name].copy())
    if len(tables) == 1:
        write_columns(path, columns)
        return
    ends = np.cumsum([table.num_rows for table in tables])
    write_columns(path, columns)
    whole = pq.read_table(path)
    with pq.ParquetWriter(path, whole.schema) as writer:
        for end, table in zip(ends, tables, strict=True):
            writer.write_table(whole.slice(end - table.num_rows, table.num_rows))


def set_at(*place, value):
    def function(column):
        column[place if len(place) > 1 else place[0]] = value
        return column

    return function


def test_a_fresh_dataset_has_no_error_and_statistics_are_asked_for(made):
    assert texts(made) == []
    assert any('no statistics yet' in text for text in texts(made, WARNING))
    data = Dataset(made)
    norm_stats.save(norm_stats.compute(data, Representation()), data)
    assert texts(made) == []
    assert not any('statistics' in text for text in texts(made, WARNING))


def test_nan_is_found_with_column_and_frame_and_so_is_the_change(made):
    change(made, 'observation.state', set_at(3, 0, value=np.nan))
    found = texts(made)
    assert any('observation.state is not finite at frame 3' in text for text in found)
    assert any('its hash has changed' in text for text in found)
    assert any('hash of the content' in text for text in found)


def test_nothing_asked_is_no_error(made):
    assert not any('asked' in text for text in texts(made))


def test_a_second_terminal_is_found(made):
    change(made, 'next.done', set_at(4, value=True))
    assert any('terminal at frames [4, 11]' in text for text in texts(made))


def test_an_index_that_jumps_is_found(made):
    change(made, 'index', set_at(5, value=500))
    assert any('index does not count up' in text for text in texts(made))


def test_a_gap_is_a_warning_that_names_the_frame(made):
    def later(column):
        column[6:12] += 10**9
        return column

    change(made, 'stamp_ns', later)
    assert any(
        '1 pauses or lost frames, the first behind frame 5' in t for t in texts(made, WARNING)
    )


def test_a_constant_dimension_is_a_warning_with_its_name(tmp_path):
    class Still(MadeSource):
        def raw(self):
            raw = super().raw()
            raw.action[:, 2] = 0.0
            return raw

    units = units_of(tmp_path / 'units', Still(0, 9))
    root = assemble(units, tmp_path / 'set', layout.V30, tmp_path / 'work')
    assert 'action never changes in: c' in texts(root, WARNING)


def test_a_video_that_lost_frames_is_found(made):
    videos = sorted(made.glob('videos/**/*.mp4'))
    other = units_of(made.parent / 'other', MadeSource(7, 5))[0].video('head')
    videos[0].unlink()
    videos[0].write_bytes(other.read_bytes())
    assert any('has 5 frames, its rows are' in text for text in texts(made))


def test_a_torn_video_a_missing_one_and_a_torn_table_are_named(made):
    videos = sorted(made.glob('videos/**/*.mp4'))
    videos[0].unlink()
    videos[0].write_bytes(b'torn')
    videos[1].unlink()
    data = sorted(made.glob('data/*/*.parquet'))[0]
    content = data.read_bytes()
    data.unlink()
    data.write_bytes(content[: len(content) // 2])
    found = '\n'.join(texts(made))
    assert f'{videos[0]} is no readable video' in found
    assert f'{videos[1]} is no readable video' in found
    assert f'{data} is not a whole Parquet file' in found


def test_a_cloud_that_changed_or_is_gone_is_found(made):
    xyz, rgb = layout.cloud_files(made, 0)
    values = np.load(xyz)
    values[0] += 1
    xyz.unlink()
    np.save(xyz, values)
    assert any('episode 0 (made-0): its hash has changed' in text for text in texts(made))
    rgb.unlink()
    assert any(f'{rgb} is missing' in text for text in texts(made))


def test_an_episode_missing_from_the_list_is_refused_at_opening(made):
    info = json.loads((made / 'meta/info.json').read_text())
    info['total_episodes'] = 3
    (made / 'meta/info.json').write_text(json.dumps(info))
    with pytest.raises(Exception, match='2 episodes are listed, info.json counts 3'):
        Dataset(made)
