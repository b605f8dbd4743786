# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Layers one after the other, an activation between them: what WB-VIMA reads its inputs with."""

from torch import nn


def plain_mlp(
    inputs: int, hidden: int, depth: int, outputs: int, activation: type[nn.Module]
) -> nn.Sequential:
    """Return `depth` hidden layers, each with an activation behind it, and a last one without."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(inputs, hidden), activation()]
        inputs = hidden
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))
