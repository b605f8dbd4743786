# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Presets, fields on a command line, and the config that a run keeps."""

from dataclasses import replace
import json
import math

import pytest

from hvd_ros.core.errors import ConfigError
from hvd_training.objectives.registry import OBJECTIVES
from hvd_training.train.config import (
    OptimConfig,
    PolicyTrain,
    RunConfig,
    ValueTrain,
    policy_from_json,
    to_json,
    value_from_json,
)
from hvd_training.train.overrides import listed, override
from hvd_training.train.presets import PRESETS, preset, value_preset
from hvd_training.train.schedule import learning_rate


@pytest.mark.parametrize('name', sorted(PRESETS))
def test_a_preset_comes_back_from_the_file_of_its_run(name: str) -> None:
    made = preset(name)
    policy = made.policy.settled()
    assert policy_from_json(json.loads(json.dumps(to_json(policy)))) == policy
    if made.value is not None:
        value = made.value.settled()
        assert value_from_json(json.loads(json.dumps(to_json(value)))) == value
        # Both phases see the same, or the second would refuse the first.
        assert value.data == policy.data


def test_every_objective_has_a_preset() -> None:
    assert {preset(name).policy.objective_name for name in PRESETS} == set(OBJECTIVES)


def test_the_value_of_the_paper_is_that_of_table_9() -> None:
    made = preset('small-hvd-sensors').value
    assert made is not None
    encoder = made.encoder
    sizes = (encoder.width, encoder.depth, encoder.mlp, encoder.heads, encoder.kv_heads)
    assert (encoder.kind, *sizes) == ('tokens', 256, 4, 1024, 4, 1)
    assert made.value.layers == (128, 256, 64)
    assert made.run.steps == 30_000


def test_a_value_of_before_encoders_could_be_chosen_is_what_it_was() -> None:
    made = preset('small-hvd').value
    assert made is not None
    old = json.loads(json.dumps(to_json(made)))
    del old['encoder'], old['augment']
    assert value_from_json(old) == made


def test_behavior_1k_is_trained_as_long_as_table_11_says() -> None:
    made = preset('b1k-hvd')
    assert made.value is not None
    assert (made.value.run.steps, made.policy.run.steps) == (10_000, 80_000)
    assert (made.policy.data.rewards, made.policy.data.step_reward) == ('success', -0.001)
    assert made.policy.data.horizon == 20


def test_figure_1_compares_two_presets_that_differ_in_the_dimensions_alone() -> None:
    arm, whole = preset('fig1-arm-only').policy, preset('fig1-whole-body').policy
    assert arm.data.dimensions == ('right_arm', 'right_gripper')
    assert replace(arm, data=replace(arm.data, dimensions=())) == whole


def test_the_paper_mode_is_not_overruled_by_what_belongs_to_the_objective() -> None:
    made = preset('small-hvd-paper').value
    assert made is not None
    assert (made.value.v_loss, made.value.weight_fn, made.value.weight_power) == (
        'hvd_eq6', 'eq7', 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ('name', 'said'),
    [('smal-hvd', "did you mean 'small-hvd'"), ('small-bc', 'needs no value')],
)
def test_a_preset_of_no_value_is_refused(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        value_preset(name)


def test_any_field_is_overridden_with_its_type() -> None:
    words = [
        *('--value.alpha', '3', '--run.steps=7', '--data.observe', 'state,prompt'),
        *('--run.compile', 'yes', '--value.order', 'arm,torso,base', '--run.wandb=a.b=c'),
    ]
    made = override(ValueTrain(), words)
    assert (made.value.alpha, made.run.steps, made.run.compile) == (3.0, 7, True)
    assert made.data.observe == ('state', 'prompt')
    assert (made.value.order, made.run.wandb) == ('arm,torso,base', 'a.b=c')


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['--value.alhpa', '3'], "no field 'value.alhpa'; did you mean 'alpha'"),
        (['--vlaue.alpha', '3'], "no field 'vlaue.alpha'; did you mean 'value.alpha'"),
        (['--value.alpha', 'much'], 'a float is needed'),
        (['--run.steps', '1.5'], 'a int is needed'),
        (['--run.compile', 'perhaps'], 'a bool is needed'),
        (['--run.steps'], 'needs a value'),
        (['--value', '3'], 'is no field'),
        (['--value.alpha', 'nan'], 'outside'),
        (['--value.chunk', '5'], 'follows data.horizon; set --data.horizon'),
        (['--run.precision', 'float8'], 'valid: bfloat16, float32'),
        (['--run.batch_size', '10', '--run.accumulate', '3'], 'no multiple of run.accumulate'),
    ],
)
def test_a_wrong_field_is_told_what_is_right(words: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        override(ValueTrain(), words)


def test_another_objective_or_policy_begins_with_its_own_defaults() -> None:
    made = override(PolicyTrain().named(None, 'hvd'), ['--objective.beta', '0.5'])
    assert made.objective == OBJECTIVES['hvd'].config(beta=0.5)
    assert made.named(None, 'hvd') == made
    with pytest.raises(ConfigError, match="no objective 'hdv'; did you mean 'hvd'"):
        PolicyTrain().named(None, 'hdv')
    with pytest.raises(ConfigError, match="no policy 'smal'; did you mean 'small'"):
        PolicyTrain().named('smal', None)


def test_what_is_listed_can_be_typed_again() -> None:
    made = preset('b1k-hvd').policy
    words = [f'--{name}={value}' for name, value, _ in listed(made)]
    assert override(PolicyTrain().named('small', 'hvd'), words) == made


def test_the_rate_rises_then_falls_as_a_cosine_to_its_share() -> None:
    config = OptimConfig(learning_rate=2.0, warmup=4, final_share=0.1)
    rates = [learning_rate(config, step, 104) for step in range(104)]
    assert rates[:4] == pytest.approx([0.4, 0.8, 1.2, 1.6])
    assert max(rates) == rates[4] == 2.0
    assert rates[54] == pytest.approx(2.0 * (0.1 + 0.9 * 0.5))
    assert rates[103] == pytest.approx(0.2 + 0.9 * (1 + math.cos(math.pi * 99 / 100)), rel=1e-9)


def test_a_batch_that_can_not_be_parted_is_refused() -> None:
    with pytest.raises(ConfigError, match='no multiple'):
        RunConfig(batch_size=9, accumulate=2)
