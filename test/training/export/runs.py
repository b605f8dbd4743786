# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Runs of the R1 to be exported: a few steps of training on made episodes, networks tiny."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hvd_ros.cli.main import main
from hvd_ros.core.robot.description import load_body
from hvd_training.data.convert import Choice, Plan, convert
from hvd_training.data.unit import UnitConfig
from hvd_training.policies.small import SmallConfig
from hvd_training.train.phase2 import train_policy
from hvd_training.train.presets import preset
from test import episode_maker

PROMPT = 'insert the pen into the pen case'


_sent_at = episode_maker.sent_at
_LIMITS = load_body('r1').limits  # read once: a description takes a moment, and there are many


def _within_limits(ns: int, seed: int = 0) -> np.ndarray:
    """Say commands that this body may be given, unlike those of other made episodes."""
    middle = np.clip(0, _LIMITS.low + 0.15, _LIMITS.high - 0.15)
    return np.clip(_sent_at(ns, seed) + middle, _LIMITS.low, _LIMITS.high)


def make_data(place: Path, cloud: bool = True) -> Path:
    """Convert two episodes; relative joints, chunks of four steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(episode_maker, 'sent_at', _within_limits)
        for seed, (kind, outcome) in enumerate([('expert', 'success'), ('rollout', 'failure')]):
            marks = [(15, 0, float(outcome == 'success'))]
            episode_maker.make_episode(place / "episodes", frames=16, cameras=(), kind=kind,
                seed=seed, outcome=outcome, marks=marks)  # fmt: skip
    out = place / 'data'
    how = UnitConfig() if cloud else UnitConfig(cloud='off')
    convert(Choice((place / 'episodes',)), Plan(out, 'v3.0', how, ()), tell=lambda text: None)
    assert main(['dataset', 'stats', str(out), '--delta', '--horizon', '4']) == 0
    return out


def make_run(
    data: Path, out: Path, head: str = 'clean_flow', observe: tuple[str, ...] = ('state',),
    steps: int = 2, dimensions: tuple[str, ...] = (), **small: Any,
) -> Path:  # fmt: skip
    """Train a policy for a few steps."""
    made = preset('tiny-bc').policy
    config = replace(
        made,
        data=replace(made.data, observe=observe, validation=0.0, cloud_points=32,
                     dimensions=dimensions),
        policy=SmallConfig(head=head, width=16, depth=1, cloud_width=8, sampling_steps=steps,
                           **small),
    )  # fmt: skip
    train_policy([str(data)], config, out)
    return out
