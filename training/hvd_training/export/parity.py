# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Do the graphs say what PyTorch says? Compared as commands, by the code that runs them on a robot.

The PyTorch side is always the float32 network, so that a lower precision is charged for its
rounding, too. An export whose commands differ by more than the tolerance fails.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.runtime.bundle_policy import BundlePolicy, LedBundlePolicy
from hvd_training.export.inputs import Feed
from hvd_training.export.subject import Subject

# Largest difference of any command, in its unit (rad, m/s, rad/s, opening).
TOLERANCE = {'fp32': 1e-4, 'fp16': 1e-2, 'bf16': 5e-2}


def compare(
    subject: Subject, policy: BundlePolicy, feeds: Mapping[str, Sequence[Feed]]
) -> dict[str, Any]:
    """Return the report; feeds by where they come from ('random', 'recorded')."""
    precision = policy.manifest.precision
    worst = np.zeros(len(policy.manifest.learnt))
    report: dict[str, Any] = {
        'reference': 'PyTorch float32',
        'runtime': policy.runtime,
        'precision': precision,
        'tolerance': TOLERANCE[precision],
    }
    for kind, some in feeds.items():
        apart = [np.abs(policy.sample(dict(f)) - subject.eager(f))[0].max(axis=0) for f in some]
        here = np.max(apart, axis=0) if apart else np.zeros_like(worst)
        # maximum() keeps a NaN, and a NaN is within no tolerance.
        worst = np.maximum(worst, here)
        report[kind] = {'inputs': len(some), 'largest_difference': float(here.max())}
    report['by_dimension'] = dict(zip(policy.manifest.learnt, worst.tolist(), strict=True))
    report['largest_difference'] = float(worst.max())
    report['agrees'] = bool(worst.max() <= TOLERANCE[precision])
    return report


def compare_along(policy: LedBundlePolicy, module: nn.Module, feeds: Sequence[Feed]) -> float:
    """Return how far the graph that can be led is from PyTorch, for the same tails."""
    rng, largest = np.random.default_rng(0), 0.0
    chunks = [policy.sample(dict(feed)).astype(np.float32) for feed in feeds]
    for feed, tail in zip(feeds, chunks[::-1], strict=True):
        weights = rng.uniform(size=tail.shape[:2]).astype(np.float32)
        inputs = [torch.from_numpy(np.asarray(v)) for v in (*feed.values(), tail, weights)]
        ours = policy.sample_along(dict(feed), tail, weights)
        apart = np.abs(ours - module(*inputs).numpy()).max()
        largest = float(np.maximum(largest, apart))
    return largest


def add_along(report: dict[str, Any], largest: float) -> None:
    """Put into a report how far the graph that can be led is from PyTorch."""
    report['along'] = {'largest_difference': largest}
    report['agrees'] = bool(report['agrees'] and largest <= report['tolerance'])


def refuse_apart(report: Mapping[str, Any], what: str) -> None:
    """Raise ContractMismatch when a report says that graphs and PyTorch differ."""
    if report['agrees']:
        return
    apart = report['by_dimension'] | {
        'the graph for real-time chunking': report.get('along', {}).get('largest_difference', 0.0)
    }
    name = max(apart, key=lambda n: apart[n] if apart[n] == apart[n] else np.inf)
    raise ContractMismatch(
        f"{what}: ONNX and PyTorch differ by {apart[name]:.3g} in '{name}', allowed are "
        f'{report["tolerance"]:.3g} ({report["precision"]}); nothing was exported, try '
        '--precision fp32'
    )
