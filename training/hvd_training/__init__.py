# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Training side of hvd_ros: datasets now, networks and algorithms on top of them."""
