# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Weights and optimizer as flat tensors, and back; whole ones also where they are shared out.

Written by name, not by number: a network that changed is noticed instead of being filled wrongly.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from hvd_ros.core.errors import ContractMismatch
from hvd_training.train.devices import Devices

_WHOLE = StateDictOptions(full_state_dict=True, cpu_offload=True)


def weights(module: nn.Module, devices: Devices) -> dict[str, Tensor]:
    """Return all weights by name; where they are shared out, in the first process only."""
    if not devices.shared_out:
        return dict(_plain(module).state_dict())
    whole: dict[str, Any] = get_model_state_dict(module, options=_WHOLE)
    return whole


def load_weights(module: nn.Module, found: dict[str, Tensor], devices: Devices) -> None:
    """Put weights into a module; raises ContractMismatch when they are of another network."""
    try:
        if devices.shared_out:
            whole: dict[str, Any] = dict(found)
            set_model_state_dict(module, whole, options=_WHOLE)
        else:
            _plain(module).load_state_dict(found)
    except RuntimeError as error:
        raise ContractMismatch(
            f'the checkpoint is of another network ({" ".join(str(error).split())[:200]}); resume '
            'with the config that is stored with it'
        ) from None


def as_tensors(
    module: nn.Module, optimizer: torch.optim.Optimizer, devices: Devices
) -> dict[str, Tensor]:
    """Return the state of an optimizer, `<weight>|<slot>`."""
    if devices.shared_out:
        whole: dict[str, Any] = get_optimizer_state_dict(module, optimizer, options=_WHOLE)
        slots: dict[str, Any] = whole.get('state', {})
    else:
        named: dict[Any, str] = {p: name for name, p in _plain(module).named_parameters()}
        slots = {named[p]: s for p, s in optimizer.state.items()}
    return {
        f'{name}|{slot}': torch.as_tensor(value)
        for name, state in slots.items()
        for slot, value in state.items()
    }


def from_tensors(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    found: dict[str, Tensor],
    devices: Devices,
) -> None:
    """Put the state of an optimizer back."""
    slots: dict[str, dict[str, Tensor]] = {}
    for key, value in found.items():
        name, _, slot = key.rpartition('|')
        slots.setdefault(name, {})[slot] = value
    names = [name for name, _ in _plain(module).named_parameters()]
    if set(slots) - set(names):
        raise ContractMismatch(
            f'the optimizer of the checkpoint has {sorted(set(slots) - set(names))[0]}, which '
            'this network has not; resume with the config that is stored with it'
        )
    groups = optimizer.state_dict()['param_groups']
    if devices.shared_out:
        named = [{**group, 'params': names} for group in groups]
        whole: dict[str, Any] = {'state': slots, 'param_groups': named}
        set_optimizer_state_dict(module, optimizer, whole, options=_WHOLE)
        return
    state = {names.index(name): own for name, own in slots.items()}
    optimizer.load_state_dict({'state': state, 'param_groups': groups})


def _plain(module: nn.Module) -> nn.Module:
    """Return what DDP has wrapped."""
    if isinstance(module, nn.parallel.DistributedDataParallel):
        inner: nn.Module = module.module
        return inner
    return module
