# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What runs one graph: arrays by name in, arrays by name out, whoever computes them."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch, did_you_mean

Feeds = Mapping[str, NDArray[Any]]


class Backend(Protocol):
    """One graph that is ready to run."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """What it asks for; nothing else may be fed."""
        ...

    def hold(self, feeds: Feeds) -> None:
        """Keep inputs that are the same for many runs; what run() is given wins over them."""
        ...

    def run(self, feeds: Feeds) -> dict[str, NDArray[Any]]:
        """Return every output; raises ContractMismatch for an input that is missing."""
        ...


def check_feeds(where: str, inputs: Mapping[str, tuple[Any, ...]], feeds: Feeds) -> None:
    """Raise ContractMismatch unless every input is there, in its shape (None: any size)."""
    for name, shape in inputs.items():
        if name not in feeds:
            raise ContractMismatch(f"{where} needs '{name}'; {did_you_mean(name, feeds)}")
        given = np.shape(feeds[name])
        fits = len(given) == len(shape) and all(
            not isinstance(want, int) or want == size
            for want, size in zip(shape, given, strict=False)
        )
        if not fits:
            raise ContractMismatch(f"{where}: '{name}' has shape {given}, it takes {shape}")
