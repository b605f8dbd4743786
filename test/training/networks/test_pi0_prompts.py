# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What pi0 is told, against openpi's text and NumPy's levels."""

import sys

import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.networks.pi0.prompts import Prompts, levels
from hvd_training.networks.pi0.words import BEGIN, Bytes, words


def spoken(text):
    return [BEGIN, *Bytes().encode(text)]


def told(texts, state_in_words=False, longest=60, tokenizer=None, vocabulary=260):
    prompts = Prompts(len(texts), longest, state_in_words)
    prompts.tell(texts, tokenizer or Bytes(), vocabulary)
    return prompts


def said(prompts, which, state):
    tokens, real = prompts(torch.tensor([which]), state)
    return tokens[real].tolist()


def test_pi0_reads_a_plain_prompt_and_a_line_end():
    prompts = told(['pick_up\nthe pen ', 'b'])
    assert said(prompts, 0, torch.zeros(1, 2)) == spoken('pick up the pen\n')
    assert said(prompts, 1, torch.zeros(1, 2)) == spoken('b\n')


def test_pi05_reads_its_state_as_numbers_between():
    prompts = told(['pick_up'], state_in_words=True)
    state = torch.tensor([[-1.0, 0.0, 0.999, 7.0, -7.0]])
    whole = spoken('Task: pick up, State: 0 128 255 255 0;\nAction: ')
    assert said(prompts, 0, state) == whole


def test_levels_are_those_of_openpi():
    """They say np.digitize with the lower edges of 256 bins; beyond the ends we stay inside."""
    state = torch.rand(500, generator=torch.Generator().manual_seed(0)) * 2 - 1
    theirs = np.digitize(state.numpy(), np.linspace(-1, 1, 257)[:-1]) - 1
    assert np.array_equal(levels(state).numpy(), theirs)
    assert levels(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]


def test_a_prompt_that_is_too_long_is_not_cut_in_silence():
    with pytest.raises(ConfigError, match='20 tokens, pi0 was built for 19'):
        told(['x' * 18], longest=19)


class Strange:
    """A tokenizer that knows few words, or reads numbers by what stands before them."""

    def __init__(self, answer):
        self.answer = answer

    def encode(self, text):
        return self.answer(text)


def test_a_token_that_the_network_does_not_know_is_named():
    with pytest.raises(ContractMismatch, match='says token 9999, the network knows 260'):
        told(['a'], tokenizer=Strange(lambda text: [5, 9999]))


def test_a_word_that_the_tokenizer_does_not_know_is_refused():
    with pytest.raises(ConfigError, match='does not know token 2 of a text'):
        told(['a'], tokenizer=Strange(lambda text: [5, 3]))


def test_a_tokenizer_that_reads_numbers_differently_inside_a_text_is_no_use_for_pi05():
    def by_length(text):
        return [4 + len(text) % 200]

    with pytest.raises(ConfigError, match='reads numbers differently inside a text'):
        told(['a'], state_in_words=True, tokenizer=Strange(by_length))


def test_a_tokenizer_that_is_not_there_or_not_installed_is_said(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match=r'none is named.*--policy.tokenizer PATH'):
        words('')
    with pytest.raises(ConfigError, match="'/no/where.model' is no file"):
        words('/no/where.model')
    other = tmp_path / 'tokenizer.txt'
    other.touch()
    with pytest.raises(ConfigError, match=r'neither a tokenizer.model nor a tokenizer.json'):
        words(str(other))
    for name, package in (('a.model', 'sentencepiece'), ('a.json', 'tokenizers')):
        monkeypatch.setitem(sys.modules, package, None)
        (tmp_path / name).touch()
        with pytest.raises(ConfigError, match=f"needs the package '{package}'; pip install"):
            words(str(tmp_path / name))
