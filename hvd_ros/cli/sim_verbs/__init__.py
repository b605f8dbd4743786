# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sub-verbs of `hvd sim`."""
