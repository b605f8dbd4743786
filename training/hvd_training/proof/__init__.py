# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Claims about methods, as cells that are run once, kept, and printed as tables."""
