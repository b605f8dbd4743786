# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a policy is given and what it gives back, on the robot and in simulation alike."""
