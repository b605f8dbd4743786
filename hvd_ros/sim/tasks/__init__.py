# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The five tasks in physics: what stands there, how it is shuffled, and what it is worth."""
