# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where the cameras sit, from pictures of a board."""
