# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Placeholder until the command line lands."""


def main() -> None:
    """Do nothing yet."""
