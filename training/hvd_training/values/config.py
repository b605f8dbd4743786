# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Every choice of value learning in one frozen place, checked when it is made.

The defaults are sound numerics; `paper()` is what HVD states, word for word; `deas()` in deas.py
is the other published recipe.
"""

from dataclasses import dataclass, replace
from typing import Any

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ConfigError

V_LOSSES = ('idql_exp', 'hvd_eq6', 'expectile', 'quantile', 'mse')
_WIDEST = 65536
WEIGHTS = ('phi1', 'eq7', 'awr', 'binary', 'expectile', 'quantile')


@dataclass(frozen=True)
class ValueConfig:
    """How Q and V are learned from recorded chunks, and how advantages become weights."""

    chunk: int = param(20, 'K, actions of a chunk', low=1, high=1000)
    gamma: float = param(
        0.998,
        'discount per step between decisions: V behind n steps counts gamma^n',
        low=0,
        high=1,
    )
    gamma_chunk: float = param(
        -1.0, 'discount per step inside a chunk; -1: the same as gamma', low=-1, high=1
    )
    tail: str = param(
        'shorten',
        'chunks that the end of a recording cuts: used as they are, or not used for the value',
        choices=('shorten', 'drop'),
    )
    reward_scale: float = param(1.0, 'rewards become scale * (r + shift) - penalty', low=1e-9)
    reward_shift: float = param(0.0, 'see reward_scale', low=-1e9, high=1e9)
    step_penalty: float = param(
        0.0, 'see reward_scale; beside what the data holds already', low=0, high=1e9
    )
    mc_share: float = param(
        0.0, 'share of the recorded return in the target, the rest is TD', low=0, high=1
    )
    value_data: str = param(
        'all', 'learn from every chunk, or from those of experts only', choices=('all', 'optimal')
    )

    decomposition: str = param(
        'nested',
        'Q of each prefix of groups; prefix plus differences; or one Q of the whole chunk',
        choices=('nested', 'residual', 'shared'),
    )
    residual_sg: bool = param(
        True, 'residual: a difference is learned on top of a prefix that it does not change'
    )
    order: str = param('', "groups in hierarchy order, 'arm,torso,base'; empty: the body's own")
    partition: str = param(
        'body',
        'groups of the body, or of the same sizes with dimensions drawn at random (a control)',
        choices=('body', 'random'),
    )
    partition_seed: int = param(0, 'seed of the random partition', low=0)
    n_q: int = param(2, 'Q networks; see q_agg', low=1, high=16)
    q_agg: str = param('min', 'how their targets become one', choices=('min', 'mean'))
    critic: str = param(
        'scalar', 'one number, or a histogram over returns', choices=('scalar', 'hl_gauss')
    )
    bins: int = param(101, 'bins of a histogram', low=8, high=10001)
    bin_sigma: float = param(0.75, 'spread of a target [bins]', low=0.1, high=10)
    v_categorical: bool = param(False, 'V is a histogram, too (needs critic = hl_gauss)')

    v_loss: str = param('idql_exp', 'what V is of the Q of recorded chunks', choices=V_LOSSES)
    alpha: float = param(
        1.0,
        'sharpness of the exponential V and of the weights [1 / advantage]',
        low=1e-6,
        high=1e6,
    )
    level: float = param(0.7, 'expectile or quantile', low=1e-6, high=1 - 1e-6)
    z_max: float = param(
        5.0, 'the exponential V-loss goes on as a line past this', low=0.1, high=40
    )
    adv_scale: str = param(
        'ema_std',
        'what advantages are divided by: 1, or their spread',
        choices=('none', 'ema_std'),
    )
    v_sharing: str = param(
        'shared',
        'one V for all groups, one each, or one from the whole chunk only',
        choices=('shared', 'per_head', 'full'),
    )
    tau_polyak: float = param(
        0.005, 'share of the new in the target network a step', low=0, high=1
    )
    target_v: bool = param(False, 'bootstrap from a slow copy of V')

    weight_fn: str = param('phi1', 'weight of an advantage', choices=WEIGHTS)
    weight_source: str = param(
        'prefix',
        'advantage of the prefix over V, or of each group over the prefix before it',
        choices=('prefix', 'increments'),
    )
    weight_power: int = param(
        1, 'weights to this power (2: the norm of eq. 8 taken literally)', low=1, high=2
    )
    weight_max: float = param(
        20.0, 'no weight is larger, after it was divided by the mean; 0: no bound', low=0, high=1e9
    )
    weight_norm: str = param(
        'ema', 'divide weights by their mean, group by group', choices=('ema', 'none')
    )
    awr_max: float = param(100.0, 'awr: bound of exp', low=1, high=1e9)

    width: int = param(256, 'width of the networks', low=1, high=65536)
    depth: int = param(2, 'residual blocks of the networks', low=0, high=64)
    decoder: str = param(
        '', "layers behind the encoder instead, '128-256-64' (width and depth count no more)"
    )
    shared_encoder: bool = param(False, 'V and Q look through one encoder')
    learning_rate: float = param(3e-4, 'of Adam', low=1e-9, high=10)
    weight_decay: float = param(0.0, 'of Adam', low=0, high=10)
    grad_clip: float = param(10.0, 'bound of the norm of the gradient, V and Q each', low=1e-6)
    ema_decay: float = param(
        0.99, 'memory of running means (advantage, weight)', low=0, high=1 - 1e-9
    )
    seed: int = param(0, 'initial weights of the networks', low=0)

    def __post_init__(self) -> None:
        check(self)
        _ = self.layers
        if -1 < self.gamma_chunk < 0:
            raise ConfigError(
                f'ValueConfig.gamma_chunk = {self.gamma_chunk}: -1 (as gamma) or within [0, 1]'
            )
        if self.v_categorical and self.critic != 'hl_gauss':
            raise ConfigError('ValueConfig.v_categorical needs critic = hl_gauss')
        if self.v_categorical and self.v_loss == 'quantile':
            raise ConfigError(
                'ValueConfig.v_loss = quantile has no weight at zero advantage; with '
                'v_categorical use expectile, idql_exp, hvd_eq6 or mse'
            )
        if self.decomposition == 'shared' and self.weight_source == 'increments':
            raise ConfigError(
                'ValueConfig.weight_source = increments needs a hierarchy; '
                'decomposition = nested or residual'
            )

    @property
    def layers(self) -> tuple[int, ...]:
        """Return the widths of the decoder; none where it has residual blocks."""
        parts = self.decoder.split('-') if self.decoder else []
        if not all(part.isdecimal() and 0 < int(part) <= _WIDEST for part in parts):
            raise ConfigError(
                f"ValueConfig.decoder = '{self.decoder}': widths such as '128-256-64', or nothing"
            )
        return tuple(int(part) for part in parts)

    @property
    def inside(self) -> float:
        """Return the discount per step inside a chunk."""
        return self.gamma if self.gamma_chunk < 0 else self.gamma_chunk

    def but(self, **changes: Any) -> 'ValueConfig':
        """Return the config with some fields changed."""
        return replace(self, **changes)


def paper() -> ValueConfig:
    """Return HVD as stated: eq. 6, undiscounted, no scale, weight inside the norm, no bound."""
    return ValueConfig(
        gamma=1.0,
        v_loss='hvd_eq6',
        adv_scale='none',
        weight_fn='eq7',
        weight_power=2,
        weight_max=0.0,
        weight_norm='none',
    )
