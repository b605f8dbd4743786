# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How far the graph reaches and which middleware carries it.

Anybody who reaches the graph may publish a command, so an open graph without DDS security is an
open robot.
"""

from collections.abc import Mapping
import os
from pathlib import Path

from hvd_ros.cli.checks.finding import Finding, fail, ok, warn

_RANGES = ('SUBNET', 'LOCALHOST', 'OFF', 'SYSTEM_DEFAULT')
_TRIED = 'rmw_fastrtps_cpp'
_HIGHEST_DOMAIN = 101  # above it, ports collide with those that Linux hands out by itself


def check_exposure(environ: Mapping[str, str] = os.environ) -> list[Finding]:
    """Say who can reach the graph, from the environment as the nodes would get it."""
    reach = environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', '')
    peers = [peer for peer in environ.get('ROS_STATIC_PEERS', '').split(';') if peer]
    found = []
    if reach and reach not in _RANGES:
        text = f"ROS_AUTOMATIC_DISCOVERY_RANGE is '{reach}'"
        found.append(fail('exposure', text, f'valid: {", ".join(_RANGES)}'))
    if environ.get('ROS_LOCALHOST_ONLY'):
        text = 'ROS_LOCALHOST_ONLY is set, which Jazzy deprecates and which overrides the range'
        found.append(warn('exposure', text, 'unset it; use ROS_AUTOMATIC_DISCOVERY_RANGE'))
    open_to = _open_to(reach, peers)
    if open_to and not _secured(environ):
        text = f'the graph is open to {open_to} without DDS security'
        fix = 'use a wired network of robot and workstation alone, or set up SROS 2'
        found.append(warn('exposure', text, fix))
    elif open_to:
        found.append(ok('exposure', f'the graph is open to {open_to}, with DDS security'))
    else:
        how = f'{reach}' if reach else 'unset, and our nodes then choose LOCALHOST'
        found.append(ok('exposure', f'the graph stays on this machine (discovery range {how})'))
    return [*found, *_domain(environ.get('ROS_DOMAIN_ID', ''))]


def check_middleware() -> list[Finding]:
    """Name the middleware in use."""
    from rclpy.utilities import get_rmw_implementation_identifier

    name = get_rmw_implementation_identifier()
    if name != _TRIED:
        fix = f'tests and benchmarks ran on {_TRIED}; both machines need the same'
        return [warn('middleware', f'{name} is in use', fix)]
    return [ok('middleware', f'{name} is in use')]


def _open_to(reach: str, peers: list[str]) -> str:
    if reach in ('SUBNET', 'SYSTEM_DEFAULT'):
        return 'the whole subnet'
    return f'the hosts {", ".join(peers)}' if peers and reach != 'OFF' else ''


def _secured(environ: Mapping[str, str]) -> bool:
    """DDS security works only when all three are right; a missing keystore means none."""
    keystore = environ.get('ROS_SECURITY_KEYSTORE', '')
    return (
        environ.get('ROS_SECURITY_ENABLE', '').lower() == 'true'
        and environ.get('ROS_SECURITY_STRATEGY', '') == 'Enforce'
        and keystore != ''
        and Path(keystore).is_dir()
    )


def _domain(text: str) -> list[Finding]:
    if not text:
        fix = 'set ROS_DOMAIN_ID to a number of your own when several robots share a network'
        return [ok('exposure', f'ROS_DOMAIN_ID is unset, so 0 ({fix})')]
    if not text.isdecimal() or int(text) > 232:
        fix = f'choose 0 to {_HIGHEST_DOMAIN}'
        return [fail('exposure', f"ROS_DOMAIN_ID is '{text}'", fix)]
    if int(text) > _HIGHEST_DOMAIN:
        why = f'ROS_DOMAIN_ID is {text}; its ports may collide with those of other programs'
        return [warn('exposure', why, f'choose 0 to {_HIGHEST_DOMAIN}')]
    return [ok('exposure', f'ROS_DOMAIN_ID is {text}')]
