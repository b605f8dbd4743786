# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd doctor`: what is wrong with this machine, its devices and the running graph."""

import argparse
from dataclasses import asdict
import json
import os
import sys

from hvd_ros.cli.arguments import add_json, add_namespace
from hvd_ros.cli.checks import cameras as check_cameras
from hvd_ros.cli.checks import devices as check_devices
from hvd_ros.cli.checks import interpreters as check_interpreters
from hvd_ros.cli.checks import network as check_network
from hvd_ros.cli.checks.finding import Check, Finding, Level, examine, report
from hvd_ros.cli.checks.priority import check_priority
from hvd_ros.cli.paint import paint_for

NAME = 'doctor'
HELP = 'check interpreters, devices, permissions, network and the running graph'
EXAMPLES = (
    'hvd doctor                     # exit code 0: no failures, 1: at least one',
    'hvd doctor --json | jq \'.[] | select(.level == "fail")\'',
    'hvd doctor --namespace robot1',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_namespace(parser)
    add_json(parser, 'print a JSON list of findings')


def run(args: argparse.Namespace) -> int:
    """Run every check and report; 1 if anything failed."""
    findings = diagnose(args.namespace)
    if args.json:
        print(json.dumps([asdict(found) for found in findings]))
    else:
        print(report(findings, paint_for(sys.stdout)), end='')
    return 1 if any(found.level is Level.FAIL for found in findings) else 0


def diagnose(namespace: str = '') -> list[Finding]:
    """Run every check; none of them can raise from here."""
    # Joining the graph sets the default range, so the environment is read before.
    environ = dict(os.environ)
    checks: dict[str, Check] = {
        'interpreters': check_interpreters.check_interpreters,
        'serial': check_devices.check_serial,
        'latency': check_devices.check_latency,
        'joy-cons': check_devices.check_joycons,
        'realsense': check_cameras.check_realsense,
        'zed': check_cameras.check_zed,
        'sockets': check_cameras.check_sockets,
        'priority': lambda: check_priority(environ),
        'groups': check_devices.check_groups,
        'udev': check_devices.check_udev,
        'disk': check_devices.check_disk,
        'exposure': lambda: check_network.check_exposure(environ),
        'middleware': check_network.check_middleware,
        'graph': lambda: _graph(namespace),
    }
    return examine(checks)


def _graph(namespace: str) -> list[Finding]:
    from hvd_ros.cli.checks import graph as graphs
    from hvd_ros.cli.ros_session import Session

    with Session(namespace) as session:
        graph = graphs.look(session)
        checks: dict[str, Check] = {
            'graph': lambda: graphs.judge_running(graph),
            'qos': lambda: graphs.judge_qos(graph),
            'writers': lambda: graphs.judge_writers(graph),
            'robot': lambda: graphs.judge_robot(graph),
            'clocks': lambda: graphs.judge_clocks(graphs.measure_offsets(session, graph)),
        }
        return examine(checks)
