# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bundle of a policy that looks at several moments remembers them as the run does."""

from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import torch

from hvd_ros.core.policy.observation import Observation
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.state import StateLayout
from hvd_ros.runtime.bundle_policy import open_bundle
from hvd_training.export.exporting import export
from hvd_training.policies import dp
from hvd_training.policies.draws import GivenDraws
from hvd_training.train.config import PolicyTrain
from hvd_training.train.loading import load_policy
from hvd_training.train.phase2 import train_policy
from hvd_training.train.presets import preset
from test.training.export.runs import PROMPT, make_data

BODY = load_body('r1')


def test_a_bundle_acts_as_its_run_does_on_this_moment_and_the_one_before(tmp_path: Path) -> None:
    data = make_data(tmp_path, cloud=False)
    made = preset('tiny-bc').policy
    policy = dp.DpConfig((8,), groups=4, time_width=8, sampler='ddim', sampling_steps=2)
    config = PolicyTrain(
        'dp', policy=policy, execute=2, run=replace(made.run, steps=2),
        data=replace(made.data, observe=('state',), history=2, validation=0.0),
    )  # fmt: skip
    train_policy([str(data)], config, tmp_path / 'run')
    export(tmp_path / 'run', tmp_path / 'a.bundle', tell=lambda text: None)
    report = json.loads((tmp_path / 'a.bundle' / 'reports' / 'parity.json').read_text())
    assert report['agrees']
    ours, theirs = open_bundle(tmp_path / 'a.bundle', BODY), load_policy(tmp_path / 'run', BODY)
    assert ours.history == theirs.history == 2
    shape = ours.manifest.sampler.noise
    noise = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    state = np.linspace(-0.2, 0.2, len(StateLayout(BODY).names))

    def act(player: object, before: float | None) -> np.ndarray:
        theirs._generator = torch.Generator()
        player.reset(3, PROMPT)
        theirs._generator = GivenDraws(torch.from_numpy(noise))
        if before is not None:
            player.look(Observation(0, state + before))
        return player.act(Observation(100_000_000, state))

    for before in (None, 0.3):
        assert np.abs(act(ours, before) - act(theirs, before)).max() < 1e-5
    assert np.abs(act(ours, 0.3) - act(ours, None)).max() > 1e-3
