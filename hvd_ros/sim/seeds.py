# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which seeds are for what, so that nothing is ever tested on what it was trained or chosen on.

Datasets are generated from the first million; hyperparameters and checkpoints are chosen on the
second; what is published is measured on those from two million on.
"""

from hvd_ros.core.errors import ConfigError, did_you_mean

SEEDS = {
    'generation': range(0, 1_000_000),
    'validation': range(1_000_000, 2_000_000),
    'test': range(2_000_000, 3_000_000),
}


def seeds_for(purpose: str, count: int, first: int = 0) -> list[int]:
    """Return so many seeds of a purpose, from its `first`-th on: the same list for everybody."""
    if purpose not in SEEDS:
        raise ConfigError(f"seeds for '{purpose}': {did_you_mean(purpose, SEEDS)}")
    whole = SEEDS[purpose]
    if count < 1 or first < 0 or first + count > len(whole):
        raise ConfigError(
            f'{count} seeds for {purpose} from number {first} on: allowed are 1 to {len(whole)} '
            f'({whole.start} to {whole.stop - 1})'
        )
    return list(whole[first : first + count])


def purpose_of(seed: int) -> str:
    """Say what a seed is for; raises ConfigError for one that is for nothing."""
    for purpose, whole in SEEDS.items():
        if seed in whole:
            return purpose
    raise ConfigError(f'seed {seed}: allowed are 0 to {SEEDS["test"].stop - 1}')
