# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated body, its scenes and the scripted operators."""
