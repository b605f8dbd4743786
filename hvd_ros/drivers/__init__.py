# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One device each, the real one and its twin side by side."""
