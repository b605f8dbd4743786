# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Phase 1: the value, from datasets to a run folder."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
import sys
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hvd_training.data.batch import Batch
from hvd_training.data.loading.corpus import Corpus
from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.starts import Starts, choose_starts, thinned
from hvd_training.groups import from_lists
from hvd_training.policies.augment import augmented
from hvd_training.train import augmenting, contract, loop, run_folder, value_eyes
from hvd_training.train.batches import Batches, Part
from hvd_training.train.checkpoint import Checkpoint
from hvd_training.train.config import ValueTrain, to_json
from hvd_training.train.devices import Devices
from hvd_training.values import deas, held_out
from hvd_training.values.health import Monitor
from hvd_training.values.learner import ValueLearner
from hvd_training.values.model import ValueSpec
from hvd_training.values.targets import returns_to_go

_MANY = 0.01  # share of clipped numbers that is worth a word
_LOOK_ROWS = 512  # held-out chunks that are looked at together
_LOOKED = ('gap', 'v_first', 'auc', 'auc_q')  # of held-out episodes; NaN where none is known
_MODEL, _OPTIMIZER = 'losses.', 'optimizer.'
DTYPES = {'float32': torch.float32, 'bfloat16': torch.bfloat16}


def train_value(
    specs: Sequence[str], config: ValueTrain, out: Path, resume: bool = False
) -> dict[str, float]:
    """Learn a value from datasets into a run folder; return the last report."""
    config = config.settled()
    devices = Devices(config.run)
    loop.seed(config.run.seed, -1)
    corpus = open_corpus(specs, config.data)
    starts = choose_starts(corpus)
    about = contract.describe(corpus, starts, contract.groups_for(corpus))
    support = _support(corpus, config) if config.value.critic == 'hl_gauss' else None
    about['support'] = list(support) if support else None
    if (eyes := value_eyes.eyes_of(config)) is not None:
        about[value_eyes.EYES] = eyes
    corpus = value_eyes.looked_at_by(config, about, corpus, devices.device)
    learner = ValuePhase(config, corpus, starts, about, devices)
    folder = begin(out, run_folder.VALUE, config, about, corpus, resume, devices)
    batches = Batches(corpus, starts.every, None, config.run, devices, with_next=True)
    return loop.train(learner, batches, folder, config.run, devices, config.data.prefetch)


def begin(
    out: Path,
    kind: str,
    config: object,
    about: dict[str, Any],
    corpus: Corpus,
    resume: bool,
    devices: Devices,
) -> run_folder.RunFolder:
    """Make a run folder, or open the one that is gone on with and check that it is the same."""
    if resume:
        folder = run_folder.open_run(out, kind)
        contract.refuse_other(about, folder.about, str(out))
        contract.refuse_other_data(about, folder.about, str(out))
        return folder
    made = None
    if devices.first:
        stats = contract.stats_json(corpus.parts[0].stats)
        made = run_folder.create(out, kind, to_json(config), about, stats)
        for name, share in about['clipped_share'].items():
            if share > _MANY:
                print(
                    f'warning: {share:.1%} of the numbers of {name} lie beyond data.limit '
                    f'({about["limit"]:g}) and are clipped; the statistics may be of other data',
                    file=sys.stderr,
                )
    devices.wait()
    return made or run_folder.open_run(out, kind)


class ValuePhase:
    """Implements loop.Learner."""

    def __init__(
        self,
        config: ValueTrain,
        corpus: Corpus,
        starts: Starts,
        about: Mapping[str, Any],
        devices: Devices,
    ) -> None:
        self._corpus, self._devices, self._run = corpus, devices, config.run
        self._augment = config.augment
        self._mirror = augmenting.mirror(config.augment, corpus)
        value = config.value
        worth = returns_to_go(corpus.rewards, corpus.terminated, corpus.left, value)
        encoder, width = value_eyes.value_encoder(config, about)
        spec = ValueSpec(
            groups=from_lists(about['groups']),
            encoder=encoder,
            width=width,
            support=tuple(about['support']) if about['support'] else None,
            monte_carlo=torch.from_numpy(worth) if value.mc_share else None,
        )
        self.learner = ValueLearner(
            value, spec, device=devices.device, precision=DTYPES[config.run.precision]
        )
        self.learner.losses.reduce = devices.mean
        if config.run.compile:
            self.learner.losses.compile()
        self.learner.forward = devices.spread(self.learner.losses, share=False)
        self._returns, self._last_step = _range(worth), config.run.steps
        self._monitor = Monitor(value, self._returns)
        self._held = held_out.Episodes(
            first_row=np.searchsorted(corpus.episode_of_rows, np.arange(len(corpus.facts))),
            success=np.array([facts.success for facts in corpus.facts]),
            returns=worth,
        )
        self._look = thinned(starts.held_out, config.run.validation_rows)

    def step(self, step: int, parts: list[Part], report: bool) -> dict[str, Tensor]:
        """Make one update."""
        return self.learner.step(*(self._changed(step, part) for part in parts), report=report)

    def _changed(self, step: int, part: Part) -> Batch:
        return augmented(
            part.batch,
            self._augment,
            self._mirror,
            augmenting.source(self._run, step, part, self._devices),
            following=True,
        )

    def validate(self) -> dict[str, float]:
        """Look at held-out episodes, if there are any."""
        if not len(self._look):
            return {}
        seen = held_out.look(self.learner, self._batches(), self._held)
        return held_out.measure(seen)

    def evaluate(self) -> dict[str, float]:
        """Return nothing: a value does not act."""
        return {}

    def warnings(self, step: int, numbers: loop.Numbers) -> list[str]:
        """Say what is newly wrong; raise Diverged where going on makes no sense."""
        looked = {k: v for k, v in numbers.items() if k.partition('/')[0] in _LOOKED}
        known = {k: v for k, v in numbers.items() if k not in looked}
        said = self._monitor.check(step, known)
        if 'auc/episode' in looked and step >= self._last_step and self._returns is not None:
            said += held_out.warnings(looked, self._returns)
        return said

    def files(self) -> dict[str, dict[str, Tensor]]:
        """Return networks and running means, and the optimizer."""
        state = self.learner.state_dict()
        return {'model': _under(_MODEL, state), 'optimizer': _under(_OPTIMIZER, state)}

    def restore(self, found: Checkpoint) -> None:
        """Go on from a checkpoint."""
        model, optimizer = found.tensors('model'), found.tensors('optimizer')
        self.learner.load_state_dict(
            {_MODEL + key: one for key, one in model.items()}
            | {_OPTIMIZER + key: one for key, one in optimizer.items()}
        )

    def _batches(self) -> Iterator[Batch]:
        for first in range(0, len(self._look), _LOOK_ROWS):
            rows = self._look[first : first + _LOOK_ROWS]
            yield self._corpus.chunks(rows, with_next=False).to(self._devices.device)


def _support(corpus: Corpus, config: ValueTrain) -> tuple[float, float]:
    found = deas.data_range(corpus.rewards, corpus.terminated, corpus.left, config.value)
    return deas.support(found, config.value)


def _range(worth: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float] | None:
    known = worth[np.isfinite(worth)]
    return (float(known.min()), float(known.max())) if len(known) else None


def _under(prefix: str, state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): one for n, one in state.items() if n.startswith(prefix)}
