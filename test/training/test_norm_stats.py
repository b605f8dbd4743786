# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import json
import shutil

from made_source import MadeSource, units_of
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.assemble import assemble
from hvd_training.data.columns import ACTION, STATE
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot import layout
from hvd_training.data.statistics import norm_stats
from hvd_training.data.statistics.norm_stats import (
    DELTA,
    Representation,
    as_openpi,
    compute,
    load,
    save,
    use,
)


def dataset(folder, *sources):
    units = units_of(folder / 'units', *sources)
    return Dataset(assemble(units, folder / 'set', layout.V30, folder / 'work'))


@pytest.fixture
def two(tmp_path):
    optimal = dataset(tmp_path / 'optimal', MadeSource(0, 30), MadeSource(1, 21))
    mixed = dataset(tmp_path / 'mixed', MadeSource(2, 15, kind='rollout'))
    return optimal, mixed


def rows(data, name):
    return np.concatenate([c[name] for c in data.each([name])]).astype(float)


def test_statistics_are_those_of_numpy_over_all_rows(two):
    made = compute(two[0], Representation())
    for key in (STATE, ACTION):
        values = rows(two[0], key)
        np.testing.assert_allclose(made.stats[key]['mean'], values.mean(axis=0), rtol=1e-9)
        np.testing.assert_allclose(made.stats[key]['std'], values.std(axis=0), rtol=1e-9)
        assert made.stats[key]['count'].tolist() == [51]


def test_no_video_is_opened(two, monkeypatch):
    for path in two[0].root.rglob('*.mp4'):
        path.unlink()
    compute(two[0], Representation())


def test_chunks_of_differences_are_those_of_the_formula(two):
    how = Representation(DELTA, 5, ('a', 'b'))
    made = compute(two[0], how)
    chunks = []
    for columns in two[0].each([STATE, ACTION]):
        action = columns[ACTION].astype(float)
        for t in range(len(action)):
            for j in range(t, min(t + 5, len(action))):  # no repeated tail
                chunks.append(action[j] - [*columns[STATE][t].astype(float), 0.0])
    np.testing.assert_allclose(made.stats[ACTION]['mean'], np.mean(chunks, axis=0), atol=1e-9)
    np.testing.assert_allclose(made.stats[ACTION]['std'], np.std(chunks, axis=0), rtol=1e-9)
    assert made.representation == how


def test_the_action_representation_stands_in_the_file(two):
    save(compute(two[0], Representation(DELTA, 5, ('a',))), two[0])
    assert load(two[0].root).representation == Representation(DELTA, 5, ('a',))


def test_a_difference_without_its_position_in_the_state_is_refused(two):
    with pytest.raises(ConfigError, match=r"'c' can not be a difference.*'c\.position'"):
        compute(two[0], Representation(DELTA, 5, ('c',)))


def test_a_dimension_that_hardly_changes_is_named_and_never_divided_by_nothing(tmp_path):
    class Still(MadeSource):
        def raw(self):
            raw = super().raw()
            raw.action[:, 1] = 0.25 + 1e-5 * raw.action[:, 0]
            return raw

    data = dataset(tmp_path, Still(0, 20))
    made = compute(data, Representation())
    assert made.still[ACTION] == ('b',)
    assert made.stats[ACTION]['std'][1] == norm_stats.FLOOR
    low, high = made.stats[ACTION]['q01'][1], made.stats[ACTION]['q99'][1]
    assert high - low == pytest.approx(2 * norm_stats.FLOOR)
    assert low < 0.25 < high


def test_two_datasets_share_one_file_by_reference(two):
    optimal, mixed = two
    save(compute(optimal, Representation()), optimal)
    shared = use(mixed, optimal)
    assert shared.sha256 == load(optimal.root).sha256 == load(mixed.root).sha256
    kept = json.loads((mixed.root / layout.NORM_STATS).read_text())
    assert set(kept) == {'reference'}  # no numbers to go stale
    np.testing.assert_array_equal(
        load(mixed.root).stats[ACTION]['mean'], load(optimal.root).stats[ACTION]['mean']
    )


def test_a_reference_to_a_reference_names_the_file_with_the_numbers(two, tmp_path):
    optimal, mixed = two
    third = dataset(tmp_path / 'third', MadeSource(3, 15))
    save(compute(optimal, Representation()), optimal)
    use(mixed, optimal)
    use(third, mixed)
    shutil.rmtree(mixed.root)
    assert load(third.root).sha256 == load(optimal.root).sha256


def test_shared_statistics_that_changed_are_refused_with_both_hashes(two):
    optimal, mixed = two
    save(compute(optimal, Representation()), optimal)
    use(mixed, optimal)
    save(compute(optimal, Representation(horizon=3)), optimal)
    with pytest.raises(ContractMismatch, match='has changed since'):
        load(mixed.root)
    (optimal.root / layout.NORM_STATS).unlink()
    with pytest.raises(ContractMismatch, match='which is gone'):
        load(mixed.root)


def test_a_file_that_was_changed_by_hand_is_refused(two):
    path = save(compute(two[0], Representation()), two[0])
    data = json.loads(path.read_text())
    data['stats'][ACTION]['mean'][0] += 1
    path.write_text(json.dumps(data))
    with pytest.raises(ContractMismatch, match='changed by hand'):
        load(two[0].root)


def test_statistics_of_another_body_can_not_be_shared(two, tmp_path):
    other = dataset(tmp_path / 'other', MadeSource(4, 9, layout_id='0x2'))
    save(compute(two[0], Representation()), two[0])
    with pytest.raises(ContractMismatch, match='has layout 0x1, .* 0x2'):
        use(other, two[0])


def test_without_statistics_the_next_step_is_named(two):
    with pytest.raises(ConfigError, match='run `hvd dataset stats'):
        load(two[0].root)


def test_openpi_gets_its_own_layout(two):
    made = compute(two[0], Representation())
    found = as_openpi(made)['norm_stats']
    assert set(found) == {'state', 'actions'}
    assert set(found['state']) == {'mean', 'std', 'q01', 'q99'}
    assert found['actions']['mean'] == made.stats[ACTION]['mean'].tolist()
    assert len(found['actions']['q99']) == 3
