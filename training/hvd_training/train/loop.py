# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The loop of both phases: take a batch, make an update, now and then report, look, and save.

Random numbers of an update follow from the seed and its number, so a checkpoint needs no state of
generators, and a run that was interrupted gives the same bits as one that was not.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
import math
import signal
import threading
from time import perf_counter
from types import FrameType
from typing import Any, Protocol

import torch
from torch import Tensor

from hvd_training.data.loading.stream import Ahead
from hvd_training.train import checkpoint, run_folder
from hvd_training.train.batches import Batches, Part
from hvd_training.train.config import RunConfig
from hvd_training.train.devices import Devices
from hvd_training.train.metrics import Metrics, Screen
from hvd_training.values.health import Diverged

STRIDE = 1_000_003  # keeps the seeds of neighbouring runs apart

Numbers = Mapping[str, float]


class Learner(Protocol):
    """A phase, as the loop sees it."""

    def step(self, step: int, parts: list[Part], report: bool) -> dict[str, Tensor]:
        """Make one update; what happened is asked for only when it is reported."""
        ...

    def validate(self) -> dict[str, float]:
        """Look at held-out episodes."""
        ...

    def evaluate(self) -> dict[str, float]:
        """Act in simulation, if this phase can."""
        ...

    def files(self) -> dict[str, dict[str, Tensor]]:
        """Return every tensor that going on needs, by file."""
        ...

    def restore(self, found: checkpoint.Checkpoint) -> None:
        """Go on exactly where files() was taken."""
        ...

    def warnings(self, step: int, numbers: Numbers) -> list[str]:
        """Say in words what is newly wrong; raise when going on makes no sense."""
        ...


def train(
    learner: Learner,
    batches: Batches,
    folder: run_folder.RunFolder,
    config: RunConfig,
    devices: Devices,
    prefetch: int,
    say: Callable[[str], None] | None = None,
) -> dict[str, float]:
    """
    Train from the newest checkpoint, or from the start, to config.steps; return the last report.

    Ctrl-C saves and raises KeyboardInterrupt; a second one does not wait for it.
    """
    found = checkpoint.latest(folder.path)
    first = 0
    if found is not None:
        learner.restore(found)
        first = found.step
    screen = Screen(config.steps, first, config.batch_size)
    metrics = None
    if devices.first:
        metrics = Metrics(folder.path, first, config.tensorboard, config.wandb, folder.config)
    last: dict[str, float] = {}
    waited, marked, stop = 0.0, perf_counter(), False
    with (
        _interruptible() as stopped,
        Ahead(batches.make, first, config.steps, prefetch) as ahead,
    ):
        for step, parts in enumerate(ahead, first):
            done = step + 1
            report = done % config.log_every == 0 or done == config.steps
            seed(config.seed, step)
            log = learner.step(step, parts, report)
            stop = devices.any(stopped())
            if report and not stop:
                now = perf_counter()
                last = {name: float(value) for name, value in log.items()}
                last |= _pace(now - marked, ahead.waited_s - waited, done, first, config)
                waited, marked = ahead.waited_s, now
            look = done % config.validate_every == 0 or done == config.steps
            if look and not stop:
                last |= learner.validate()
                marked = perf_counter()
            act = config.evaluate_every and done % config.evaluate_every == 0
            if act and not stop:
                last |= learner.evaluate() if devices.first else {}
                devices.wait()
                marked = perf_counter()
            if (report or look or act) and not stop and metrics is not None:
                metrics.write(done, last)
                screen.show(done, last)
                for text in learner.warnings(done, last):
                    (say or screen.say)(f'warning: {text}')
            if stop or done % config.save_every == 0 or done == config.steps:
                save(learner, folder, done, config, devices)
                marked = perf_counter()
            if stop:
                break
    if metrics is not None:
        metrics.close()
    if stop:
        if devices.first:
            screen.say(f'stopped after {done} updates; --resume goes on from there')
        raise KeyboardInterrupt
    return last


def save(
    learner: Learner, folder: run_folder.RunFolder, step: int, config: RunConfig, devices: Devices
) -> None:
    """Write a checkpoint, and the weights that act into the run folder."""
    files = learner.files()  # every process takes part where weights are shared out
    if devices.first:
        state = {'step': step, 'seed': config.seed, 'kind': folder.kind}
        made = checkpoint.save(folder.path, state, files, config.keep)
        checkpoint.publish(folder.path, made / run_folder.MODEL)
    devices.wait()


def seed(base: int, step: int) -> None:
    """Set every generator that an update may ask, in every process alike."""
    torch.manual_seed((base * STRIDE + step) % 2**63)


def refuse_broken(step: int, numbers: Numbers) -> None:
    """Raise Diverged when a number of a report is none."""
    broken = [name for name, value in numbers.items() if not math.isfinite(value)]
    if broken:
        raise Diverged(
            f'step {step}: {", ".join(broken)} is not finite; check the data (`hvd dataset '
            'check`) or lower --optim.learning_rate; the last checkpoint is still sound'
        )


def _pace(
    passed_s: float, waited_s: float, done: int, first: int, config: RunConfig
) -> dict[str, float]:
    steps = min(config.log_every, done - first)
    return {
        'steps_per_s': steps / max(passed_s, 1e-9),
        'data_wait_share': min(1.0, waited_s / max(passed_s, 1e-9)),
    }


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C or a polite kill came; the second is not caught."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        for one, handler in before.items():
            signal.signal(one, handler)

    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {int(n): signal.signal(n, note) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
