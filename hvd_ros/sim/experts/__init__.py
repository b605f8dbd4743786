# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Scripted operators that do the tasks well."""
