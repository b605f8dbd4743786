# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Running policy bundles; filled by the deployment work, importable on any machine."""
