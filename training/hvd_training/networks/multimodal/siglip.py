# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The public weights of SigLIP as eyes that never change; their file says how large it is."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from hvd_ros.core.errors import ContractMismatch
from hvd_training.networks.multimodal.eyes import Frozen
from hvd_training.networks.pi0.siglip import VisionTower
from hvd_training.networks.pi0.sizes import Siglip
from hvd_training.networks.pretrained import read_weights

_FIRST = 'embeddings.patch_embedding.weight'
_HEAD_WIDTHS = (72, 64)  # of So400m, and of the smaller ones


def open_siglip(path: Path, grid: int) -> Frozen:
    """
    Open the vision part of a file of SigLIP or PaliGemma, frozen, with grid x grid tokens.

    Raises ConfigError when it can not be read, ContractMismatch when it has no such part.
    """
    found = _vision(read_weights(path), path)
    size = sizes_of(found, path)
    if grid**2 > size.tokens:
        raise ContractMismatch(
            f'encoder.grid = {grid}: the network in {path} says {size.tokens} tokens of an image; '
            f'choose {round(size.tokens**0.5)} or less'
        )
    tower = VisionTower(size)
    missing = sorted(set(tower.state_dict()) - set(found))
    if missing:
        raise ContractMismatch(f'{path} lacks {len(missing)} weights of SigLIP, as {missing[0]}')
    try:
        tower.load_state_dict({name: found[name] for name in tower.state_dict()})
    except RuntimeError as error:
        raise ContractMismatch(
            f'{path} is no SigLIP: {" ".join(str(error).split())[:160]}'
        ) from None
    return Frozen(tower, size.image, grid, size.width)


def sizes_of(found: Mapping[str, Tensor], path: Path) -> Siglip:
    """Return the sizes that weights have; raises ContractMismatch for none that are known."""
    width, _, patch, _ = found[_FIRST].shape
    tokens = len(found['embeddings.position_embedding.weight'])
    heads = [width // each for each in _HEAD_WIDTHS if width % each == 0]
    if not heads:
        raise ContractMismatch(f'{path}: a SigLIP of width {width} is not known')
    depth = len({name.split('.')[2] for name in found if name.startswith('encoder.layers.')})
    mlp = len(found['encoder.layers.0.mlp.fc1.weight'])
    return Siglip(width, mlp, depth, heads[0], round(tokens**0.5) * patch, patch)


def _vision(weights: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Return the weights of the vision part without what stands before their names."""
    before = next((n.removesuffix(_FIRST) for n in weights if n.endswith(_FIRST)), None)
    if before is None:
        raise ContractMismatch(
            f'{path} has no {_FIRST}; name a file of SigLIP or PaliGemma, of several the one with '
            'the vision tower'
        )
    return {n.removeprefix(before): one for n, one in weights.items() if n.startswith(before)}
