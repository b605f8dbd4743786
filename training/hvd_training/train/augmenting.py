# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What changing batches needs in both phases: draws that follow from the update, and a mirror."""

import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.data.loading.corpus import Corpus
from hvd_training.policies.augment import AugmentConfig, Mirror, mirror_of
from hvd_training.policies.draws import SharedDraws
from hvd_training.train import contract, loop
from hvd_training.train.batches import Part
from hvd_training.train.config import RunConfig
from hvd_training.train.devices import Devices


def source(run: RunConfig, step: int, part: Part, devices: Devices) -> SharedDraws:
    """Return the draws of a part of an update; they follow from the seed and its number."""
    generator = torch.Generator(devices.device)
    generator.manual_seed(run.seed * loop.STRIDE + step)
    return SharedDraws(generator, part.number, part.count)


def mirror(config: AugmentConfig, corpus: Corpus) -> Mirror | None:
    """Return how numbers look from the other side, where the config asks for it."""
    if not config.mirror:
        return None
    first = corpus.parts[0]
    body = contract.body_of(first.robot)
    if body is None:
        raise ConfigError(
            f"augment.mirror needs a robot description, and '{first.robot}' has none; "
            'set --augment.mirror 0'
        )
    return mirror_of(body, corpus.normaliser, corpus.names, first.state_names, first.sim_names)
