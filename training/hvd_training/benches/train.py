# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd bench train`: updates per second of both phases, beside loops that do nothing but update.

The bound is a hand-written loop over the same networks, losses and optimizer with its batches in
memory: no data, no report, no checkpoint. Both run in turns in this process, so that a busy
machine is busy for both. The peer is PyTorch Lightning with a DataLoader on the same policy, in
the interpreter that HVD_LIGHTNING_PYTHON names; without it its ratio is nothing. Last comes every
other kind of network at a small size (networks.py).
"""

from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from dataclasses import replace
import io
import json
import math
import os
from pathlib import Path
import resource
import statistics
import subprocess
import sys
import tempfile
from time import perf_counter
from typing import Any

import numpy as np
import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.benches import networks
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.corpus import Corpus
from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.starts import Starts, choose_starts
from hvd_training.policies.small import SmallConfig
from hvd_training.train import contract, loop
from hvd_training.train.batches import Batches
from hvd_training.train.config import OptimConfig, PolicyTrain, RunConfig, ValueTrain
from hvd_training.train.devices import Devices
from hvd_training.train.phase1 import ValuePhase
from hvd_training.train.phase2 import PolicyPhase
from hvd_training.train.run_folder import POLICY, VALUE, RunFolder, create
from hvd_training.values.config import ValueConfig

PEER = 'HVD_LIGHTNING_PYTHON'
_PEER_LIMIT_S = 600
_EPISODES, _FRAMES = 100, 150
_STATE, _ACTION = 66, 23  # an action of BEHAVIOR-1K, so that values have three heads
_BATCH, _HORIZON = 256, 16
_SHARE = 0.45  # of the time for each phase; the rest is for setting up
_OTHERS = 0.5  # as much again for one kind of network after the other
_IN_MEMORY = 8  # batches of the bound


def measure(quick: bool, minutes: float | None) -> dict[str, float]:
    """Train both phases on numbers of chance and return the figures."""
    seconds = 4.0 if quick else 60 * (minutes or 2.0)
    with tempfile.TemporaryDirectory(prefix='hvd_bench_') as folder:
        root = Path(folder)
        path = paint(root / 'numbers.npz')
        data = DataConfig(horizon=_HORIZON, normalise='zscore', validation=0.0)
        corpus = open_corpus([f'optimal:{path}'], data)
        starts = choose_starts(corpus)
        value = _Phase(root / 'value', corpus, starts, _value(data), VALUE)
        policy = _Phase(root / 'policy', corpus, starts, _policy(data), POLICY)
        rates = {
            name: _in_turns(phase, seconds * _SHARE, 2 if quick else 5)
            for name, phase in (('value', value), ('policy', policy))
        }
        peer = _peer(path, quick)
    (v, v_bound, v_wait), (p, p_bound, p_wait) = rates['value'], rates['policy']
    return {
        'value_steps_per_s': v,
        'policy_steps_per_s': p,
        'value_bound_steps_per_s': v_bound,
        'policy_bound_steps_per_s': p_bound,
        'value_ratio_vs_bound': v / v_bound,
        'policy_ratio_vs_bound': p / p_bound,
        'ratio_vs_bound': min(v / v_bound, p / p_bound),
        'peer_policy_steps_per_s': peer,
        'ratio_vs_peer': p / peer,
        'data_wait_share': max(v_wait, p_wait),
        **networks.measure(seconds * _OTHERS),
        'memory_mb': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def paint(path: Path, seed: int = 0) -> Path:
    """Write episodes of numbers of chance as an OGBench file."""
    rng = np.random.default_rng(seed)
    rows = _EPISODES * _FRAMES
    ends = np.zeros(rows, dtype=np.float32)
    ends[_FRAMES - 1 :: _FRAMES] = 1
    np.savez(
        path,
        observations=rng.normal(size=(rows, _STATE)).astype(np.float32),
        actions=rng.uniform(-1, 1, (rows, _ACTION)).astype(np.float32),
        terminals=ends,
        masks=np.ones(rows, dtype=np.float32),
        rewards=rng.normal(size=rows).astype(np.float32),
    )
    return path


def _run_config() -> RunConfig:
    return RunConfig(
        steps=10**9, batch_size=_BATCH, device='cpu', threads=1, tensorboard=False,
        validate_every=10**9, save_every=10**9,
    )  # fmt: skip


def _value(data: DataConfig) -> ValueTrain:
    return ValueTrain(data, ValueConfig(), _run_config()).settled()


def _policy(data: DataConfig) -> PolicyTrain:
    small = SmallConfig(head='clean_flow')
    # The peer has no slow copy of the weights, so neither side has one.
    return PolicyTrain(data=data, policy=small, optim=OptimConfig(ema=0.0), run=_run_config())


class _Phase:
    """One phase, that can make some updates as `hvd train-...` does, or as the bound does."""

    def __init__(self, root: Path, corpus: Corpus, starts: Starts, config: Any, kind: str) -> None:
        self.config, self.devices = config.run, Devices(config.run)
        about = contract.describe(corpus, starts, contract.groups_for(corpus)) | {'support': None}
        folder = create(root, kind, {}, about, contract.stats_json(corpus.parts[0].stats))
        self._root, self._about = root, folder.about
        self.learner: ValuePhase | PolicyPhase
        if isinstance(config, ValueTrain):
            self.learner = ValuePhase(config, corpus, starts, about, self.devices)
        else:
            self.learner = PolicyPhase(config, corpus, starts, folder, self.devices, None, None)
        with_next = kind == VALUE
        self.batches = Batches(corpus, starts.every, None, config.run, self.devices, with_next)
        self._ready = [self.batches.make(step) for step in range(_IN_MEMORY)]
        self._made = 0

    def ours(self, steps: int) -> tuple[float, float]:
        """Make updates by the loop; return steps per second and the share of waiting."""
        folder = RunFolder(self._root.with_name(f'{self._root.name}{self._made}'), {}, self._about)
        folder.path.mkdir()
        self._made += 1
        run = replace(self.config, steps=steps, log_every=steps)
        with redirect_stderr(io.StringIO()):
            last = loop.train(_Unsaved(self.learner), self.batches, folder, run, self.devices, 2)
        return last['steps_per_s'], last['data_wait_share']

    def bound(self, steps: int) -> float:
        """Make updates on batches that are there; return steps per second."""
        step = self._value_step if isinstance(self.learner, ValuePhase) else self._policy_step
        begun = perf_counter()
        for number in range(steps):
            step(number)
        return steps / (perf_counter() - begun)

    def _value_step(self, number: int) -> None:
        assert isinstance(self.learner, ValuePhase)
        learner = self.learner.learner
        loss, measured = learner.losses(self._ready[number % _IN_MEMORY][0].batch)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(learner.model.parameters(), 10.0)
        learner.optimizer.step()
        learner.optimizer.zero_grad(set_to_none=True)
        learner.losses.commit(measured.moments)

    def _policy_step(self, number: int) -> None:
        assert isinstance(self.learner, PolicyPhase)
        batch = self._ready[number % _IN_MEMORY][0].batch
        errors = self.learner.policy.errors(batch, torch.default_generator)
        valid = batch.valid[..., None]
        loss = (errors * valid).sum() / (valid.sum() * errors.shape[-1])
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self.learner.policy.parameters(), 1.0)
        self.learner.optimizer.step()
        self.learner.optimizer.zero_grad(set_to_none=True)


class _Unsaved:
    """A learner whose run is thrown away: everything but the files."""

    def __init__(self, learner: ValuePhase | PolicyPhase) -> None:
        self.step, self.restore = learner.step, learner.restore
        self.validate: Callable[[], dict[str, float]] = dict
        self.evaluate: Callable[[], dict[str, float]] = dict

    def warnings(self, step: int, numbers: Mapping[str, float]) -> list[str]:
        """Say nothing: the numbers are of chance."""
        return []

    def files(self) -> dict[str, dict[str, torch.Tensor]]:
        """Return something small."""
        return {'model': {'nothing': torch.zeros(1)}}


def _in_turns(phase: _Phase, seconds: float, turns: int) -> tuple[float, float, float]:
    """Return the medians of both rates and of the share of waiting, measured one after another."""
    warm = phase.bound(5)
    steps = max(4, round(warm * seconds / turns / 2))
    ours, bound, waits = [], [], []
    for _ in range(turns):
        rate, wait = phase.ours(steps)
        ours.append(rate)
        waits.append(wait)
        bound.append(phase.bound(steps))
    return statistics.median(ours), statistics.median(bound), statistics.median(waits)


def _peer(data: Path, quick: bool) -> float:
    """Let Lightning train the same policy; infinite seconds would lie, so nothing is nothing."""
    python = os.environ.get(PEER)
    if not python:
        return math.nan
    program = Path(__file__).with_name('lightning_peer.py')
    settings = {
        'data': str(data), 'steps': 20 if quick else 400, 'batch_size': _BATCH,
        'horizon': _HORIZON, 'learning_rate': OptimConfig().learning_rate,
    }  # fmt: skip
    words = [python, str(program), json.dumps(settings)]
    environment = os.environ | {'PYTHONPATH': os.pathsep.join(sys.path)}
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=_PEER_LIMIT_S, check=True,
            env=environment,
        )  # fmt: skip
        return float(json.loads(done.stdout.splitlines()[-1])['steps_per_s'])
    except (OSError, subprocess.SubprocessError, LookupError, ValueError) as error:
        said = getattr(error, 'stderr', '') or ''
        raise ConfigError(
            f'{PEER}={python} can not run Lightning: {error} {said[-300:]}'
        ) from None
