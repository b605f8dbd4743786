# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Running a launch file without ROS 2's own launch."""
