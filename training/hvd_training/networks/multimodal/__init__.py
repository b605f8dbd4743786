# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One vector from tokens of whatever is observed: the network of the paper's Figure 21."""
