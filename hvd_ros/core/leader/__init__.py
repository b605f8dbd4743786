# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From what the leader devices say to a target for the whole body."""
