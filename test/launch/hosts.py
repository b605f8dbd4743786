# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Two hosts on one machine: network namespaces joined by one cable that a test can cut.

Only root may make them. Traffic stays between the two; nothing leaves the machine.
"""

from contextlib import contextmanager
import subprocess

STATION, ROBOT = 'hvd_station', 'hvd_robot'
# Shared memory would carry messages past the cut cable.
ENVIRONMENT = {
    'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4',
    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET',
}


def _ip(*arguments: str) -> None:
    subprocess.run(['ip', *arguments], check=True, timeout=10)


@contextmanager
def two_hosts():
    """Make the hosts and the cable; take them away again."""
    try:
        for host in (STATION, ROBOT):
            _ip('netns', 'add', host)
        _ip('link', 'add', 'hvd1', 'type', 'veth', 'peer', 'name', 'hvd2')
        for number, host in enumerate((STATION, ROBOT), start=1):
            device = f'hvd{number}'
            _ip('link', 'set', device, 'netns', host)
            _ip('-n', host, 'link', 'set', 'lo', 'up')
            _ip('-n', host, 'addr', 'add', f'10.99.0.{number}/24', 'dev', device)
            _ip('-n', host, 'link', 'set', device, 'up')
            _ip('-n', host, 'route', 'add', 'default', 'dev', device)
        yield
    finally:
        for host in (STATION, ROBOT):
            subprocess.run(['ip', 'netns', 'del', host], check=False, timeout=10)


def cut_cable() -> None:
    """Take the link down on the station's side."""
    _ip('-n', STATION, 'link', 'set', 'hvd1', 'down')


def on(host: str) -> tuple[str, ...]:
    """Return what to put before a command to run it on one of the hosts."""
    return ('ip', 'netns', 'exec', host)
