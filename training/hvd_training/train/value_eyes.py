# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The encoder of a value: made for what a run observes, with the eyes that its config names."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.loading.corpus import Corpus
from hvd_training.networks.encoders import ObservationEncoder
from hvd_training.networks.multimodal.encoder import Seen, TokenEncoder
from hvd_training.networks.multimodal.eyes import Frozen
from hvd_training.networks.multimodal.siglip import open_siglip
from hvd_training.train import contract, features, run_folder
from hvd_training.train.config import ValueTrain

EYES = 'eyes'  # in run.json: which frozen network a value looks through


def value_encoder(config: ValueTrain, about: Mapping[str, Any]) -> tuple[nn.Module, int]:
    """Return an encoder for what a run observes, and its width."""
    sizes = contract.sizes_of(about)
    if config.encoder.kind == 'vector':
        return ObservationEncoder(sizes.encoder(config.value.width)), config.value.width
    seen = Seen(
        state=sizes.state,
        sim_state=sizes.sim_state,
        prompts=sizes.texts,
        cloud=sizes.cloud,
        cameras=sizes.cameras,
    )
    return TokenEncoder(config.encoder, seen, frozen_eyes(config, about)), config.encoder.width


def frozen_eyes(config: ValueTrain, about: Mapping[str, Any]) -> Frozen | None:
    """
    Return the frozen network that images are looked at through, None where there is none.

    Raises ContractMismatch when its file is another one than the value was trained with.
    """
    made = eyes_of(config)
    if made is None or not about['pictures']:
        return None
    trained = about.get(EYES, made)
    if trained != made:
        raise ContractMismatch(
            f'{config.encoder.weights} has other weights (sha256 {made["sha256"][:12]}) than the '
            f'value learnt to look through ({trained["sha256"][:12]}); bring those back'
        )
    return _opened(config.encoder.weights, config.encoder.grid)


def looked_at_by(
    config: ValueTrain, about: Mapping[str, Any], corpus: Corpus, device: torch.device
) -> Corpus:
    """Return the corpus as a value sees it: with features that are kept, where it has those."""
    tower = frozen_eyes(config, about)
    if tower is None or not config.encoder.keep_features:
        return corpus
    return features.looked_at(corpus, tower, about[EYES]['sha256'], device)


def eyes_of(config: ValueTrain) -> dict[str, str] | None:
    """Return what run.json says of the frozen network, None where there is none."""
    encoder = config.encoder
    if encoder.kind != 'tokens' or encoder.eyes != 'siglip':
        return None
    path = Path(encoder.weights)
    if not path.is_file():
        raise ContractMismatch(
            f'{path} is not there; the value looks at images through the weights of SigLIP in it '
            '(--encoder.weights)'
        )
    return {'sha256': _hash(path, path.stat().st_mtime_ns)}


@lru_cache(maxsize=4)
def _hash(path: Path, changed_ns: int) -> str:
    return run_folder.file_hash(path)


@lru_cache(maxsize=1)
def _opened(path: str, grid: int) -> Frozen:
    return open_siglip(Path(path), grid)
