# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Stands in for the Python API of the ZED SDK in tests; delete it where the SDK is installed."""
