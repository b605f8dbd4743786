# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Datasets out of the simulation: who plays, how it is recorded, and many of them in processes."""
