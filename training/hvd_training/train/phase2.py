# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Phase 2: a policy, by any objective, weighed by a value where the objective asks for one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError
from hvd_training.data.batch import Batch
from hvd_training.data.loading.corpus import Corpus, Rows
from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.starts import Starts, choose_starts, of_episodes
from hvd_training.groups import Groups
from hvd_training.objectives import qipo
from hvd_training.objectives.episodes import Episodes
from hvd_training.objectives.registry import Objective, objective
from hvd_training.objectives.selection import BestOfN, advantages
from hvd_training.objectives.weighting import GroupWeights
from hvd_training.policies.augment import augmented
from hvd_training.policies.draws import Source
from hvd_training.policies.policy import ChunkPolicy
from hvd_training.policies.registry import entry
from hvd_training.train import (
    augmenting,
    checkpoint,
    contract,
    loop,
    run_folder,
    tensors,
    value_run,
)
from hvd_training.train.averaged import Averaged
from hvd_training.train.batches import Batches, Part
from hvd_training.train.checkpoint import Checkpoint
from hvd_training.train.config import PolicyTrain
from hvd_training.train.devices import Devices
from hvd_training.train.held_out_loss import AT_ONCE, HeldOutLoss
from hvd_training.train.loading import TrainedPolicy
from hvd_training.train.phase1 import DTYPES, begin
from hvd_training.train.schedule import learning_rate
from hvd_training.train.value_run import TrainedValue
from hvd_training.train.weights_table import WeightsTable, weights_of

if TYPE_CHECKING:
    from hvd_training.evaluate.validation import Validator


def train_policy(
    specs: Sequence[str],
    config: PolicyTrain,
    out: Path,
    value: Path | None = None,
    resume: bool = False,
    say: Callable[[str], None] = print,
) -> dict[str, float]:
    """Learn a policy from datasets into a run folder; return the last report."""
    config = config.settled()
    devices = Devices(config.run)
    how = objective(config.objective_name)
    corpus = open_corpus(specs, config.data)
    starts = choose_starts(corpus)
    trained = _value(value, how, config, devices)
    groups = trained.learner.groups if trained else contract.groups_for(corpus)
    about = contract.describe(corpus, starts, groups)
    if trained is not None:
        contract.refuse_other(about, trained.folder.about, str(value))
        about['value'] = {'path': str(trained.folder.path), 'sha256': trained.folder.sha256}
    pool, expert = _streams(corpus, starts, how, config)
    table = None
    if trained is not None and how.weighs(config.objective):
        table = weights_of(trained, corpus, pool, say if devices.first else lambda text: None)
    folder = begin(out, run_folder.POLICY, config, about, corpus, resume, devices)
    if trained is not None and devices.first and not resume:
        value_run.keep_copy(trained, out)
    learner = PolicyPhase(config, corpus, starts, folder, devices, trained, table)
    for text in learner.begun if devices.first else ():
        say(text)
    batches = Batches(corpus, pool, expert, config.run, devices, with_next=False)
    return loop.train(learner, batches, folder, config.run, devices, config.data.prefetch)


def _value(
    path: Path | None, how: Objective, config: PolicyTrain, devices: Devices
) -> TrainedValue | None:
    needed = how.weighs(config.objective) or how.draws_own or how.selection(config.objective)
    if needed and path is None:
        raise ConfigError(
            f"objective '{config.objective_name}' goes by a value; name its run: --value RUN "
            '(`hvd train-value` makes one)'
        )
    if path is None or not needed:
        return None
    return value_run.open_value(path, devices.device)


def _streams(
    corpus: Corpus, starts: Starts, how: Objective, config: PolicyTrain
) -> tuple[Rows, Rows | None]:
    """Return the rows that updates draw from, and those of demonstrations where they are apart."""
    learnt = ~starts.held_episodes
    totals = np.bincount(
        corpus.episode_of_rows, corpus.rewards.astype(np.float64), len(corpus.facts)
    )
    episodes = Episodes(
        expert=corpus.is_expert[learnt],
        success=np.array([facts.success for facts in corpus.facts])[learnt],
        returns=totals[learnt].astype(np.float64),
    )
    wanted = np.zeros(len(corpus.facts), dtype=np.bool_)
    wanted[learnt] = how.pool(episodes, config.objective)
    pool = of_episodes(corpus, starts.every, wanted)
    return pool, starts.expert if how.imitates(config.objective) else None


class Together(nn.Module):
    """A policy and its loss in one call, which is what is compiled, copied or shared out."""

    def __init__(self, policy: ChunkPolicy, how: Objective, config: Any) -> None:
        super().__init__()
        self.policy, self._how, self._config = policy, how, config

    def forward(
        self, batch: Batch, expert: Batch | None, weights: GroupWeights | None, source: Source
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return loss and log."""
        return self._how.loss(self.policy, batch, expert, weights, self._config, source)


class PolicyPhase:
    """Implements loop.Learner."""

    def __init__(
        self,
        config: PolicyTrain,
        corpus: Corpus,
        starts: Starts,
        folder: run_folder.RunFolder,
        devices: Devices,
        value: TrainedValue | None,
        table: WeightsTable | None,
    ) -> None:
        self._config, self._devices, self._value, self._table = config, devices, value, table
        self._how = objective(config.objective_name)
        loop.seed(config.run.seed, -1)
        about = folder.about
        self._folder, self._tasks = folder, sorted({facts.task for facts in corpus.facts})
        self._mirror = augmenting.mirror(config.augment, corpus)
        shapes = contract.sizes_of(about).shapes()
        made = entry(config.policy_name)
        self.policy = made.build(config.policy, shapes)
        new = checkpoint.latest(folder.path) is None
        self.begun = made.begin(config.policy, self.policy) if new else []
        self.policy.to(devices.device)
        self._of_dimension = _of_dimension(value.learner.groups if value else None, devices)
        self.policy.reduce = devices.mean
        together = Together(self.policy, self._how, config.objective)
        if config.run.compile:
            self.policy.network.compile()
            self.policy.encoder.compile()
        self.module = devices.spread(together)
        optim = config.optim
        self.optimizer = torch.optim.AdamW(
            self.module.parameters(),
            lr=optim.learning_rate,
            betas=(optim.beta1, optim.beta2),
            eps=optim.eps,
            weight_decay=optim.weight_decay,
            fused=devices.device.type in ('cpu', 'cuda') and not devices.shared_out,
        )
        run = config.run
        self._slow = Averaged(self.module, optim.ema)
        # What reads images is large: then no more rows at once than an update has.
        at_once = run.batch_size // run.accumulate if config.data.cameras else AT_ONCE
        self._held = HeldOutLoss(corpus, starts, run.validation_rows, devices, at_once)
        self._validator: Validator | None = None
        self._own: tuple[Batch, GroupWeights] | None = None  # draws of the policy itself

    def step(self, step: int, parts: list[Part], report: bool) -> dict[str, Tensor]:
        """Make one update."""
        rate = learning_rate(self._config.optim, step, self._config.run.steps)
        for group in self.optimizer.param_groups:
            group['lr'] = rate
        for part in parts:
            source = augmenting.source(self._config.run, step, part, self._devices)
            loss, log = self._loss(step, part, source)
            torch.autograd.backward(loss / len(parts))
        norm = self._devices.clip(self.module, self._config.optim.grad_clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self._slow.update(step)
        if not report:
            return {}
        return {
            'loss': self._devices.mean(loss.detach()), **log, 'grad_norm': norm,
            'learning_rate': torch.tensor(rate),
        }  # fmt: skip

    def _loss(self, step: int, part: Part, source: Source) -> tuple[Tensor, dict[str, Tensor]]:
        batch, expert, weights = part.batch, part.expert, None
        if self._table is not None:
            weights = GroupWeights(self._table.of(batch.row), self._of_dimension)
        if self._how.draws_own:
            batch, weights = self._drawn(step, batch, source)
        augment = self._config.augment
        batch = augmented(batch, augment, self._mirror, source)
        if expert is not None:
            expert = augmented(expert, augment, self._mirror, source)
        device, precision = self._devices.device.type, self._config.run.precision
        on = precision != 'float32'
        with torch.autocast(device, dtype=DTYPES['bfloat16'], enabled=on):
            found: tuple[Tensor, dict[str, Tensor]] = self.module(batch, expert, weights, source)
        return found

    def _drawn(self, step: int, batch: Batch, source: Source) -> tuple[Batch, GroupWeights | None]:
        """Return the policy's own draws, made anew now and then, once it imitates well enough."""
        how, steps = self._config.objective, self._config.run.steps
        if qipo.renews_at(step, steps, how):
            assert self._value is not None
            score = advantages(self._value.learner.model)
            with self._devices.gathered(self.module):
                self._own = qipo.renewed(self.policy, score, batch, how, source)
        return self._own or (batch, None)

    def validate(self) -> dict[str, float]:
        """Look at held-out episodes with the weights that act."""
        with self._slow.acting(), self._devices.gathered(self.module):
            return self._held.measure(self.policy)

    def evaluate(self) -> dict[str, float]:
        """Act in simulation on validation seeds with the weights that act."""
        body = contract.body_of(self._folder.about['robot'])
        if body is None:
            raise ConfigError(
                f"run.evaluate_every: '{self._folder.about['robot']}' has no robot description, "
                'so there is no simulation of it; set --run.evaluate_every 0'
            )
        if self._validator is None:
            from hvd_training.evaluate.validation import Validator

            episodes = self._config.run.evaluate_episodes
            self._validator = Validator(self._tasks, body, episodes)
        sampler: ChunkPolicy | BestOfN = self.policy
        chosen = self._how.selection(self._config.objective)
        if chosen is not None and self._value is not None:
            sampler = BestOfN(self.policy, advantages(self._value.learner.model), chosen)
        actor = TrainedPolicy(
            self._folder, self._config, sampler, body, str(self._devices.device), None
        )
        with self._slow.acting():
            self.policy.eval()
            found = self._validator.validate(actor).as_metrics()
            self.policy.train()
        return found

    def warnings(self, step: int, numbers: loop.Numbers) -> list[str]:
        """Raise where the loss is no number any more."""
        loop.refuse_broken(step, numbers)
        return []

    def files(self) -> dict[str, dict[str, Tensor]]:
        """Return the weights that act, those that learn, the optimizer, and own draws."""
        files = {'learning': self._weights()}
        with self._slow.acting():
            acting = self._weights()
            # Without an average they are those that learn; a large network has no room for both.
            averaged = self._config.optim.ema > 0
            files['model'] = {k: v.clone() if averaged else v for k, v in acting.items()}
        files['optimizer'] = tensors.as_tensors(self.module, self.optimizer, self._devices)
        if self._own is not None:
            files['own'] = _own_tensors(*self._own)
        return files

    def restore(self, found: Checkpoint) -> None:
        """Go on from a checkpoint."""
        learning = {f'policy.{key}': one for key, one in found.tensors('learning').items()}
        acting = {f'policy.{key}': one for key, one in found.tensors('model').items()}
        tensors.load_weights(self.module, acting, self._devices)
        self._slow.take()
        tensors.load_weights(self.module, learning, self._devices)
        tensors.from_tensors(
            self.module, self.optimizer, found.tensors('optimizer'), self._devices
        )
        if (found.folder / 'own.safetensors').is_file():
            self._own = _own_from(found.tensors('own'), self._devices)

    def _weights(self) -> dict[str, Tensor]:
        whole = tensors.weights(self.module, self._devices)
        return {key.removeprefix('policy.'): value for key, value in whole.items()}


def _of_dimension(groups: Groups | None, devices: Devices) -> Tensor:
    if groups is None:
        return torch.zeros(0, dtype=torch.int64)
    return torch.tensor(groups.of_dimension.copy(), device=devices.device)


def _own_tensors(batch: Batch, weights: GroupWeights) -> dict[str, Tensor]:
    found = {'weights.values': weights.values, 'weights.of_dimension': weights.of_dimension}
    for name, value in vars(batch).items():
        if isinstance(value, dict):
            found |= {f'{name}/{key}': one for key, one in value.items()}
        else:
            found[name] = value
    return {key: one.clone() for key, one in found.items()}


def _own_from(found: dict[str, Tensor], devices: Devices) -> tuple[Batch, GroupWeights]:
    weights = GroupWeights(found.pop('weights.values'), found.pop('weights.of_dimension'))
    fields: dict[str, Any] = {'observation': {}, 'next_observation': {}}
    for key, one in found.items():
        name, slash, inner = key.partition('/')
        if slash:
            fields[name][inner] = one
        else:
            fields[name] = one
    batch = Batch(**fields).to(devices.device)
    values, of = weights.values.to(devices.device), weights.of_dimension.to(devices.device)
    return batch, GroupWeights(values, of)
