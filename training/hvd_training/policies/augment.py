# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Changes to a batch that leave what it teaches true: noise, left for right, a modality gone.

What is done to images and clouds is in augment_sight.py.

Plain functions of a batch and a source of random numbers; none changes its input. Numbers are
normalised already, so noise is in units of their spread.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Body
from hvd_training.data.batch import CLOUD, RGB, SIM_STATE, STATE, Batch, Observed
from hvd_training.data.loading.normaliser import Normaliser, Scale
from hvd_training.networks.encoders import PRESENT
from hvd_training.policies import draws
from hvd_training.policies.augment_sight import SightConfig, changed_cloud, changed_images
from hvd_training.policies.draws import Source
from hvd_training.policies.mirror import Swap, swap_of


@dataclass(frozen=True)
class AugmentConfig(SightConfig):
    """How much is changed while learning."""

    noise: float = param(0.0, 'Deviation of noise on state and sim_state.', low=0.0, high=10.0)
    mirror: float = param(
        0.0, 'Share of chunks with left and right exchanged; not for tasks with a side.',
        low=0.0, high=1.0,
    )  # fmt: skip
    drop_cloud: float = param(0.0, 'Share of rows without their cloud.', low=0.0, high=1.0)
    drop_camera: float = param(0.0, 'Share of rows without a camera, each.', low=0.0, high=1.0)

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, eq=False)
class Mirror:
    """How normalised numbers look from the other side."""

    actions: Swap
    state: Swap
    sim_state: Swap | None = None

    def seen(self, observation: Observed) -> Observed:
        """Mirror an observation."""
        changed: Observed = {}
        for key, value in observation.items():
            if key == STATE:
                changed[key] = self.state.tensor(value)
            elif key == SIM_STATE:
                changed[key] = self._privileged(value)
            elif key == CLOUD:
                changed[key] = value * value.new_tensor([1, -1, 1, 1, 1, 1])
            elif key.startswith(RGB) and not key.endswith(PRESENT):
                raise ConfigError(
                    f"'{key}' can not be mirrored: a wrist camera is not where the other one is; "
                    'switch mirroring off or learn without images'
                )
            else:
                changed[key] = value
        return changed

    def _privileged(self, value: Tensor) -> Tensor:
        if self.sim_state is None:
            raise ConfigError('mirroring was not told what the numbers of sim_state are')
        return self.sim_state.tensor(value)


def mirror_of(
    body: Body,
    normaliser: Normaliser,
    actions: tuple[str, ...],
    state: tuple[str, ...],
    sim_state: tuple[str, ...] = (),
) -> Mirror:
    """Return the mirror of normalised numbers with these names."""

    def scaled(names: tuple[str, ...], scale: Scale) -> Swap:
        return swap_of(names, body).normalised(
            scale.centre.astype(np.float64), scale.width.astype(np.float64)
        )

    privileged = normaliser.sim_state
    return Mirror(
        scaled(actions, normaliser.action),
        scaled(state, normaliser.state),
        scaled(sim_state, privileged) if sim_state and privileged else None,
    )


def augmented(
    batch: Batch,
    config: AugmentConfig,
    mirror: Mirror | None,
    source: Source,
    following: bool = False,
) -> Batch:
    """
    Return a batch with everything done to it that the config asks for.

    What is observed behind the chunk is changed too, by draws of its own, where `following`.
    """
    if config.mirror:
        if mirror is None:
            raise ConfigError('augment.mirror needs a robot description and the names of numbers')
        share = draws.uniform(source, (batch.size,), batch.row.device)
        batch = mirrored(batch, mirror, share < config.mirror)
    batch = replace(batch, observation=changed(batch.observation, config, source))
    if following:
        batch = replace(batch, next_observation=changed(batch.next_observation, config, source))
    return batch


def changed(seen: Observed, config: AugmentConfig, source: Source) -> Observed:
    """Return an observation with noise, other images and clouds, and some of them absent."""
    if config.noise:
        seen = noisy(seen, config.noise, source)
    for key in [k for k in seen if k == CLOUD or (k.startswith(RGB) and PRESENT not in k)]:
        change = changed_cloud if key == CLOUD else changed_images
        seen = seen | {key: change(seen[key], config, source)}
        gone = config.drop_cloud if key == CLOUD else config.drop_camera
        seen = dropped(seen, key, gone, source) if gone else seen
    return seen


def mirrored(batch: Batch, mirror: Mirror, rows: Tensor) -> Batch:
    """Exchange left and right in the rows (B,) that are marked."""

    def where(changed: Tensor, usual: Tensor) -> Tensor:
        return torch.where(rows.reshape(-1, *[1] * (usual.ndim - 1)), changed, usual)

    def seen(observation: Observed) -> Observed:
        other = mirror.seen(observation)
        return {key: where(other[key], value) for key, value in observation.items()}

    return replace(
        batch,
        observation=seen(batch.observation),
        next_observation=seen(batch.next_observation),
        actions=where(mirror.actions.tensor(batch.actions), batch.actions),
    )


def noisy(observation: Observed, deviation: float, source: Source) -> Observed:
    """Add noise to the numbers of state and sim_state."""
    changed = dict(observation)
    for key in (STATE, SIM_STATE):
        if key in observation:
            value = observation[key]
            changed[key] = value + deviation * draws.normal(
                source, tuple(value.shape), value.device
            )
    return changed


def dropped(observation: Observed, key: str, share: float, source: Source) -> Observed:
    """Mark a modality as absent in a share of the rows; an encoder then never looks at it."""
    value = observation[key]
    kept = draws.uniform(source, (len(value),), value.device) >= share
    before = observation.get(key + PRESENT)
    return observation | {key + PRESENT: kept if before is None else kept & before}
