# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a network is taught and how chunks are drawn from it: one file per way."""
