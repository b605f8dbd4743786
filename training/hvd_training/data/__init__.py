# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Datasets: from recorded episodes to what a training loop reads, one job a file."""
