# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Test runs keep apart from each other, from the user's files and from the user's robot."""

import os
from pathlib import Path
import tempfile

import pytest

from hvd_ros.core.share import user_config_dir, user_state_dir
from test.conftest import DOMAINS, _domain


@pytest.mark.parametrize('count', [1, 2, 7, 16])
def test_workers_of_a_run_have_a_domain_each(count: int) -> None:
    environment = {'PYTEST_XDIST_TESTRUNUID': 'x', 'PYTEST_XDIST_WORKER_COUNT': str(count)}
    domains = {_domain(environment | {'PYTEST_XDIST_WORKER': f'gw{k}'}) for k in range(count)}
    assert len(domains) == count
    assert domains <= set(DOMAINS)


def test_two_runs_rarely_share_a_domain() -> None:
    chosen = [_domain({'PYTEST_XDIST_TESTRUNUID': f'run {k}'}) for k in range(5000)]
    assert max(map(chosen.count, set(chosen))) < 2 * 5000 / len(DOMAINS)


def test_a_domain_in_which_the_user_lives_is_never_taken() -> None:
    for k in range(200):
        environment = {'PYTEST_XDIST_TESTRUNUID': str(k)}
        taken = _domain(environment)
        assert _domain(environment | {'HVD_USER_DOMAIN': str(taken)}) != taken


def test_this_run_is_isolated(tmp_path: Path) -> None:
    assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'
    assert os.environ['ROS_DOMAIN_ID'] != os.environ['HVD_USER_DOMAIN']
    for folder in (user_state_dir(), user_config_dir()):
        assert folder.is_relative_to(tempfile.gettempdir())
        assert not folder.exists()  # empty for every test
