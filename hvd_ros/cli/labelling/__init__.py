# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The browser labeller: episodes on a desk, a server on loopback, and its page."""
