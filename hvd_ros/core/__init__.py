# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pure logic of the command path: no ROS, no hardware, no torch."""
