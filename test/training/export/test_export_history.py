# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bundle of a Diffusion Policy sees this moment and the one before as its run does."""

from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from hvd_ros.core.policy.observation import Observation
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.tasks import load_task
from hvd_ros.runtime.bundle_policy import open_bundle
from hvd_training.data.columns import STATE
from hvd_training.data.dataset import Dataset
from hvd_training.export import exporting
from hvd_training.export.exporting import export
from hvd_training.policies import dp
from hvd_training.policies.draws import GivenDraws
from hvd_training.train.config import PolicyTrain
from hvd_training.train.loading import load_policy
from hvd_training.train.phase2 import train_policy
from hvd_training.train.presets import preset
from test.training import twin_data

BODY = load_body('r1')
CAMERAS = ('head',)


def test_a_bundle_acts_as_its_run_does_on_this_moment_and_the_one_before(
    twin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, '_COMPARED', 4)
    monkeypatch.setattr(exporting, '_CALLS', 5)
    made = preset('tiny-bc').policy
    policy = dp.DpConfig((8,), groups=4, time_width=8, image_channels=16,
                         sampler='ddim', sampling_steps=2)  # fmt: skip
    observe = ('state', *(f'rgb.{camera}' for camera in CAMERAS))
    config = PolicyTrain(
        'dp', policy=policy, execute=2, run=replace(made.run, steps=2),
        data=replace(made.data, observe=observe, history=2, validation=0.0),
    )  # fmt: skip
    train_policy([str(twin)], config, tmp_path / 'run')
    export(tmp_path / 'run', tmp_path / 'a.bundle', tell=lambda text: None)
    report = json.loads((tmp_path / 'a.bundle' / 'reports' / 'parity.json').read_text())
    assert report['agrees'] and report['recorded']['inputs'] > 0
    ours, theirs = open_bundle(tmp_path / 'a.bundle', BODY), load_policy(tmp_path / 'run', BODY)
    assert ours.history == theirs.history == 2
    assert ours.cameras == theirs.cameras == CAMERAS
    shape = ours.manifest.sampler.noise
    state = Dataset(twin).numbers(0)[STATE][5]
    noise = np.random.default_rng(3).standard_normal(shape).astype(np.float32)

    def act(player: object, *, moved: float = 0.0, looked: int | None = None) -> np.ndarray:
        theirs._generator = torch.Generator()
        player.reset(3, load_task(twin_data.TASK).prompt)
        theirs._generator = GivenDraws(torch.from_numpy(noise))
        if looked is not None:
            player.look(seen(0, state + moved, looked))
        return player.act(seen(100_000_000, state, 1))

    cases = ({}, {'moved': 0.05, 'looked': 1}, {'looked': 2})
    answers = [act(ours, **case) for case in cases]
    for case, answer in zip(cases, answers, strict=True):
        assert np.abs(answer - act(theirs, **case)).max() < 1e-5
    for answer in answers[1:]:
        assert np.abs(answer - answers[0]).max() > 1e-4


def seen(stamp_ns: int, state: np.ndarray, picture: int) -> Observation:
    """Return an observation whose pictures, of another size than learnt, follow from a number."""
    rng = np.random.default_rng(picture)
    images = {camera: rng.integers(256, size=(60, 64, 3), dtype=np.uint8) for camera in CAMERAS}
    return Observation(stamp_ns, state, images=images)
