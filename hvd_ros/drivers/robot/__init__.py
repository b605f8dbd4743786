# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Connections to the robot, whichever transport carries them."""
