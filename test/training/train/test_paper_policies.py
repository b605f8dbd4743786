# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Diffusion Policy and WB-VIMA from a dataset with images and clouds to commands, by HVD."""

from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.core.policy.observation import Observation
from hvd_ros.core.policy.policy import checked_chunk
from hvd_ros.core.robot.description import load_body
from hvd_training.groups import from_lists
from hvd_training.objectives.registry import OBJECTIVES
from hvd_training.policies import dp, wbvima
from hvd_training.policies.small import Shapes
from hvd_training.train.loading import load_policy
from hvd_training.train.phase2 import train_policy
from hvd_training.train.presets import preset
from test.training.objectives import test_policy_step as policy_step
from test.training.train import test_learn_from_sights as sights

PROMPT, BODY = sights.PROMPT, load_body('r1')
CAMERAS = ('rgb.head', 'rgb.left_wrist')
data = sights.data  # the fixture, of this module's own
POLICIES = ('dp', 'wbvima')


@pytest.fixture(scope='module')
def runs(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a policy of each kind after two steps of HVD by one value."""
    place = tmp_path_factory.mktemp('paper')
    observe = ('state', 'prompt', 'cloud', *CAMERAS)
    value = sights.value_config()
    seen = replace(
        preset('tiny-dp-hvd').policy.data, observe=observe, cloud_points=64, validation=0.0
    )
    value = replace(value, data=seen)
    sights.train_value([data], value, place / 'v')
    for name in POLICIES:
        made = preset(f'tiny-{name}-hvd').policy
        policy = replace(made.policy, image_channels=16)
        config = replace(made, data=seen, policy=policy, run=value.run)
        train_policy([data], config, place / name, place / 'v', say=print)
    return place


def at(step: int, **changes: object) -> Observation:
    """Return what is seen at a step: it moves."""
    usual = sights.seen(**changes)
    rng = np.random.default_rng(step)
    images = {name: rng.integers(256, size=(48, 64, 3), dtype=np.uint8) for name in usual.images}
    return replace(usual, stamp_ns=step * 100_000_000, state=usual.state + 0.05 * step,
                   images=images)  # fmt: skip


@pytest.mark.parametrize('name', POLICIES)
def test_it_learns_two_steps_of_hvd_from_images_clouds_words_and_state(
    runs: Path, name: str
) -> None:
    rows = [json.loads(line) for line in (runs / name / 'metrics.jsonl').open()]
    assert [row['step'] for row in rows] == [1, 2]
    assert all(np.isfinite([v for v in row.values() if isinstance(v, float)]).all()
               for row in rows)  # fmt: skip
    about = json.loads((runs / name / 'run.json').read_text())
    assert [len(own) for own in about['body_groups'].values()] == [3, 4, 14]
    assert about['history'] == 2


@pytest.mark.parametrize('name', POLICIES)
def test_where_it_acts_it_sees_the_moment_before_as_it_learnt(runs: Path, name: str) -> None:
    policy = load_policy(runs / name, BODY)
    assert policy.history == 2

    def chunk(*before: Observation) -> np.ndarray:
        policy.reset(0, PROMPT)
        for one in before:
            policy.look(one)
        return checked_chunk(policy, policy.act(at(3)), BODY)

    assert chunk().shape == (4, 21)
    assert np.array_equal(chunk(), chunk(at(3))), 'at first this moment stands for the one before'
    assert not np.array_equal(chunk(), chunk(at(2)))
    shown = replace(at(2), state=at(3).state, cloud=at(3).cloud)
    assert not np.array_equal(chunk(), chunk(shown)), 'images alone are noticed'
    assert np.array_equal(chunk(at(2)), chunk(at(1), at(2))), 'and no more than it looks at'
    heard: list[dict[str, torch.Tensor]] = []
    policy._sampler.encoder.register_forward_pre_hook(lambda module, given: heard.append(given[0]))
    chunk(at(2))
    here = policy._scale.state.forward(np.float32([at(2).state, at(3).state]))
    torch.testing.assert_close(heard[0]['state'][0], torch.from_numpy(here))
    assert heard[0]['rgb.head'].shape == (1, 2, 64, 64, 3)
    assert heard[0]['cloud'].shape == (1, 64, 6)


def test_a_checkpoint_with_other_dimensions_is_refused_by_name(runs: Path) -> None:
    config = runs / 'wbvima' / 'config.json'
    whole = config.read_text()
    text = json.loads(whole)
    text['policy']['width'] = 32
    config.write_text(json.dumps(text))
    try:
        with pytest.raises(ContractMismatch, match=r'model.safetensors does not fit its config'):
            load_policy(runs / 'wbvima', BODY)
    finally:
        config.write_text(whole)


def tiny(name: str, seed: int) -> torch.nn.Module:
    """Return a policy for the batches of test_policy_step."""
    torch.manual_seed(seed)
    groups = from_lists({'first': [1], 'rest': [0, 2]})
    shapes = Shapes(policy_step.K, policy_step.D, 2, groups=groups)
    if name == 'dp':
        made = dp.DpConfig((16,), groups=4, time_width=8, diffusion_steps=3)
        return dp.build(made, shapes)
    made = replace(preset('tiny-wbvima-hvd').policy.policy, sampling_steps=2)
    return wbvima.build(made, shapes)


@pytest.mark.parametrize('objective', OBJECTIVES)
@pytest.mark.parametrize('name', POLICIES)
def test_every_objective_teaches_it(
    name: str, objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_step, 'small', tiny)
    found = policy_step.losses(objective, name, policy_step.learner(), steps=2)
    assert len(set(found)) == 2
    assert np.isfinite(found).all()


def test_the_presets_are_the_paper_s_tables() -> None:
    made = preset('dp-hvd').policy
    assert (made.run.batch_size, made.data.horizon, made.data.history) == (32, 20, 2)
    assert (made.optim.learning_rate, made.optim.weight_decay) == (1e-4, 1e-4)
    assert (made.optim.beta1, made.optim.beta2, made.run.steps) == (0.9, 0.95, 100_000)
    assert (made.policy.diffusion_steps, made.policy.channels) == (20, (256, 1024, 4096))
    made = preset('wbvima-hvd').policy
    assert (made.data.cloud_points, made.policy.width, made.policy.depth) == (4096, 512, 8)
    assert (made.policy.heads, made.policy.dropout, made.policy.state_depth) == (8, 0.1, 3)
    assert (made.optim.learning_rate, made.optim.weight_decay) == (1e-4, 0.1)
    assert (made.optim.warmup, made.run.steps) == (1000, 300_000)
    assert made.optim.learning_rate * made.optim.final_share == pytest.approx(5e-6)
    for name in ('dp-il', 'wbvima-il'):
        assert preset(name).value is None
        assert preset(name).policy.objective_name == 'bc'
