# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two recorded episodes of FRAMES frames (each test file says how many), and who serves them."""

import threading

import pytest

from hvd_ros.cli.labelling.desk import Desk
from hvd_ros.cli.labelling.server import LabelServer
from test.episode_maker import make_episode


@pytest.fixture(scope='module')
def recorded(request, tmp_path_factory):
    root = tmp_path_factory.mktemp('episodes')
    return [
        make_episode(root, task='wipe_board', frames=request.module.FRAMES, cloud=False, seed=seed)
        for seed in range(2)
    ]


@pytest.fixture
def folders(recorded):
    yield recorded
    for folder in recorded:
        (folder / 'labels.json').unlink(missing_ok=True)


@pytest.fixture
def server(folders):
    with LabelServer(Desk(folders), 'anna') as served:
        thread = threading.Thread(target=served.serve_forever, args=(0.01,))
        thread.start()
        yield served
        served.shutdown()
        thread.join()
