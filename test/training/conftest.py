# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is made once for all tests of a run."""

from pathlib import Path

import pytest

from test.training import twin_data


@pytest.fixture(scope='session')
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset with three cameras and clouds made by the twin; nobody changes it."""
    return twin_data.make(tmp_path_factory.mktemp('twin'))
