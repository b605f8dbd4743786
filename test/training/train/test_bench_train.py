# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bench of training gives all its figures; what they are is not asked here."""

import math
from pathlib import Path

import pytest

from hvd_ros.core.errors import ConfigError
from hvd_training.benches import networks, train
from hvd_training.policies.registry import POLICIES


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (('_BATCH', 8), ('_EPISODES', 3), ('_FRAMES', 20), ('_HORIZON', 4)):
        monkeypatch.setattr(train, name, value)
    monkeypatch.setattr(networks, '_ROWS', 2)
    monkeypatch.delenv(train.PEER, raising=False)


def test_it_measures_both_phases_beside_a_bare_loop() -> None:
    found = train.measure(quick=True, minutes=None)
    for key in ('value_steps_per_s', 'policy_steps_per_s', 'ratio_vs_bound', 'memory_mb'):
        assert found[key] > 0, key
    assert 0 <= found['data_wait_share'] <= 1
    assert found['ratio_vs_bound'] == min(
        found['value_ratio_vs_bound'], found['policy_ratio_vs_bound']
    )
    assert math.isnan(found['ratio_vs_peer'])
    for name in (*POLICIES, 'value_net'):
        assert found[f'{name}_chunks_per_s'] > 0, name


def test_a_peer_that_can_not_run_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(train.PEER, str(tmp_path / 'python'))
    with pytest.raises(ConfigError, match='can not run Lightning'):
        train._peer(tmp_path / 'n.npz', quick=True)
