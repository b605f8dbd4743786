# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameter counts of pi0 at its real size, on the meta device, against published figures."""

from dataclasses import replace
from functools import cache

import pytest
import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.networks.pi0.sizes import SIZES, sizes
from hvd_training.policies import pi0
from hvd_training.policies.small import Shapes

SHAPES = Shapes(
    horizon=20, size=21, state=21, prompts=1, texts=('x',),
    cameras={'head': (48, 64), 'left_wrist': (48, 64), 'right_wrist': (48, 64)},
)  # fmt: skip


@cache
def built(**values):
    with torch.device('meta'):
        return pi0.build(pi0.Pi0Config(**values), SHAPES)


def count(module, learns=False):
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not learns)


def gemma(width, mlp, depth=18, attention=8 * 256, kv=256):
    """One expert: four projections, three of the MLP, two norms of each layer, a last norm."""
    layer = width * (2 * attention + 2 * kv) + 3 * width * mlp + 2 * width
    return depth * layer + width


def adapters(width, mlp, rank, depth=18, heads=8, head=256):
    """Pairs as openpi has them: of each head of q and o, of k, of v, and of the MLP."""
    of_head = width * rank + rank * head
    return depth * (2 * heads * of_head + 2 * of_head + 3 * (width + mlp) * rank)


WORDS = 257_152 * 2048
PATCHES = 3 * 14 * 14 * 1152 + 1152 + 256 * 1152
TOWER_LAYER = 4 * (1152 * 1152 + 1152) + 2 * 1152 * 4304 + 4304 + 1152 + 4 * 1152
VISION = PATCHES + 27 * TOWER_LAYER + 2 * 1152
PROJECTOR = 1152 * 2048 + 2048
PROJECTIONS = 2 * (32 * 1024 + 1024) + 1024 * 32 + 32 + 3 * 1024 * 1024 + 2 * 1024
# Of the last layer that reads only keys and values are looked at.
UNREAD = 2 * 2048 * 2048 + 3 * 2048 * 16384 + 2 * 2048


def test_the_published_size_has_3_24_billion_parameters():
    policy = built()
    reader, actor = policy.looking.reader, policy.actor
    assert count(reader.language.embed_tokens) == WORDS == pytest.approx(526.6e6, rel=2e-4)
    assert (
        count(reader.language) - WORDS == gemma(2048, 16384) == pytest.approx(1981.9e6, rel=2e-4)
    )
    assert count(reader.vision) == VISION
    seen = VISION + PROJECTOR
    assert seen == pytest.approx(414.8e6, rel=2e-4)
    assert count(reader.projector) == PROJECTOR
    assert count(actor.expert) == gemma(1024, 4096) == pytest.approx(311.5e6, rel=2e-4)
    assert count(actor) - count(actor.expert) == PROJECTIONS == pytest.approx(3.2e6, rel=0.02)
    experts = gemma(2048, 16384) + gemma(1024, 4096)
    assert count(policy) == WORDS + VISION + PROJECTOR + experts + PROJECTIONS
    assert round(count(policy) / 1e9, 2) == 3.24


def test_what_adapters_learn_follows_openpi():
    """27.9 M and 22.1 M of adapters, vision tower and projections beside them."""
    policy = built(learn='lora')
    language, expert = adapters(2048, 16384, 16), adapters(1024, 4096, 32)
    assert language == pytest.approx(27.9e6, rel=2e-3)
    assert expert == pytest.approx(22.1e6, rel=2e-3)
    unread = 2 * 8 * (2048 * 16 + 16 * 256) + 3 * (2048 + 16384) * 16
    rest = VISION + PROJECTOR + PROJECTIONS
    assert count(policy) == count(built()) + language + expert
    assert count(policy, learns=True) == language + expert + rest - unread
    assert language + expert + rest == pytest.approx(468e6, rel=1e-3)
    still = built(learn='lora', learn_vision=False)
    assert count(still, learns=True) == count(policy, learns=True) - VISION


def test_all_learns_but_what_nobody_looks_at():
    policy = built()
    assert count(policy, learns=True) == count(policy) - UNREAD


def test_frozen_matrices_are_kept_small_and_what_learns_is_not():
    policy = built(learn='lora', frozen='bfloat16')
    kinds = {(p.requires_grad, p.ndim > 1, p.dtype) for n, p in policy.named_parameters()
             if 'layers.17' not in n}  # fmt: skip
    assert (True, True, torch.bfloat16) not in kinds
    assert (False, True, torch.bfloat16) in kinds and (False, False, torch.float32) in kinds
    frozen = sum(p.numel() * p.element_size() for p in policy.parameters() if not p.requires_grad)
    assert frozen < 5.8e9, 'bytes'


def test_pi05_has_adaptive_norms_and_no_token_of_the_state():
    policy = built(variant='pi05')
    norms = 18 * 2 + 1
    assert count(policy.actor.expert) == gemma(1024, 4096) - norms * 1024 + norms * 3 * (
        1024 * 1024 + 1024
    )
    assert not hasattr(policy.actor, 'state_proj')


def test_experts_of_different_depth_are_refused():
    with pytest.raises(ConfigError, match='share attention'):
        replace(SIZES['tiny'], expert=replace(SIZES['tiny'].expert, depth=3))
    with pytest.raises(ConfigError, match="did you mean 'tiny'"):
        sizes('tinny')
