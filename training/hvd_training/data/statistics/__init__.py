# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What can be counted and measured about a dataset."""
