# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where cells live: what makes their data, and lets their policies act."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from hvd_training.evaluate.outcome import Outcome
from hvd_training.proof.cell import Cell, Data, Scale


class World(Protocol):
    """Robot tasks, or a benchmark."""

    def datasets(self, data: Data, scale: Scale) -> list[str]:
        """Make datasets or find them; return them as `hvd train-policy` takes them."""
        ...

    def outcomes(self, cell: Cell, run: Path) -> Sequence[Outcome]:
        """Let a trained policy play its test episodes."""
        ...
