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
    """Return all weights by name."""
    if devices.world == 1:
        return dict(module.state_dict())
    whole: dict[str, Any] = get_model_state_dict(module, options=_WHOLE)
    return whole


def load_weights(module: nn.Module, found: dict[str, Tensor], devices: Devices) -> None:
    """Put weights into a module; raises ContractMismatch when they are of another network."""
    try:
        if devices.world == 1:
            module.load_state_dict(found)
        else:
            whole: dict[str, Any] = dict(found)
            set_model_state_dict(module, whole, options=_WHOLE)
    except RuntimeError as error:
        first = str(error).strip().splitlines()
        raise ContractMismatch(
            f'the checkpoint is of another network ({"; ".join(first[1:3])}); resume with the '
            'config that is stored with it'
        ) from None


def as_tensors(
    module: nn.Module, optimizer: torch.optim.Optimizer, devices: Devices
) -> dict[str, Tensor]:
    """Return the state of an optimizer, `<weight>|<slot>`."""
    if devices.world == 1:
        named: dict[Any, str] = {p: name for name, p in module.named_parameters()}
        slots: dict[str, Any] = {named[p]: s for p, s in optimizer.state.items()}
    else:
        whole: dict[str, Any] = get_optimizer_state_dict(module, optimizer, options=_WHOLE)
        slots = whole.get('state', {})
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
    if devices.world > 1:
        groups = get_optimizer_state_dict(module, optimizer, options=_WHOLE)['param_groups']
        whole: dict[str, Any] = {'state': slots, 'param_groups': groups}
        set_optimizer_state_dict(module, optimizer, whole, options=_WHOLE)
        return
    names = [name for name, _ in module.named_parameters()]
    if set(slots) - set(names):
        raise ContractMismatch(
            f'the optimizer of the checkpoint has {sorted(set(slots) - set(names))[0]}, which '
            'this network has not; resume with the config that is stored with it'
        )
    state = {names.index(name): own for name, own in slots.items()}
    groups = optimizer.state_dict()['param_groups']
    optimizer.load_state_dict({'state': state, 'param_groups': groups})
