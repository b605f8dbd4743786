# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Updates of every kind of network at a size for a CPU, on one batch of chance that is in memory.

Says what a network costs beside its neighbours, and that each of them can be trained at all; what
data and reports cost beside it is measured by train.py.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any

import torch

from hvd_training.data.batch import Batch
from hvd_training.groups import Groups, behavior_1k
from hvd_training.networks.multimodal.config import EncoderConfig
from hvd_training.networks.multimodal.encoder import Seen, TokenEncoder
from hvd_training.policies.registry import POLICIES, entry
from hvd_training.policies.small import Shapes
from hvd_training.values.config import ValueConfig
from hvd_training.values.learner import ValueLearner
from hvd_training.values.model import ValueSpec

_ROWS, _HORIZON, _STATE, _POINTS, _SIZE = 8, 16, 30, 256, (48, 64)
_CAMERA, _PROMPTS = 'head', ('put the pen into the box', 'put the cup upright')
# What makes a network of a paper small enough; others are so by themselves.
_SMALLER: dict[str, dict[str, Any]] = {
    'dp': {'channels': (32, 64), 'image_channels': 16, 'picture_height': 48},
    'wbvima': {'width': 64, 'depth': 2, 'heads': 2, 'image_channels': 16, 'channels': (16, 32)},
    'pi0': {'size': 'tiny', 'tokenizer': 'bytes', 'learn': 'lora'},
}
Update = Callable[[], object]


def measure(seconds: float) -> dict[str, float]:
    """Return chunks per second of every policy, and of the value network of Table 9."""
    makers: dict[str, Callable[[], Update]] = {name: partial(policy, name) for name in POLICIES}
    makers['value_net'] = value_net
    each = seconds / len(makers)
    return {f'{name}_chunks_per_s': _rate(make(), each) for name, make in makers.items()}


def policy(name: str) -> Update:
    """Return what makes one update of a policy."""
    torch.manual_seed(0)
    made = entry(name)
    config = made.config(**_SMALLER.get(name, {}))
    shapes = Shapes(
        horizon=_HORIZON, size=_groups().size, state=_STATE, prompts=len(_PROMPTS),
        texts=_PROMPTS, cameras={_CAMERA: _SIZE}, groups=_groups(),
    )  # fmt: skip
    network = made.build(config, shapes)
    made.begin(config, network)
    batch, source = chance(('state', 'prompt', f'rgb.{_CAMERA}')), torch.Generator()
    learning = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, fused=True)

    def update() -> None:
        torch.autograd.backward(network.errors(batch, source).mean())
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return update


def value_net() -> Update:
    """Return what makes one update of V and Q over a camera, a cloud, words and a state."""
    seen = Seen(state=_STATE, prompts=_PROMPTS, cloud=True, cameras={_CAMERA: _SIZE})
    encoder = TokenEncoder(EncoderConfig(kind='tokens'), seen)
    config = ValueConfig(chunk=_HORIZON, decoder='128-256-64')
    learner = ValueLearner(config, ValueSpec(_groups(), encoder, encoder.width))
    batch = chance(seen.keys)
    return lambda: learner.step(batch, report=False)


def chance(keys: tuple[str, ...]) -> Batch:
    """Return a batch of chance in which these are observed."""
    source = torch.Generator().manual_seed(0)
    everything = {
        'state': torch.randn(_ROWS, _STATE, generator=source),
        'prompt': torch.arange(_ROWS) % len(_PROMPTS),
        'cloud': torch.rand(_ROWS, _POINTS, 6, generator=source),
        f'rgb.{_CAMERA}': torch.randint(
            256, (_ROWS, *_SIZE, 3), dtype=torch.uint8, generator=source
        ),
    }
    seen = {key: everything[key] for key in keys}
    steps = (_ROWS, _HORIZON)
    return Batch(
        observation=seen, next_observation=seen,
        actions=torch.randn(*steps, _groups().size, generator=source),
        valid=torch.ones(steps, dtype=torch.bool), rewards=torch.zeros(steps),
        terminated=torch.zeros(steps, dtype=torch.bool),
        expert=torch.ones(_ROWS, dtype=torch.bool), episode=torch.zeros(_ROWS, dtype=torch.int64),
        row=torch.arange(_ROWS),
    )  # fmt: skip


def _groups() -> Groups:
    return behavior_1k()


def _rate(update: Update, seconds: float) -> float:
    update()  # the first one makes the optimizer's memory
    count, begun = 0, perf_counter()
    while count == 0 or perf_counter() - begun < seconds:
        update()
        count += 1
    return count * _ROWS / (perf_counter() - begun)
