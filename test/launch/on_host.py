# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The wire as seen from one host; run there as a process of its own, spoken to by lines.

A process of its own because Fast DDS looks at the network once: it can not change hosts later.
"""

import json
import sys
import time

from test.launch.wire import Wire


def operate(wire: Wire) -> None:
    """Be the operator: engage and drive until the input ends."""
    wire.ready()
    wire.engage()
    wire.drive()
    print('driving', flush=True)
    sys.stdin.read()


def observe(wire: Wire) -> None:
    """Be the robot's host: after a line with a steady time, say when the base was stopped."""
    wire.wait('a moving base', lambda: bool(wire.truth) and wire.truth[-1][1][0] > 0.2, 90.0)
    print('moving', flush=True)
    sys.stdin.readline()
    at_ns = time.monotonic_ns()
    stop_s = wire.stopped_after(at_ns)
    print(json.dumps({'stop_s': stop_s, 'speed': abs(wire.truth[-1][1][0])}), flush=True)


if __name__ == '__main__':
    role = sys.argv[1]
    wire = Wire(steer=role == 'operator')
    try:
        {'operator': operate, 'robot': observe}[role](wire)
    finally:
        wire.close()
