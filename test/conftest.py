# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Keep test runs apart from each other, from the user's files and from any robot.

Every worker of every run has its own DDS domain on this machine only, and every test its own
state and config folders. What a test needs and does not find is a skip with a reason, unless
HVD_REQUIRE_ROS or HVD_REQUIRE_BROWSER (set by `make test`) makes it a failure.
"""

import importlib.util
import os
from pathlib import Path
import shutil
import signal
import zlib

from hypothesis import settings
import pytest

# A busy machine is no defect of the code under test.
settings.register_profile('any machine', deadline=None)
settings.load_profile('any machine')

# DDS ports of higher domains fall into the range that Linux hands out to anybody.
DOMAINS = range(1, 102)


def _domain(environment: dict[str, str]) -> int:
    """Choose a domain by run and worker, never the user's own: a robot may live there."""
    run = environment.get('PYTEST_XDIST_TESTRUNUID') or str(os.getpid())
    workers = int(environment.get('PYTEST_XDIST_WORKER_COUNT', '1'))
    worker = int(environment.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw'))
    block = zlib.crc32(run.encode()) % (len(DOMAINS[:-1]) // workers)
    domain = DOMAINS[block * workers + worker]
    return DOMAINS[-1] if str(domain) == environment.get('HVD_USER_DOMAIN') else domain


# At import, before anything can load rclpy or start a process.
os.environ.setdefault('HVD_USER_DOMAIN', os.environ.get('ROS_DOMAIN_ID', '0'))
os.environ['ROS_DOMAIN_ID'] = str(_domain(dict(os.environ)))
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
# Like our own processes: a node that a test has killed is forgotten in two seconds, not twenty.
os.environ['FASTRTPS_DEFAULT_PROFILES_FILE'] = str(
    Path(__file__).parents[1] / 'config' / 'fastdds.xml'
)
# A run in the background of a shell inherits an ignored Ctrl-C, and so would our processes.
signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ('ROS_STATIC_PEERS', 'ROS_LOCALHOST_ONLY', 'ROS_NAMESPACE', 'ROS_DISCOVERY_SERVER'):
    os.environ.pop(name, None)

NEEDS = {
    'ros': ('rclpy and hvd_msgs', 'HVD_REQUIRE_ROS', lambda: _importable('rclpy', 'hvd_msgs')),
    'browser': ('chromium', 'HVD_REQUIRE_BROWSER', lambda: shutil.which('chromium') is not None),
}


def _importable(*names: str) -> bool:
    return all(importlib.util.find_spec(name) is not None for name in names)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, or refuse to skip, what can not run here."""
    for mark, (what, required, present) in NEEDS.items():
        needing = [item for item in items if item.get_closest_marker(mark)]
        if not needing or present():
            continue
        if os.environ.get(required):
            raise pytest.UsageError(f'{required} is set, and {what} can not be found')
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=f'needs {what}'))


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test, and the processes that it starts, empty state, config and log folders."""
    folder = tmp_path_factory.mktemp('user')
    for name in ('HVD_STATE_DIR', 'HVD_CONFIG_DIR', 'HVD_CACHE_DIR', 'ROS_LOG_DIR'):
        monkeypatch.setenv(name, str(folder / name.lower()))
