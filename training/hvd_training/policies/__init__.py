# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Policies that answer an observation with a chunk of actions."""
