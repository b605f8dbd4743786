# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Who said which stage ended when and how well, and what that pays."""
