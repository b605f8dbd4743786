# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights of public files by name: every form of them, and what happens when they do not fit."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.networks.pi0 import weights
from hvd_training.networks.pi0.names import ours, public
from test.training.policies.made_pi0 import policy

HERE = Path(__file__).parent
TOWER = 'vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight'
QUERY = 'layers.1.self_attn.q_proj.weight'
FORMS = {
    # openpi's converted files, and LeRobot's with one more `model.`
    f'paligemma_with_expert.paligemma.model.{TOWER}': f'vision.{TOWER[26:]}',
    f'model.paligemma_with_expert.paligemma.model.{TOWER}': f'vision.{TOWER[26:]}',
    f'paligemma_with_expert.paligemma.model.language_model.{QUERY}': f'language.{QUERY}',
    # LeRobot's first port, with transformers before 4.52
    f'model.paligemma_with_expert.paligemma.{TOWER}': f'vision.{TOWER[26:]}',
    f'model.paligemma_with_expert.paligemma.language_model.model.{QUERY}': f'language.{QUERY}',
    # google/paligemma-3b-pt-224, before and after
    TOWER: f'vision.{TOWER[26:]}',
    f'model.{TOWER}': f'vision.{TOWER[26:]}',
    f'language_model.model.{QUERY}': f'language.{QUERY}',
    f'model.language_model.{QUERY}': f'language.{QUERY}',
    'multi_modal_projector.linear.bias': 'projector.linear.bias',
}


@pytest.mark.parametrize('theirs', FORMS)
def test_every_public_form_of_a_name_is_known(theirs):
    assert ours(theirs) == f'encoder.reader.{FORMS[theirs]}'


def test_names_go_there_and_back():
    for variant in ('pi0', 'pi05'):
        for name in policy(variant=variant).state_dict():
            if not name.startswith('encoder.prompts.'):
                assert ours(public(name)) == name
    assert public('network.expert.norm.weight').endswith('gemma_expert.model.norm.weight')
    assert public('network.state_proj.bias') == 'state_proj.bias'


def stored(path, change=None, **values):
    """Write a policy as a public file does."""
    found = {
        public(name): one
        for name, one in policy(seed=1, **values).state_dict().items()
        if not name.startswith('encoder.prompts.')
    }
    if change:
        change(found)
    save_file(found, path)
    return path


def test_what_was_taken_over_is_what_stands_in_the_file(tmp_path):
    path = stored(tmp_path / 'model.safetensors')
    found = policy(learn='lora')
    report = weights.load(found, tmp_path)
    theirs = load_file(path)
    for name, one in found.state_dict().items():
        if not name.startswith('encoder.prompts.') and 'lora' not in name:
            assert torch.equal(one.float(), theirs[public(name)].to(one.dtype).float()), name
    assert not report.missing and not report.shape and not report.unexpected
    assert report.lines() == [f'{tmp_path}: {len(theirs)} weights taken over']


@pytest.mark.parametrize('kept', ['lm_head', 'embed_tokens'])
def test_a_file_that_keeps_one_of_two_tied_weights_is_whole(tmp_path, kept):
    head = 'paligemma_with_expert.paligemma.lm_head.weight'
    words = 'paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight'

    def tie(found):
        value = found.pop(words)
        found[head if kept == 'lm_head' else words] = value

    path = stored(tmp_path / 'one.safetensors', tie)
    found = policy()
    weights.load(found, path)
    there = found.looking.reader.language.embed_tokens.weight
    assert torch.equal(there, load_file(path)[head if kept == 'lm_head' else words])


def test_shards_are_read_by_their_index_and_more_words_are_left_out(tmp_path):
    words = 'paligemma_with_expert.paligemma.model.language_model.embed_tokens.weight'

    def longer(found):
        found[words] = torch.cat((found[words], torch.ones(64, 32)))

    whole = load_file(stored(tmp_path / 'whole.safetensors', longer))
    (tmp_path / 'whole.safetensors').unlink()
    halves = {name: f'{i % 2}.safetensors' for i, name in enumerate(whole)}
    for file in set(halves.values()):
        save_file({n: whole[n] for n in whole if halves[n] == file}, tmp_path / file)
    index = json.dumps({'weight_map': halves})
    (tmp_path / 'model.safetensors.index.json').write_text(index, encoding='utf-8')
    report = weights.load(policy(), tmp_path)
    assert report.cut == 64 and '64 words more' in report.lines()[-1]


def test_a_checkpoint_of_other_dimensions_is_refused_and_changes_nothing(tmp_path):
    path = stored(tmp_path / 'one.safetensors', state_width=6)
    found = policy()
    before = {key: one.clone() for key, one in found.state_dict().items()}
    with pytest.raises(
        ContractMismatch, match=r'state_proj.weight \(32, 6\), here \(32, 4\).*fresh state_proj'
    ):
        weights.load(found, path)
    assert all(torch.equal(one, before[key]) for key, one in found.state_dict().items())
    report = weights.load(found, path, fresh=('state_proj',))
    assert len(report.shape) == 1 and 'of another shape: state_proj.weight' in report.lines()[1]


def test_paligemma_alone_fills_what_reads_and_says_what_begins_fresh(tmp_path):
    def alone(found):
        for name in list(found):
            value = found.pop(name)
            if 'paligemma.model' in name:
                found[name.removeprefix('paligemma_with_expert.paligemma.model.')] = value

    path = stored(tmp_path / 'one.safetensors', alone)
    parts = 'action_in_proj,action_out_proj,action_time_mlp_in,action_time_mlp_out,'
    parts += 'paligemma_with_expert.gemma_expert.model,state_proj'
    with pytest.raises(ContractMismatch, match=f'--policy.fresh {parts}$'):
        weights.load(policy(), path)
    report = weights.load(policy(), path, fresh=tuple(parts.split(',')))
    assert report.matched and not report.unexpected
    assert 'left fresh, not in the file' in report.lines()[1]


def test_weights_of_pi05_do_not_pass_for_those_of_pi0(tmp_path):
    path = stored(tmp_path / 'one.safetensors', variant='pi05')
    with pytest.raises(
        ContractMismatch, match=r'does not fill.*has what it has not.*--policy.var'
    ):
        weights.load(policy(), path)
    weights.load(policy(variant='pi05'), path)


def test_what_is_no_weights_is_said(tmp_path):
    with pytest.raises(ConfigError, match='has no weights: name a .safetensors file'):
        weights.load(policy(), tmp_path)
    (tmp_path / 'broken.safetensors').write_bytes(b'12345678901234567890')
    with pytest.raises(ConfigError, match='can not be read'):
        weights.load(policy(), tmp_path / 'broken.safetensors')
