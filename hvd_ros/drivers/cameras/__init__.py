# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Cameras with depth: RealSense, ZED, and their twin, behind one protocol."""
