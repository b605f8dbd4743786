# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which command reaches the robot, and how fast."""
