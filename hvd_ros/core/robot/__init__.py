# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The body: description, geometry, collision, the base."""
