# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One process or many, a CPU or cards: what the loop needs to know of it, by way of Accelerate.

Started plainly there is one process and Accelerate is not even imported; started by `torchrun` or
`accelerate launch` each process has a rank: gradients are averaged (DDP), or weights, gradients
and optimizer are shared out (FSDP).
"""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.train.config import RunConfig

_DEVICES = ('auto', 'cpu', 'cuda', 'mps')


class Devices:
    """Where this process computes, and how it speaks with the others."""

    def __init__(self, config: RunConfig) -> None:
        self.world = int(os.environ.get('WORLD_SIZE', '1'))
        self.rank = int(os.environ.get('RANK', '0'))
        self.parallel = config.parallel
        self.device = _device(config.device)
        if config.threads:
            torch.set_num_threads(config.threads)
        parts = self.world * config.accumulate
        if config.batch_size % parts:
            raise ConfigError(
                f'run.batch_size = {config.batch_size} is no multiple of {self.world} processes '
                f'times run.accumulate = {config.accumulate}'
            )
        self._joined = _joined(self.device) if self.world > 1 else None
        if self._joined is not None:
            self.device = self._joined.device

    @property
    def first(self) -> bool:
        """Whether this process writes files and speaks."""
        return self.rank == 0

    @property
    def shared_out(self) -> bool:
        """Whether each process has a share of the weights only."""
        return self.world > 1 and self.parallel == 'fsdp'

    def spread(self, module: nn.Module, share: bool = True) -> nn.Module:
        """Return the module as it is called when several processes train it."""
        if self.world == 1:
            return module
        if share and self.shared_out:
            mesh = init_device_mesh(self.device.type, (self.world,))
            # It changes the class of the module itself; its own word for that is no nn.Module.
            fully_shard(module, mesh=mesh)
            return module
        on = [self.device] if self.device.type == 'cuda' else None
        return nn.parallel.DistributedDataParallel(module, on, broadcast_buffers=False)

    @contextmanager
    def gathered(self, module: nn.Module) -> Iterator[None]:
        """Have all weights here for a while, where something else than `forward` is called."""
        if not isinstance(module, FSDPModule):
            yield
            return
        module.unshard()
        try:
            yield
        finally:
            module.reshard()

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over all processes."""
        if self._joined is None:
            return value
        found = value.clone()
        torch.distributed.all_reduce(found)
        return found / self.world

    def any(self, flag: bool) -> bool:
        """Say whether it is so in any process."""
        if self._joined is None:
            return flag
        return bool(self.mean(torch.tensor(float(flag), device=self.device)) > 0)

    def wait(self) -> None:
        """Wait until every process is here."""
        if self._joined is not None:
            self._joined.wait_for_everyone()

    def clip(self, module: nn.Module, bound: float) -> Tensor:
        """Bound the norm of all gradients together; return what it was."""
        norm = torch.nn.utils.clip_grad_norm_(module.parameters(), bound)
        return norm.full_tensor() if isinstance(norm, DTensor) else norm


def _device(name: str) -> torch.device:
    if name.partition(':')[0] not in _DEVICES:
        raise ConfigError(f"run.device '{name}'; {did_you_mean(name, _DEVICES)}")
    if name == 'auto':
        name = 'cuda' if torch.cuda.is_available() else 'cpu'
    there = {
        'cpu': True,
        'cuda': torch.cuda.is_available(),
        'mps': torch.backends.mps.is_available(),
    }
    if not there[name.partition(':')[0]]:
        raise ConfigError(f"run.device '{name}': PyTorch sees none here; choose auto or cpu")
    return torch.device(name)


def _joined(device: torch.device) -> Any:
    """Find the other processes; returns Accelerate's state of them."""
    from accelerate import PartialState

    return PartialState(cpu=device.type == 'cpu')
