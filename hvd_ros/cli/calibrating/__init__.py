# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `hvd calibrate` can calibrate, one file per device."""
