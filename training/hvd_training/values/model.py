# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
V and Q of one observation: what is trained, and of which a slow copy makes the targets.

Where the value is a histogram the networks answer with logits; `v` and `q` are always numbers.
"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError
from hvd_training.data.batch import Observed
from hvd_training.groups import Groups
from hvd_training.networks.mlp import PlainMlp, ResidualMlp
from hvd_training.values.categorical import Bins
from hvd_training.values.config import ValueConfig
from hvd_training.values.heads import FRESH, ChunkHeads
from hvd_training.values.value_losses import wide


@dataclass(frozen=True, eq=False)
class ValueSpec:
    """What the data and the body decide, not the person who trains."""

    groups: Groups  # of the body, in its own order
    encoder: nn.Module  # observation dict to (B, width); copied, so nobody else trains it
    width: int
    support: tuple[float, float] | None = None  # of returns, if critics are histograms (deas.py)
    monte_carlo: Tensor | None = None  # (rows,) by Batch.row; NaN where it is not known


def groups_of(spec: ValueSpec, config: ValueConfig) -> Groups:
    """Return the groups that weights are for: partitioned and ordered as the config says."""
    groups = spec.groups
    if config.partition == 'random':
        groups = groups.randomised(config.partition_seed)
    names = [name.strip() for name in config.order.split(',') if name.strip()]
    return groups.reordered(names) if names else groups


def head_groups(groups: Groups, config: ValueConfig) -> Groups:
    """Return one group a head: all of them, or the whole action without hierarchy."""
    if config.decomposition != 'shared':
        return groups
    return Groups(('whole',), (tuple(range(groups.size)),))


class ValueModel(nn.Module):
    """V (B, 1 or H) and Q (n_q, B, H) over one encoder each, or a common one."""

    def __init__(self, config: ValueConfig, spec: ValueSpec) -> None:
        super().__init__()
        self.heads = head_groups(groups_of(spec, config), config)
        self.bins = _bins(config, spec)
        outputs = config.bins if self.bins else 1
        self.encoder = copy.deepcopy(spec.encoder)
        self.v_encoder: nn.Module | None = None
        if not config.shared_encoder:
            self.v_encoder = copy.deepcopy(spec.encoder)
        self.critic = ChunkHeads(spec.width, self.heads, config, outputs)
        self.v_heads = len(self.heads.names) if config.v_sharing == 'per_head' else 1
        self.v_outputs = config.bins if config.v_categorical else 1
        said = self.v_heads * self.v_outputs
        v_net: PlainMlp | ResidualMlp
        if config.layers:
            v_net = PlainMlp(spec.width, config.layers, said)
        else:
            v_net = ResidualMlp(spec.width, config.width, config.depth, said)
        with torch.no_grad():
            v_net.last.weight.mul_(FRESH)
        self.v_net: nn.Module = v_net

    def v_said(self, observation: Observed, seen: Tensor | None = None) -> Tensor:
        """Return what the V network answers, (B, 1 or H, outputs); seen: the shared encoding."""
        if self.v_encoder is not None:
            seen = self.v_encoder(observation)
        elif seen is None:
            seen = self.encoder(observation)
        said = wide(self.v_net(seen))
        return said.reshape(len(said), self.v_heads, self.v_outputs)

    def q_said(self, seen: Tensor, actions: Tensor, valid: Tensor) -> Tensor:
        """Return what the Q networks answer, (n_q, B, H, outputs)."""
        return wide(self.critic(seen, actions, valid))

    def number(self, said: Tensor) -> Tensor:
        """Return the number that an answer means, without the last axis."""
        if self.bins is None or said.shape[-1] == 1:
            return said[..., 0]
        return self.bins.mean(said)

    def v(self, observation: Observed) -> Tensor:
        """Return V (B, 1 or H)."""
        return self.number(self.v_said(observation))

    def q(self, observation: Observed, actions: Tensor, valid: Tensor) -> Tensor:
        """Return Q (n_q, B, H); H is 1 without hierarchy, the last head sees the whole action."""
        return self.number(self.q_said(self.encoder(observation), actions, valid))


def _bins(config: ValueConfig, spec: ValueSpec) -> Bins | None:
    if config.critic == 'scalar':
        return None
    if spec.support is None:
        raise ConfigError(
            'critic = hl_gauss needs the range of returns; ValueSpec(support=values.deas.support'
            '(...)) takes it from the dataset'
        )
    return Bins(*spec.support, config.bins, config.bin_sigma)
