# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One file for each thing that `hvd dataset` does."""
