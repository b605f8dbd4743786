# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Teleoperation, recording, training and deployment for a whole-body humanoid."""

__version__ = '0.1.0'
