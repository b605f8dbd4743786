# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which data is learnt from and how it is seen; needs no PyTorch, so that a verb can name it."""

from dataclasses import dataclass

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.data.batch_names import CLOUD, PROMPT, RGB, SIM_STATE, STATE


@dataclass(frozen=True)
class DataConfig:
    """How datasets become batches."""

    horizon: int = param(20, 'steps of a chunk, K', low=1, high=1000)
    observe: tuple[str, ...] = param(
        ('state',), 'what is seen: state, sim_state, cloud, prompt, rgb.CAMERA'
    )
    dimensions: tuple[str, ...] = param(
        (), 'dimensions or parts of the body that are learnt, others hold still; empty: all'
    )
    expert: str = param(
        'role', 'what a demonstration is: by role and kind, or any success',
        choices=('role', 'success'),
    )  # fmt: skip
    ends: str = param(
        'recorded', 'which ends are final: as recorded, or successes only',
        choices=('recorded', 'success'),
    )  # fmt: skip
    rewards: str = param(
        'settled',
        'as recorded; that, with the score that closes an episode on its last frame; or 1 where a '
        'success ends',
        choices=('recorded', 'settled', 'success'),
    )
    step_reward: float = param(-0.001, 'of every other step, with --data.rewards success')
    normalise: str = param(
        'zscore', 'how numbers are scaled', choices=('zscore', 'quantile', 'none')
    )
    limit: float = param(
        10.0, 'normalised numbers are kept within this and counted; 0: no limit', low=0.0
    )
    cloud_points: int = param(256, 'points of a cloud that are seen', low=1, high=1_000_000)
    history: int = param(
        1, 'moments that are seen of state and cameras, the last one is now', low=1, high=100
    )
    image_height: int = param(
        0, 'images are fitted into this [pixels]; 0: as recorded', low=0, high=4096
    )
    image_width: int = param(0, 'see image_height', low=0, high=4096)
    image_cache: bool = param(
        True, 'images are decoded once, into the cache of the dataset; no: at every look'
    )
    validation: float = param(0.1, 'share of the episodes that is held out', low=0.0, high=0.9)
    split_seed: int = param(0, 'decides which episodes are held out', low=0)
    prefetch: int = param(2, 'batches that are made ahead', low=1, high=64)
    readers: int = param(2, 'threads that decode images', low=1, high=64)

    @property
    def cameras(self) -> tuple[str, ...]:
        """Return the cameras that are looked through."""
        return tuple(one.removeprefix(RGB) for one in self.observe if one.startswith(RGB))

    def __post_init__(self) -> None:
        check(self)
        known = (STATE, SIM_STATE, CLOUD, PROMPT)
        for name in self.observe:
            if name not in known and not name.startswith(RGB):
                raise ConfigError(
                    f"data.observe '{name}'; {did_you_mean(name, (*known, RGB + 'CAMERA'))}"
                )
        if (self.image_height == 0) != (self.image_width == 0):
            raise ConfigError(
                f'data.image_height = {self.image_height} and data.image_width = '
                f'{self.image_width}: give both, or neither for images as they were recorded'
            )
        if not self.observe:
            raise ConfigError(f'data.observe is empty; name some of {", ".join(known)}')
