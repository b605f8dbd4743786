# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From a run to a bundle: graphs with everything that is numbers in them, proved to agree."""
