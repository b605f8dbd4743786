# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
pi0 and pi0.5: a pretrained vision-language model that acts, by flow matching.

Which parts learn follows openpi: with `learn = lora` both experts are frozen but for their
adapters, while the vision tower and the projections of state, action and time still learn.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from hvd_ros.core.config import check, param
from hvd_ros.core.errors import ConfigError
from hvd_training.networks.pi0 import sizes, weights
from hvd_training.networks.pi0.actor import Actor
from hvd_training.networks.pi0.lora import Linear
from hvd_training.networks.pi0.prompts import Prompts
from hvd_training.networks.pi0.reader import Reader, WordTable
from hvd_training.networks.pi0.sizes import Pi0Sizes
from hvd_training.networks.pi0.words import words
from hvd_training.policies.pi0_policy import Looking, Pi0Policy
from hvd_training.policies.policy import ChunkPolicy
from hvd_training.policies.small import Shapes

VARIANTS = ('pi0', 'pi05')
_FROZEN = {'float32': torch.float32, 'bfloat16': torch.bfloat16}


@dataclass(frozen=True)
class Pi0Config:
    """Which model, where its weights and words come from, and which of it learns."""

    variant: str = param('pi0', 'pi05 reads the state as words.', choices=VARIANTS)
    size: str = param('published', 'As published, or for trying out.', choices=sizes.NAMES)
    weights: str = param('', 'Public weights to begin with: a .safetensors file or its folder.')
    fresh: tuple[str, ...] = param(
        (), 'Beginnings of public names of weights that the file may lack.'
    )
    tokenizer: str = param('', "tokenizer.model or .json of PaliGemma; 'bytes' to try out.")
    learn: str = param('all', 'All weights, or adapters on both experts.', choices=('all', 'lora'))
    learn_vision: bool = param(True, 'Whether the vision tower learns, too.')
    language_rank: int = param(16, 'Of the adapters of the language model.', low=1, high=1024)
    expert_rank: int = param(32, 'Of the adapters of the action expert.', low=1, high=1024)
    frozen: str = param('bfloat16', 'How frozen matrices are kept.', choices=tuple(_FROZEN))
    recompute: bool = param(True, 'Compute layers twice instead of keeping their inside.')
    action_width: int = param(32, 'Numbers that an action is padded to.', low=1, high=1024)
    state_width: int = param(32, 'Numbers that a state is padded to.', low=1, high=1024)
    prompt_tokens: int = param(48, 'Longest prompt.', low=4, high=1024)
    sampling_steps: int = param(10, 'Steps from noise to a chunk.', low=1, high=1000)

    def __post_init__(self) -> None:
        check(self)


def build(config: Pi0Config, shapes: Shapes) -> ChunkPolicy:
    """Make a policy with weights at random; raises ConfigError for what it can not observe."""
    _refuse(config, shapes)
    size, adaptive = sizes.sizes(config.size), config.variant == 'pi05'
    ranks = (config.language_rank, config.expert_rank) if config.learn == 'lora' else (0, 0)
    reader = Reader(size, ranks[0], config.recompute)
    actor = Actor(
        size.expert, config.action_width, config.state_width, adaptive, ranks[1],
        config.recompute,
    )  # fmt: skip
    _freeze(config, reader, actor)
    prompts = Prompts(shapes.prompts, config.prompt_tokens, adaptive)
    looking = Looking(tuple(shapes.cameras), shapes.state, config.state_width, prompts, reader)
    return Pi0Policy(
        looking, actor, config.sampling_steps, shapes.horizon, shapes.size, shapes.unused,
        shapes.texts,
    )  # fmt: skip


def begin(config: Pi0Config, policy: ChunkPolicy) -> list[str]:
    """Read the prompts and take public weights over, before anything is learnt."""
    assert isinstance(policy, Pi0Policy)
    looking = policy.looking
    looking.prompts.tell(policy.texts, words(config.tokenizer), _size(policy).vocabulary)
    if not config.weights:
        return ['pi0 begins with weights at random; --policy.weights names public ones']
    return weights.load(policy, Path(config.weights).expanduser(), config.fresh).lines()


def _size(policy: Pi0Policy) -> Pi0Sizes:
    return policy.looking.reader.size


def _freeze(config: Pi0Config, reader: Reader, actor: Actor) -> None:
    """Have only those weights learn that are meant to, and keep large ones that do not small."""
    still: list[nn.Module] = [] if config.learn_vision else [reader.vision]
    if config.learn == 'lora':
        still += [reader.language, actor.expert]
    for part in still:
        for name, weight in part.named_parameters():
            if not name.endswith(('lora_a', 'lora_b')):
                weight.requires_grad_(False)
        for module in part.modules():
            # These two serve numbers of any kind, whatever their own is.
            if isinstance(module, Linear | WordTable):
                module.weight.data = module.weight.data.to(_FROZEN[config.frozen])


def _refuse(config: Pi0Config, shapes: Shapes) -> None:
    """Raise ConfigError unless pi0 can look at what is observed."""
    if shapes.sim_state or shapes.cloud or shapes.history != 1:
        raise ConfigError(
            'pi0 looks at cameras, the prompt and the state of one moment; choose such a '
            '--data.observe, without sim_state and cloud, and --data.history 1'
        )
    for there, name in (
        (shapes.cameras, 'rgb.CAMERA'), (shapes.prompts, 'prompt'), (shapes.state, 'state'),
    ):  # fmt: skip
        if not there:
            raise ConfigError(f"pi0 needs '{name}' among --data.observe")
    for name, numbers, width in (
        ('state', shapes.state, config.state_width), ('action', shapes.size, config.action_width),
    ):  # fmt: skip
        in_words = name == 'state' and config.variant == 'pi05'
        if numbers > width and not in_words:
            raise ConfigError(
                f'{"an" if name == "action" else "a"} {name} of {numbers} numbers, pi0 was built '
                f'for {width}: --policy.{name}_width {numbers}, whose projections then begin '
                f'fresh (--policy.fresh {name}_{"proj" if name == "state" else "in_proj"},...)'
            )
