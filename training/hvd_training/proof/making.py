# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One cell from nothing to its result; every part of it is kept by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from hvd_training.proof import learning, methods
from hvd_training.proof.cell import Cell
from hvd_training.proof.shelf import Result
from hvd_training.proof.world import World


def make(cell: Cell, world: World, root: Path) -> Result:
    """Make data, value and policy, or find them, and let the policy play."""
    took: dict[str, float] = {}
    with _timed('data', took):
        specs = world.datasets(methods.data_of(cell), cell.scale)
    with _timed('value', took):
        value = learning.value_of(cell, specs, root)
    with _timed('policy', took):
        policy = learning.policy_of(cell, specs, value, root)
    with _timed('episodes', took):
        outcomes = world.outcomes(cell, policy.path)
    return Result(
        outcomes=tuple(outcomes),
        value=value.report if value else {},
        policy=policy.report,
        seconds=took,
        value_run=str(value.path.relative_to(root)) if value else '',
        policy_run=str(policy.path.relative_to(root)),
    )


@contextmanager
def _timed(name: str, took: dict[str, float]) -> Iterator[None]:
    begun = perf_counter()
    yield
    took[name] = round(perf_counter() - begun, 1)
