# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
pi0 (Black et al. 2024) in plain PyTorch: PaliGemma reads, a smaller expert acts on what it read.

Leaves are named as the public files name them; names.py says what stands in front.
"""
