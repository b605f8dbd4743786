# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole-graph tests in slow motion, where the computer is too slow for life."""
