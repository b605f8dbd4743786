# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Weights that others have learnt, taken over by name, with a report of what fitted.

Files are safetensors: others may run code when they are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError, ContractMismatch

_SHOWN = 3  # names of a kind that a report shows


@dataclass(frozen=True)
class Taken:
    """What became of the weights of a file."""

    taken: tuple[str, ...]
    missing: tuple[str, ...]  # the network has them, the file has not
    unused: tuple[str, ...]  # the other way round
    unlike: tuple[str, ...]  # of another shape

    def __str__(self) -> str:
        """Say it in one line."""
        said = [f'{len(self.taken)} taken over']
        for name in ('missing', 'unused', 'unlike'):
            names = getattr(self, name)
            if names:
                more = ', ...' if len(names) > _SHOWN else ''
                said.append(f'{len(names)} {name} ({", ".join(names[:_SHOWN])}{more})')
        return ', '.join(said)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a file of weights; raises ConfigError when it is none."""
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ConfigError(
            f'{path} can not be read as weights ({" ".join(str(error).split())[:120]}); name a '
            'safetensors file, others are turned into one by safetensors.torch.save_file'
        ) from None


@torch.no_grad()
def take_over(module: nn.Module, found: Mapping[str, Tensor], what: str) -> Taken:
    """Copy weights of the same name and shape; raises ContractMismatch when there are none."""
    own = module.state_dict()
    unlike = {name for name in own if name in found and found[name].shape != own[name].shape}
    taken = [name for name in own if name in found and name not in unlike]
    if not taken:
        shapes = f', {len(unlike)} of another shape' if unlike else ''
        raise ContractMismatch(
            f'{what} has none of the weights of this network ({", ".join(list(own)[:_SHOWN])}, '
            f'...{shapes}), but {", ".join(list(found)[:_SHOWN]) or "nothing"}, ...; it is of '
            'another one'
        )
    for name in taken:
        own[name].copy_(found[name])
    return Taken(
        tuple(taken),
        tuple(name for name in own if name not in found),
        tuple(name for name in found if name not in own),
        tuple(sorted(unlike)),
    )
