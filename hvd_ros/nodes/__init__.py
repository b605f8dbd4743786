# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 shells, one job each."""
