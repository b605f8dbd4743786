# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What stops the robot, and what remembers that it was stopped."""
