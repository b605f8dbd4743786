# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A pi0 that is tiny, and what it may be shown."""

import torch

from hvd_training.policies import pi0
from hvd_training.policies.small import Shapes
from test.training.toy import made, seeded

K, D, S = 2, 2, 3
TEXTS = ('a cup', 'b')
SHAPES = Shapes(
    horizon=K, size=D, state=S, prompts=2, texts=TEXTS,
    cameras={'head': (20, 30), 'left_wrist': (28, 28)},
)  # fmt: skip
TINY = {
    'size': 'tiny', 'tokenizer': 'bytes', 'prompt_tokens': 24, 'action_width': 4,
    'state_width': 4, 'recompute': False, 'language_rank': 2, 'expert_rank': 4,
}  # fmt: skip


def config(**values):
    return pi0.Pi0Config(**TINY | values)


def policy(shapes=SHAPES, seed=0, **values):
    """Return a policy that was told its prompts."""
    torch.manual_seed(seed)
    made_of = config(**values)
    found = pi0.build(made_of, shapes)
    pi0.begin(made_of, found)
    # Those of pi0.5 begin at zero, where a layer adds nothing at all.
    for name, weight in found.named_parameters():
        if 'norm.dense' in name:
            torch.nn.init.normal_(weight, std=0.3)
    return found


def batch(rows=2, seed=0, sizes=None):
    """Return chunks with pictures of any size."""
    source, seen = seeded(seed), {}
    for camera, (height, width) in (sizes or SHAPES.cameras).items():
        shape = (rows, height, width, 3)
        seen[f'rgb.{camera}'] = torch.randint(0, 256, shape, generator=source, dtype=torch.uint8)
    seen['state'] = torch.randn(rows, S, generator=source)
    seen['prompt'] = torch.arange(rows) % len(TEXTS)
    actions = torch.randn(rows, K, D, generator=source)
    return made(actions, observation=seen, next_observation=seen)
