# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What pi0 is told: its prompts as tokens, kept with the weights, so that acting needs no tokenizer.

pi0 reads "<prompt>" and then a line end. pi0.5 reads "Task: <prompt>, State: 127 3 ...;" and then
"Action: ", each number of the state one of 256 between -1 and 1. Unused places are padding, which
uses no position, so it makes no difference where padding stands.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.networks.pi0.words import BEGIN, UNKNOWN, Words

LEVELS = 256
_NUMBER, _TAIL = 5, 12  # most tokens of a number of the state, and of what stands behind them
_TRIED = 8  # states whose text is also read as a whole


class Prompts(nn.Module):
    """Prompts by number, and what pi0.5 says of a state; empty until tell() or a checkpoint."""

    def __init__(self, count: int, longest: int, state_in_words: bool) -> None:
        super().__init__()
        self.longest, self.state_in_words = longest, state_in_words
        self._keep('prompts', count, longest)
        if state_in_words:
            self._keep('numbers', LEVELS, _NUMBER)
            self._keep('tail', 1, _TAIL)

    def tell(self, texts: Sequence[str], words: Words, vocabulary: int) -> None:
        """Read the prompts; raises ConfigError for what can not be said in the vocabulary."""
        self._fill('prompts', [self._head(text, words) for text in texts], vocabulary)
        if self.state_in_words:
            numbers = [list(words.encode(f' {number}')) for number in range(LEVELS)]
            tail = list(words.encode(';\nAction: '))
            self._fill('numbers', numbers, vocabulary)
            self._fill('tail', [tail], vocabulary)
            for text in texts:
                _refuse_other_whole(text, words, [self._head(text, words), numbers, tail])

    def forward(self, prompt: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens (B, T) and which are real, of prompts (B,) and states (B, S)."""
        parts = [self._said('prompts', prompt)]
        if self.state_in_words:
            words, real = self._said('numbers', levels(state))
            parts += [(words.flatten(1), real.flatten(1))]
            parts += [self._said('tail', torch.zeros_like(prompt))]
        tokens, real = (torch.cat(some, dim=1) for some in zip(*parts, strict=True))
        return tokens, real

    def _head(self, text: str, words: Words) -> list[int]:
        plain = text.strip().replace('_', ' ').replace('\n', ' ')
        if self.state_in_words:
            return [BEGIN, *words.encode(f'Task: {plain}, State:')]
        return [BEGIN, *words.encode(plain), *words.encode('\n')]

    def _keep(self, name: str, rows: int, longest: int) -> None:
        self.register_buffer(name, torch.zeros(rows, longest, dtype=torch.int64))
        self.register_buffer(f'{name}_real', torch.zeros(rows, longest, dtype=torch.bool))

    def _said(self, name: str, which: Tensor) -> tuple[Tensor, Tensor]:
        tokens, real = self.get_buffer(name), self.get_buffer(f'{name}_real')
        return tokens[which], real[which]

    def _fill(self, name: str, rows: Sequence[Sequence[int]], vocabulary: int) -> None:
        tokens, real = self.get_buffer(name), self.get_buffer(f'{name}_real')
        tokens.zero_()
        real.zero_()
        for row, said in enumerate(rows):
            _check(said, tokens.shape[1], vocabulary)
            tokens[row, : len(said)] = torch.tensor(said, device=tokens.device)
            real[row, : len(said)] = True


def levels(state: Tensor) -> Tensor:
    """Return which of 256 levels between -1 and 1 each number is at; beyond, the last ones."""
    return ((state + 1) * (LEVELS / 2)).floor().clamp(0, LEVELS - 1).long()


def _check(said: Sequence[int], longest: int, vocabulary: int) -> None:
    if len(said) > longest:
        raise ConfigError(
            f'a text of {len(said)} tokens, pi0 was built for {longest}; raise '
            '--policy.prompt_tokens or say it shorter'
        )
    wrong = [token for token in said if token >= vocabulary]
    if wrong:
        raise ContractMismatch(
            f'the tokenizer says token {wrong[0]}, the network knows {vocabulary}; they are not '
            "of one model: a tiny network reads --policy.tokenizer 'bytes', the published one "
            "PaliGemma's"
        )
    if UNKNOWN in said:
        raise ConfigError(
            f'the tokenizer does not know token {list(said).index(UNKNOWN)} of a text; spell the '
            'prompt otherwise, or name another --policy.tokenizer'
        )


def _refuse_other_whole(text: str, words: Words, parts: list[list[int] | list[list[int]]]) -> None:
    """Raise unless a text read in parts is the text read as a whole."""
    head, numbers, tail = parts
    plain = text.strip().replace('_', ' ').replace('\n', ' ')
    source = torch.Generator().manual_seed(0)
    for _ in range(_TRIED):
        drawn = torch.randint(0, LEVELS, (4,), generator=source).tolist()
        said = ' '.join(map(str, drawn))
        whole = [BEGIN, *words.encode(f'Task: {plain}, State: {said};\nAction: ')]
        if whole != [*head, *(t for n in drawn for t in numbers[n]), *tail]:
            raise ConfigError(
                'this tokenizer reads numbers differently inside a text, which pi0.5 can not '
                "have; use PaliGemma's"
            )
