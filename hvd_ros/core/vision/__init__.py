# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the cameras see: images as bytes, where the cameras are, and clouds of points."""
