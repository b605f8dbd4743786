# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Episodes: what is recorded, how it lies on disk, and what is said about it."""
