# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Phase 1 one step at a time: a loop calls step(batch), and weights(batch) when it is over.

Everything that a resumed run needs is in `state_dict`, as tensors only.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.batch import Batch
from hvd_training.values.config import ValueConfig
from hvd_training.values.health import describe
from hvd_training.values.losses import Measured, ValueLosses
from hvd_training.values.model import ValueModel, ValueSpec, groups_of
from hvd_training.values.weights import advantage, finished, raw_weights

Log = dict[str, Tensor]


class ValueLearner:
    """Learn V and Q from batches; say what each chunk weighs."""

    def __init__(
        self,
        config: ValueConfig,
        spec: ValueSpec,
        *,
        device: torch.device | str = 'cpu',
        precision: torch.dtype = torch.float32,
        model: ValueModel | None = None,
    ) -> None:
        """Make the networks from the seed; precision is that of the matrix products."""
        if config.mc_share and spec.monte_carlo is None:
            raise ConfigError(
                f'mc_share = {config.mc_share} needs the recorded returns; give '
                'ValueSpec(monte_carlo=...) from values.targets.returns_to_go'
            )
        self.config, self.groups = config, groups_of(spec, config)
        self.device, self._precision = torch.device(device), precision
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            model = model or ValueModel(config, spec)
        self.losses = ValueLosses(config, model, spec.monte_carlo).to(self.device).train()
        # What is called for a loss: wrap it to compile it or to spread it over processes.
        self.forward: Callable[[Batch], tuple[Tensor, Measured]] = self.losses
        v_side = list(model.v_net.parameters())
        v_side += list(model.v_encoder.parameters()) if model.v_encoder else []
        q_side = [*model.critic.parameters(), *model.encoder.parameters()]
        self._sides = {'v': v_side, 'q': q_side}
        self.optimizer = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad],
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            fused=True,
        )

    @property
    def model(self) -> ValueModel:
        """Return the networks that are trained."""
        return self.losses.model

    def step(self, *batches: Batch, report: bool = True) -> Log:
        """Learn from a batch, or from several as one; return what happened, as tensors."""
        measured = [self._backward(batch, 1 / len(batches)) for batch in batches]
        norms = self._clip()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.losses.commit(torch.stack([one.moments for one in measured]).mean(0))
        if not report:
            return {}
        return self._log(measured[-1]) | norms

    @torch.no_grad()
    def weights(self, batch: Batch) -> Tensor:
        """Return the weight of each group, (B, G), in the order of `groups`."""
        return finished(self._raw(batch), self.losses.mean_weight(), self.config).expand(
            -1, len(self.groups.names)
        )

    @torch.no_grad()
    def advantages(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return Q of the target networks (B, H) and V (B, 1 or H)."""
        with _evaluating(self.losses), self._autocast():
            return self.losses.q_bar(batch)[1], self.model.v(batch.observation)

    def calibrate(self, batches: Iterable[Batch]) -> None:
        """Replace the running mean of the weights by that over these batches, for phase 2."""
        raw = torch.cat([self._raw(batch) for batch in batches])
        decay, count = self.config.ema_decay, self.losses.count.clamp(min=1)
        self.losses.count.copy_(count)
        self.losses.means[2:] = raw.double().mean(0) * (1 - decay ** int(count))

    def state_dict(self) -> dict[str, Tensor]:
        """Return networks, targets, running means and optimizer as flat tensors."""
        state = {f'losses.{name}': value for name, value in self.losses.state_dict().items()}
        for number, slots in self.optimizer.state_dict()['state'].items():
            state |= {f'optimizer.{number}.{slot}': value for slot, value in slots.items()}
        return state

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on exactly where state_dict was taken."""
        self._check(state)
        self.losses.load_state_dict(_under('losses.', state))
        slots: dict[int, dict[str, Tensor]] = {}
        for name, value in _under('optimizer.', state).items():
            number, _, slot = name.partition('.')
            slots.setdefault(int(number), {})[slot] = value.clone()
        whole = self.optimizer.state_dict()
        self.optimizer.load_state_dict({'state': slots, 'param_groups': whole['param_groups']})

    def _backward(self, batch: Batch, share: float) -> Measured:
        with self._autocast():
            loss, measured = self.forward(batch)
        torch.autograd.backward(loss * share)
        return measured

    def _clip(self) -> Log:
        """Bound both gradients apart: a spike of the exponential must not shrink Q's step."""
        found = {}
        for name, side in self._sides.items():
            norm = torch.nn.utils.clip_grad_norm_(side, self.config.grad_clip)
            found[f'grad_norm_{name}'] = norm.detach()
        return found

    @torch.no_grad()
    def _log(self, measured: Measured) -> Log:
        weight = finished(measured.raw, self.losses.mean_weight(), self.config)
        return describe(measured, weight, self.losses.scale(), self.model, self.config)

    @torch.no_grad()
    def _raw(self, batch: Batch) -> Tensor:
        q, v = self.advantages(batch)
        u = advantage(q, v, self.config.weight_source)
        return raw_weights(u, self.losses.scale(), self.config)

    def _autocast(self) -> AbstractContextManager[None]:
        on = self._precision is not torch.float32
        context: AbstractContextManager[None] = torch.autocast(
            self.device.type, dtype=self._precision if on else torch.bfloat16, enabled=on
        )
        return context

    def _check(self, state: Mapping[str, Tensor]) -> None:
        mine = {f'losses.{name}': value for name, value in self.losses.state_dict().items()}
        for name, value in mine.items():
            if name not in state:
                raise ContractMismatch(
                    f"the checkpoint has no '{name}': it is of another kind of value; "
                    'resume with the config that is stored with it'
                )
            if state[name].shape != value.shape:
                raise ContractMismatch(
                    f"'{name}' has shape {tuple(state[name].shape)} in the checkpoint and "
                    f'{tuple(value.shape)} here; resume with the config that is stored with it'
                )


@contextmanager
def _evaluating(module: torch.nn.Module) -> Iterator[None]:
    """No dropout and no batch statistics for a while."""
    was = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was)


def _under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
