# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How good a policy is on the five tasks, and how sure one can be of it; one job a file."""
