# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""WB-VIMA: its size, the order in which it decides, what it learns, and what it refuses."""

import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.policy.seen import seen_cloud
from hvd_ros.core.robot.description import load_body
from hvd_training.groups import from_body, from_lists
from hvd_training.policies.small import Shapes
from hvd_training.policies.wbvima import WbVimaConfig, build
from test.training.policies.overfitting import learnt_by_heart
from test.training.policies.test_dp import unet_parameters
from test.training.toy import made, seeded

TINY = {
    'width': 16, 'depth': 1, 'heads': 2, 'dropout': 0.0, 'state_hidden': 16, 'state_depth': 1,
    'state_width': 8, 'cloud_hidden': 16, 'cloud_width': 8, 'channels': (64,), 'groups': 4,
    'kernel': 3, 'time_width': 16, 'diffusion_steps': 20, 'sampling_steps': 20,
}  # fmt: skip
GROUPS = from_lists({'base': [1, 3], 'torso': [0, 4], 'arm': [2]})


def tiny(groups=GROUPS, **more):
    torch.manual_seed(0)
    shapes = {'horizon': 4, 'size': groups.size, 'state': 2, 'cloud': True, 'history': 2}
    config = {k: more.pop(k) for k in list(more) if k in WbVimaConfig.__dataclass_fields__}
    return build(WbVimaConfig(**TINY | config), Shapes(**shapes | more, groups=groups))


def seen(rows=2, points=20):
    """Return rows that differ in state and cloud."""
    way = torch.linspace(-1, 1, rows)
    source = seeded()
    return {
        'state': torch.stack((way, -way), dim=1)[:, None].expand(rows, 2, 2),
        'cloud': torch.rand(rows, points, 6, generator=source) + way[:, None, None],
    }


def test_the_paper_s_size_has_as_many_parameters_as_its_formula():
    """Tables 5 and 6 on the R1: 21 numbers of proprioception, 40 million."""
    width, hidden, layers, moments, horizon = 512, 256, 8, 2, 8

    def linear(inputs, outputs):
        return inputs * outputs + outputs

    state = linear(21, hidden) + 2 * linear(hidden, hidden) + linear(hidden, 256)
    cloud = linear(6, hidden) + linear(hidden, hidden) + linear(hidden, 256)
    tokens = state + cloud + 2 * linear(256, width) + 2 * width
    attention = linear(width, 3 * width) + linear(width, width)
    mlp = linear(width, 4 * width) + width * 4 * width + linear(4 * width, width)
    layer = attention + mlp + 2 * 2 * width
    unets = sum(
        unet_parameters(size, width + before * horizon, (64, 128), 128, 5)
        for size, before in ((3, 0), (4, 3), (14, 7))
    )
    expected = tokens + (moments + 1) * width + layers * layer + unets
    with torch.device('meta'):
        groups = from_body(load_body('r1'))
        shapes = Shapes(horizon, 21, 21, cloud=True, history=moments, groups=groups)
        policy = build(WbVimaConfig(), shapes)
    assert sum(p.numel() for p in policy.parameters()) == expected
    assert round(expected / 1e6) == 40


@pytest.mark.parametrize('robot', ['r1', 'r1pro'])
def test_the_body_says_what_is_decided_when(robot):
    body = load_body(robot)
    groups = from_body(body)
    policy = tiny(groups)
    said = [unet.last[-1].out_channels for unet in policy.network.unets]
    assert said == list(groups.sizes)
    assert body.groups[0] == 'base'
    assert sum(said) == body.size
    batch = made(torch.randn(2, 4, body.size), observation=seen())
    assert policy.errors(batch, seeded()).shape == (2, 4, body.size)
    turned = tiny(groups, order=tuple(reversed(groups.names)))
    assert turned.groups.names == tuple(reversed(groups.names))
    assert policy.sample(seen(), seeded()).shape == (2, 4, body.size)


def test_a_part_knows_the_parts_before_it_and_none_behind_it():
    """Jacobian by hand: another base changes every part's errors, another arm only the arm's."""
    policy = tiny(clip=1.5)
    actions = torch.randn(2, 4, 5, generator=seeded(1))
    usual = policy.errors(made(actions, observation=seen()), seeded())
    for number, own in enumerate(GROUPS.indices):
        other = actions.clone()
        other[..., list(own)] += 1
        moved = (policy.errors(made(other, observation=seen()), seeded()) - usual).abs() > 1e-6
        for behind, dims in enumerate(GROUPS.indices):
            assert moved[..., list(dims)].any() == (behind >= number), (number, behind)


def test_two_chunks_are_learnt_by_heart_and_said_back_within_a_hundredth():
    policy = tiny(from_lists({'first': [1], 'rest': [0]}), horizon=2, clip=1.5)
    wanted = torch.tensor([[[0.3, -0.6], [0.5, -0.2]], [[-0.5, 0.2], [-0.3, 0.6]]])
    assert learnt_by_heart(policy, seen(), wanted) <= 1e-2


def test_every_parameter_learns_so_that_processes_can_share_gradients():
    more = {'sim_state': torch.randn(2, 3), 'prompt': torch.tensor([0, 1]),
            'rgb.head': torch.zeros(2, 2, 40, 60, 3).byte()}  # fmt: skip
    policy = tiny(sim_state=3, prompts=2, cameras={'head': (40, 60)}, image_channels=16)
    batch = made(torch.randn(2, 4, 5), observation=seen() | more)
    policy.errors(batch, seeded()).mean().backward()
    assert [name for name, p in policy.named_parameters() if p.grad is None] == []


def test_an_absent_cloud_is_learnt_and_its_numbers_reach_neither_output_nor_gradient():
    policy, present = tiny(), torch.tensor([True, False])
    torch.nn.init.normal_(policy.encoder.tokens.absent['cloud'])
    batch = seen() | {'cloud.present': present}
    usual = policy.encode(batch)
    hidden = batch | {'cloud': batch['cloud'].clone()}
    hidden['cloud'][1] = torch.nan
    other = policy.encode(hidden)
    assert torch.equal(usual, other)
    assert not torch.equal(policy.encode(seen())[1], usual[1])
    other.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in policy.encoder.parameters())


def test_a_cloud_of_fewer_points_says_the_same_as_its_points_repeated():
    """What stands for the missing ones changes nothing, so no cloud is too small."""
    policy = tiny()
    points = np.random.default_rng(0).random((7, 6))
    few = np.concatenate([points[:, :3], np.round(points[:, 3:] * 255) / 255], axis=1)
    full = seen_cloud(few[:, :3], np.round(few[:, 3:] * 255).astype(np.uint8), 64)
    assert full.shape == (64, 6)
    clouds = [torch.from_numpy(c.astype(np.float32))[None].expand(2, -1, 6) for c in (few, full)]
    one, two = (policy.encode(seen() | {'cloud': cloud}) for cloud in clouds)
    torch.testing.assert_close(one, two)


def test_what_forgets_while_it_learns_does_not_while_it_acts():
    policy = tiny(dropout=0.5)
    torch.manual_seed(1)
    assert torch.equal(policy.sample(seen(), seeded()), policy.sample(seen(), seeded()))
    assert policy.training, 'and learns on'
    assert not torch.equal(policy.encode(seen()), policy.encode(seen()))


def test_numbers_that_the_data_does_not_have_are_zero_for_the_parts_behind_them():
    policy = tiny(unused=(1,))
    heard = []
    policy.network.register_forward_hook(lambda module, given, out: heard.append(given))
    chunk = policy.sample(seen(), seeded())
    assert not chunk[..., 1].any()
    known = next(given[1] for given in heard if given[0] == 1)
    assert not known[:, 16:].reshape(2, 4, 2)[..., 0].any()
    assert known[:, 16:].reshape(2, 4, 2)[..., 1].all()


def test_what_is_missing_or_does_not_fit_is_named():
    with pytest.raises(ContractMismatch, match="built for 'cloud'.*only state"):
        tiny().sample({'state': seen()['state']}, seeded())
    with pytest.raises(ContractMismatch, match="'cloud' has 3 numbers.*built for 6"):
        tiny().sample(seen() | {'cloud': torch.zeros(2, 9, 3)}, seeded())
    with pytest.raises(ConfigError, match="no group 'torsos'.*did you mean 'torso'"):
        tiny(order=('torsos', 'base', 'arm'))
    with pytest.raises(ConfigError, match='policy.width = 16 is no multiple of policy.heads = 3'):
        tiny(heads=3)
