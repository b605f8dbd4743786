# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Everything that decides a run, in frozen sections; a run folder holds it as JSON.

A section is a dataclass; which class `policy` and `objective` are follows from their names.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.data.loading.config import DataConfig
from hvd_training.networks.multimodal.config import EncoderConfig
from hvd_training.objectives.registry import objective
from hvd_training.policies.augment import AugmentConfig
from hvd_training.policies.registry import entry
from hvd_training.values.config import ValueConfig


@dataclass(frozen=True)
class RunConfig:
    """How long, how much at once, on what, and what is kept."""

    steps: int = param(10_000, 'updates', low=1)
    batch_size: int = param(256, 'chunks of an update, over all processes', low=1)
    accumulate: int = param(1, 'parts that a batch is computed in, one after the other', low=1)
    seed: int = param(0, 'of networks, order of the data, and noise', low=0)
    device: str = param('auto', 'auto, cpu, cuda or mps')
    precision: str = param(
        'float32', 'of matrix products', choices=('float32', 'bfloat16')
    )  # fmt: skip
    compile: bool = param(False, 'compile the networks first; slow to start, faster then')
    parallel: str = param(
        'ddp', 'several processes: whole copies, or a share of the weights each',
        choices=('ddp', 'fsdp'),
    )  # fmt: skip
    log_every: int = param(100, 'updates between two lines of metrics', low=1)
    validate_every: int = param(1000, 'updates between two looks at held-out episodes', low=1)
    validation_rows: int = param(2048, 'held-out chunks that are looked at', low=1)
    evaluate_every: int = param(
        0, 'updates between two evaluations of a policy in simulation; 0: none', low=0
    )
    evaluate_episodes: int = param(10, 'episodes of each task of an evaluation', low=1)
    save_every: int = param(1000, 'updates between two checkpoints', low=1)
    keep: int = param(2, 'checkpoints that are kept', low=1)
    tensorboard: bool = param(True, 'also write events for TensorBoard')
    wandb: str = param('', 'also send to this project of Weights & Biases')
    threads: int = param(0, 'threads of PyTorch on a CPU; 0: its own choice', low=0, high=1024)

    def __post_init__(self) -> None:
        check(self)
        if self.batch_size % self.accumulate:
            raise ConfigError(
                f'run.batch_size = {self.batch_size} is no multiple of run.accumulate = '
                f'{self.accumulate}'
            )
        if self.evaluate_every and self.parallel == 'fsdp':
            raise ConfigError(
                'run.evaluate_every: with --run.parallel fsdp no process has all weights to act '
                'with; evaluate the run afterwards, `hvd eval run:PATH`'
            )


@dataclass(frozen=True)
class OptimConfig:
    """AdamW for a policy."""

    learning_rate: float = param(1e-3, 'the largest', low=0.0, high=10.0)
    warmup: int = param(100, 'updates until it is reached', low=0)
    schedule: str = param('cosine', 'what follows', choices=('constant', 'cosine'))
    final_share: float = param(0.05, 'of the learning rate at the end', low=0.0, high=1.0)
    beta1: float = param(0.9, 'memory of the gradient', low=0.0, high=1.0)
    beta2: float = param(0.999, 'memory of its square', low=0.0, high=1.0)
    eps: float = param(1e-8, 'least denominator', low=0.0, high=1.0)
    weight_decay: float = param(1e-4, 'of AdamW', low=0.0, high=10.0)
    grad_clip: float = param(1.0, 'bound of the norm of the gradient', low=1e-6)
    ema: float = param(0.999, 'memory of the weights that act; 0: those that learn act', low=0.0,
        high=1.0)  # fmt: skip

    def __post_init__(self) -> None:
        check(self)


# Fields that another one decides; setting them would be overruled in silence.
FOLLOWS = {'value.chunk': 'data.horizon', 'value.seed': 'run.seed'}


@dataclass(frozen=True)
class ValueTrain:
    """Phase 1."""

    data: DataConfig = field(default_factory=DataConfig)
    value: ValueConfig = field(default_factory=ValueConfig)
    run: RunConfig = field(default_factory=RunConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    encoder: EncoderConfig = field(default_factory=EncoderConfig)

    def __post_init__(self) -> None:
        eyes, change = self.encoder, self.augment
        frozen = eyes.kind == 'tokens' and eyes.eyes == 'siglip' and eyes.keep_features
        if frozen and (change.moves or change.tints):
            raise ConfigError(
                'augment changes images, and encoder.keep_features has looked at them before; '
                'choose --encoder.keep_features no, or leave crop, shift, turn and colours alone'
            )

    def settled(self) -> 'ValueTrain':
        """Return it with what one section must take from another."""
        value = self.value.but(chunk=self.data.horizon, seed=self.run.seed)
        return replace(self, value=value)


@dataclass(frozen=True)
class PolicyTrain:
    """Phase 2; also plain imitation."""

    policy_name: str = 'small'
    objective_name: str = 'bc'
    data: DataConfig = field(default_factory=DataConfig)
    policy: Any = None  # of the class that belongs to policy_name; None: its defaults
    objective: Any = None
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    optim: OptimConfig = field(default_factory=OptimConfig)
    run: RunConfig = field(default_factory=RunConfig)
    execute: int = param(8, 'steps of a chunk that are carried out before the next', low=1)

    def __post_init__(self) -> None:
        for name, kind in (
            ('policy', entry(self.policy_name).config),
            ('objective', objective(self.objective_name).config),
        ):
            if getattr(self, name) is None:
                object.__setattr__(self, name, kind())
            elif not isinstance(getattr(self, name), kind):
                raise ConfigError(
                    f'{name} is a {type(getattr(self, name)).__name__}; '
                    f"'{getattr(self, name + '_name')}' needs a {kind.__name__}"
                )

    def settled(self) -> 'PolicyTrain':
        """Return it with what one section must take from another."""
        return replace(self, execute=min(self.execute, self.data.horizon))

    def named(self, policy: str | None, objective: str | None) -> 'PolicyTrain':
        """Return it with another policy or objective, which then has its defaults."""
        config = self
        if policy and policy != self.policy_name:
            config = replace(config, policy_name=policy, policy=None)
        if objective and objective != self.objective_name:
            config = replace(config, objective_name=objective, objective=None)
        return config


def to_json(config: Any) -> dict[str, Any]:
    """Return plain lists and numbers, as from_json reads them."""
    return {key: _plain(value) for key, value in asdict(config).items()}


def value_from_json(data: Mapping[str, Any]) -> ValueTrain:
    """Read what to_json wrote of a phase 1."""
    kinds = {
        'data': DataConfig, 'value': ValueConfig, 'run': RunConfig, 'augment': AugmentConfig,
        'encoder': EncoderConfig,
    }  # fmt: skip
    # Older values say nothing of what was new later; they have its defaults.
    sections = {key: _section(kind, key, data.get(key, {})) for key, kind in kinds.items()}
    return ValueTrain(**sections)


def policy_from_json(data: Mapping[str, Any]) -> PolicyTrain:
    """Read what to_json wrote of a phase 2."""
    kinds = {
        'data': DataConfig,
        'optim': OptimConfig,
        'augment': AugmentConfig,
        'run': RunConfig,
        'policy': entry(data['policy_name']).config,
        'objective': objective(data['objective_name']).config,
    }
    sections = {key: _section(kind, key, data[key]) for key, kind in kinds.items()}
    names = {key: data[key] for key in ('policy_name', 'objective_name', 'execute')}
    return PolicyTrain(**names, **sections)


def _section(kind: type[Any], name: str, values: Mapping[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    for key in values:
        if key not in known:
            raise ConfigError(f'{name}.{key} in the config of the run; {did_you_mean(key, known)}')
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return list(value) if isinstance(value, tuple) else value
