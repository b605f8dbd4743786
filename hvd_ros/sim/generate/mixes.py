# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a dataset is mixed of: shares of experts, of imperfect teleoperation and of rollouts.

Shares become whole numbers of episodes that add up exactly, spread evenly over the tasks.
"""

from dataclasses import dataclass

from hvd_ros.core.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Mix:
    """Shares of all episodes; they add up to one."""

    expert: float = 0.0
    suboptimal: float = 0.0  # imperfect teleoperation
    rollout: float = 0.0
    # Every so manieth imperfect episode is a bad start that is repaired.
    correction_every: int = 4

    def shares(self) -> dict[str, float]:
        """Return the share of each kind, in the order in which they are made."""
        return {'expert': self.expert, 'suboptimal': self.suboptimal, 'rollout': self.rollout}


MIXES = {
    'wb50': Mix(expert=0.437, suboptimal=0.146, rollout=0.417),  # section 4.1 of the paper
    'teleop': Mix(expert=0.75, suboptimal=0.25),  # the same two kinds in the same ratio
    'experts': Mix(expert=1.0),
    'imperfect': Mix(suboptimal=1.0),
    'rollouts': Mix(rollout=1.0),
}


def load_mix(name: str) -> Mix:
    """Return a mix by name."""
    if name not in MIXES:
        raise ConfigError(f"mix '{name}': {did_you_mean(name, MIXES)}")
    return MIXES[name]


def counts(mix: Mix, episodes: int) -> dict[str, int]:
    """Return how many episodes of each kind; what rounding leaves goes to the largest rests."""
    exact = {kind: share * episodes for kind, share in mix.shares().items()}
    found = {kind: int(number) for kind, number in exact.items()}
    rests = sorted(exact, key=lambda kind: found[kind] - exact[kind])
    for kind in rests[: episodes - sum(found.values())]:
        found[kind] += 1
    return found
