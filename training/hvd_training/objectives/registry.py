# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The objectives by name, and what each asks of the trainer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_training.objectives import (
    bc,
    deas,
    filtered_bc,
    hvd,
    idql,
    iql_awr,
    qipo,
)
from hvd_training.objectives.episodes import Episodes, Mask
from hvd_training.objectives.selection import Selection
from hvd_training.objectives.weighting import Log

Loss = Callable[..., tuple[Tensor, Log]]


@dataclass(frozen=True)
class Objective:
    """One algorithm, as the trainer sees it; functions take the config of the objective."""

    config: type[Any]
    loss: Loss
    pool: Callable[[Episodes, Any], Mask]
    weighs: Callable[[Any], bool]  # loss needs GroupWeights of the value model
    imitates: Callable[[Any], bool]  # loss needs a batch of demonstrations, drawn apart
    selection: Callable[[Any], Selection | None] = lambda config: None
    draws_own: bool = False  # batches are the policy's own draws, renewed now and then (qipo)
    value: Mapping[str, Any] = field(default_factory=dict)  # fields of ValueConfig that belong


def _never(config: Any) -> bool:
    return False


def _always(config: Any) -> bool:
    return True


OBJECTIVES: dict[str, Objective] = {
    'bc': Objective(bc.BcConfig, bc.loss, bc.pool, _never, _never),
    'filtered_bc': Objective(
        filtered_bc.FilteredBcConfig, filtered_bc.loss, filtered_bc.pool, _never, _never
    ),
    'iql_awr': Objective(
        iql_awr.IqlAwrConfig, iql_awr.loss, iql_awr.pool, _always, _never, value=iql_awr.VALUE
    ),
    'idql': Objective(
        idql.IdqlConfig, idql.loss, idql.pool, _never, _never, idql.selection, value=idql.VALUE
    ),
    'qipo': Objective(
        qipo.QipoConfig, qipo.loss, qipo.pool, _never, _never, draws_own=True, value=qipo.VALUE
    ),
    'hvd': Objective(
        hvd.HvdConfig, hvd.loss, hvd.pool, _always, lambda c: c.beta > 0, value=hvd.VALUE
    ),
    'deas': Objective(
        deas.DeasConfig,
        deas.loss,
        deas.pool,
        lambda c: c.extraction == 'awr',
        _never,
        deas.selection,
    ),
}


def objective(name: str) -> Objective:
    """Find an objective, or say which ones exist."""
    if name not in OBJECTIVES:
        raise ConfigError(f"no objective '{name}'; {did_you_mean(name, OBJECTIVES)}")
    return OBJECTIVES[name]
