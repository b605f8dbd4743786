# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From a config and datasets to a run folder: the two phases and the loop that both share."""
