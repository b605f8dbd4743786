# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The learning rate as a function of the update: nothing to remember, nothing to restore."""

import math

from hvd_training.train.config import OptimConfig


def learning_rate(config: OptimConfig, step: int, steps: int) -> float:
    """Return the rate of update `step`, the first being 0, of `steps`."""
    warmup = min(config.warmup, steps)
    if step < warmup:
        return config.learning_rate * (step + 1) / (warmup + 1)
    if config.schedule == 'constant':
        return config.learning_rate
    passed = (step - warmup) / max(steps - warmup, 1)
    share = config.final_share
    return config.learning_rate * (share + (1 - share) * (1 + math.cos(math.pi * passed)) / 2)
