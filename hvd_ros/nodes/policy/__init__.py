# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parts of the policy node."""
