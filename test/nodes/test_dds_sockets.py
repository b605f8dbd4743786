# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sockets of a node hold the images of three cameras, as config/fastdds.xml asks."""

import os
from pathlib import Path
import socket

import pytest

pytestmark = pytest.mark.ros
rclpy = pytest.importorskip('rclpy')

WANTED = 4_194_304


def buffers():
    """Return the receive buffers of the UDP sockets of this process."""
    found = []
    for path in Path('/proc/self/fd').iterdir():
        try:
            one = socket.socket(fileno=os.dup(int(path.name)))
        except OSError:
            continue
        with one:
            if one.type == socket.SOCK_DGRAM and one.family == socket.AF_INET:
                found.append(one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
    return found


def test_a_node_listens_with_sockets_that_hold_the_images_of_three_cameras():
    allowed = int(Path('/proc/sys/net/core/rmem_max').read_text())
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node('listener', context=context)
    try:
        assert max(buffers()) == 2 * min(WANTED, allowed)  # the kernel doubles what it is asked
    finally:
        node.destroy_node()
        context.try_shutdown()
