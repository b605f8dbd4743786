# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From datasets on disk to batches on a device: the half of the data room that needs PyTorch."""
