# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The bytes of an episode: MCAP files, messages without ROS."""
