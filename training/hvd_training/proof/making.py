# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One cell from nothing to its result; every part of it is kept by itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from hvd_training.proof import learning, methods
from hvd_training.proof.cell import Cell
from hvd_training.proof.shelf import Result
from hvd_training.proof.world import World


def make(
    cell: Cell, world: World, root: Path, begins: Callable[[str], None] = lambda part: None
) -> Result:
    """Make data, value and policy, or find them, and let the policy play; say what begins."""
    took: dict[str, float] = {}
    with _timed('data', took, begins):
        specs = world.datasets(methods.data_of(cell), cell.scale)
    with _timed('value', took, begins):
        value = learning.value_of(cell, specs, root)
    with _timed('policy', took, begins):
        policy = learning.policy_of(cell, specs, value, root)
    with _timed('episodes', took, begins):
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
def _timed(name: str, took: dict[str, float], begins: Callable[[str], None]) -> Iterator[None]:
    begins(name)
    begun = perf_counter()
    yield
    took[name] = round(perf_counter() - begun, 1)
