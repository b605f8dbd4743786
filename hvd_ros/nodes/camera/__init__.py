# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What every camera node is made of; which device it opens is the node's own business."""
