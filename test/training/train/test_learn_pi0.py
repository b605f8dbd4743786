# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From three cameras of the twin to a tiny pi0 that acts, by HVD, through presets and verbs."""

from dataclasses import replace
import json

import numpy as np
import pytest
from safetensors.torch import load_file
import torch

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.policy import checked_chunk
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.state import StateLayout
from hvd_ros.core.tasks import load_task
from hvd_training.export import graphs
from hvd_training.export.subject import open_subject
from hvd_training.policies.draws import GivenDraws
from hvd_training.train.loading import load_policy
from hvd_training.train.phase1 import train_value
from hvd_training.train.phase2 import train_policy
from hvd_training.train.presets import PRESETS, preset
from test.episode_maker import color_of
from test.training import twin_data

PROMPT = load_task(twin_data.TASK).prompt
CAMERAS = ('head', 'left_wrist', 'right_wrist')


@pytest.fixture(scope='module')
def runs(twin, tmp_path_factory):
    """Return a folder with a value `v` and a pi0 `p`, both after two steps of HVD."""
    place, said = tmp_path_factory.mktemp('runs'), []
    made = preset('tiny-pi0-hvd')
    few = {'steps': 2, 'batch_size': 4, 'log_every': 1}
    shared = replace(made.policy.data, validation=0.0)
    small = replace(made.value.encoder, width=16, depth=1, mlp=16, heads=2, head_dim=4, side=16)
    value = replace(made.value, data=shared, encoder=small, run=replace(made.value.run, **few))
    train_value([str(twin)], value, place / 'v')
    policy = replace(made.policy, data=shared, run=replace(made.policy.run, **few))
    train_policy([str(twin)], policy, place / 'p', place / 'v', say=said.append)
    assert 'pi0 begins with weights at random; --policy.weights names public ones' in said
    return place


def seen(**images):
    names = StateLayout(load_body('r1')).names
    shown = {name: color_of(3, number) for number, name in enumerate(CAMERAS)} | images
    return Observation(0, np.linspace(-0.2, 0.2, len(names)), images=shown)


def test_it_learns_two_steps_of_hvd_by_adapters_alone(runs):
    rows = [json.loads(line) for line in (runs / 'p' / 'metrics.jsonl').open()]
    assert [row['step'] for row in rows] == [1, 2]
    assert all(np.isfinite(row['loss']) and row['weight_mean_2'] > 0 for row in rows)
    weights = load_file(runs / 'p' / 'model.safetensors')
    prompt = weights['encoder.prompts.prompts'][0]
    assert prompt[: 2 + len(PROMPT)].tolist() == [2, *(4 + b for b in PROMPT.encode()), 4 + 10]
    assert weights['network.expert.layers.0.mlp.up_proj.weight'].dtype == torch.bfloat16
    learning = load_file(next((runs / 'p' / 'checkpoints').glob('*/learning.safetensors')))
    assert all(torch.equal(one, weights[key]) for key, one in learning.items()), 'no average'


def test_the_run_acts_without_a_tokenizer_on_what_cameras_show(runs):
    body = load_body('r1')
    policy = load_policy(runs / 'p', body)
    assert policy.needs == {Modality.STATE, Modality.RGB} and policy.cameras == CAMERAS
    policy.reset(0, PROMPT)
    chunk = checked_chunk(policy, policy.act(seen()), body)
    assert chunk.shape == (4, 21)
    policy.reset(0, PROMPT)
    dark = dict.fromkeys(CAMERAS, np.zeros((50, 70, 3), np.uint8))
    assert not np.allclose(chunk, policy.act(seen(**dark)))
    with pytest.raises(ConfigError, match="never learnt 'insert the pan'"):
        policy.reset(0, 'insert the pan')


@torch.no_grad()
def test_reading_once_and_stepping_gives_what_sampling_gives(runs):
    """What an exported bundle does, without ONNX."""
    subject = open_subject(runs / 'p')
    split = graphs.split_of(subject)
    source = torch.Generator().manual_seed(0)
    noise = torch.randn(split.noise, generator=source)
    batch = {'state': torch.randn(1, 51, generator=source), 'prompt': torch.tensor([0])}
    for camera in CAMERAS:
        shape = (1, 28, 28, 3)
        batch[f'rgb.{camera}'] = torch.randint(0, 256, shape, generator=source, dtype=torch.uint8)
    x, context = noise, split.context(batch)
    assert all(one.dtype == torch.float32 for one in context.values())
    assert not set(context) & set(batch), 'a graph has each name once'
    for step in split.steps:
        said = split.predict(context, x, torch.tensor([step.time]))
        x = step.keep * x + step.gain * said
    assert split.noise == (1, 4, 32) and len(split.steps) == 10
    torch.testing.assert_close(split.chunk(x), subject.policy.sample(batch, GivenDraws(noise)))


def test_presets_are_those_of_the_paper():
    """Table 8, and both ways of learning it."""
    names = [name for name in PRESETS if name.startswith('pi0-')]
    assert names == ['pi0-il', 'pi0-il-lora', 'pi0-hvd', 'pi0-hvd-lora']
    for name in names:
        made = preset(name)
        config, optim = made.policy, made.policy.optim
        assert (config.run.batch_size, config.run.steps, config.data.horizon) == (32, 50_000, 20)
        assert (optim.learning_rate, optim.schedule, optim.eps) == (1e-4, 'cosine', 1e-8)
        assert (optim.beta1, optim.beta2, optim.weight_decay) == (0.9, 0.95, 1e-10)
        assert config.policy.learn == ('lora' if name.endswith('lora') else 'all')
        assert config.objective_name == ('bc' if '-il' in name else 'hvd')
        assert (made.value is None) == ('-il' in name)
