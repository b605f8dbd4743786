# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Placeholder until the mux lands."""


def main() -> None:
    """Do nothing yet."""
