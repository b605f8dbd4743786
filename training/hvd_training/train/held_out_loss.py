# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How well a policy says what was done in episodes that it did not learn from."""

from collections import defaultdict

import torch

from hvd_training.data.loading.corpus import Corpus
from hvd_training.data.loading.starts import Starts, thinned
from hvd_training.policies.policy import ChunkPolicy
from hvd_training.train.devices import Devices

AT_ONCE = 512
_SEED = 0  # the same noise at every look, so that looks can be compared


class HeldOutLoss:
    """Mean loss, and mean square error of sampled chunks, of demonstrations and of the rest."""

    def __init__(
        self, corpus: Corpus, starts: Starts, most: int, devices: Devices, at_once: int = AT_ONCE
    ) -> None:
        self._corpus, self._devices, self._at_once = corpus, devices, at_once
        self._rows = thinned(starts.held_out, most)

    @torch.no_grad()
    def measure(self, policy: ChunkPolicy) -> dict[str, float]:
        """Return held_out/..., nothing when no episode is held out."""
        sums: dict[str, float] = defaultdict(float)
        counts: dict[str, float] = defaultdict(float)
        generator = torch.Generator(self._devices.device)
        policy.eval()
        for first in range(0, len(self._rows), self._at_once):
            rows = self._rows[first : first + self._at_once]
            batch = self._corpus.chunks(rows, with_next=False).to(self._devices.device)
            generator.manual_seed(_SEED + first)
            errors = policy.errors(batch, generator)
            missed = (policy.sample(batch.observation, generator) - batch.actions).square()
            for name, values in (('loss', errors), ('sample_error', missed)):
                for who, rows_ in (('expert', batch.expert), ('other', ~batch.expert)):
                    counts_here = (batch.valid & rows_[:, None])[..., None] & policy.used
                    kept = torch.where(counts_here, values, torch.zeros_like(values))
                    sums[f'{name}_{who}'] += float(kept.sum())
                    counts[f'{name}_{who}'] += float(counts_here.sum())
        policy.train()
        return {f'held_out/{key}': sums[key] / counts[key] for key in sums if counts[key]}
