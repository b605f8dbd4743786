# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Phase 1: what a state and a chunk of actions are worth, split along the body."""
