# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The DDS settings that every process of ours starts with, unless somebody has chosen others."""

import os

from hvd_ros.core.share import share_file


def settle_environment() -> None:
    """Keep traffic on this machine, forget the dead soon; call before rclpy.init."""
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    profiles = str(share_file('config', 'fastdds.xml'))
    os.environ.setdefault('FASTRTPS_DEFAULT_PROFILES_FILE', profiles)
