# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trials that a person lays out and scores: their order, the score sheet, the start pictures."""
