# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network of the paper's Figure 21: its size, and that what is absent is never looked at."""

import copy
from itertools import chain, combinations
import math
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
import torch
from torch import nn

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.networks.multimodal.config import EncoderConfig
from hvd_training.networks.multimodal.encoder import Seen, TokenEncoder
from hvd_training.networks.multimodal.eyes import FrozenEyes
from hvd_training.networks.multimodal.siglip import open_siglip
from hvd_training.networks.multimodal.words import Words
from hvd_training.networks.pi0.siglip import VisionTower
from hvd_training.networks.pi0.sizes import Siglip
from hvd_training.networks.pictures import Resize

B = 3
PROMPTS = ('put the pen away', 'put the cup upright')
TINY = EncoderConfig(kind='tokens', width=16, depth=2, mlp=24, heads=2, head_dim=4, side=16)
ALL = Seen(state=7, sim_state=5, prompts=PROMPTS, cloud=True,
           cameras={'head': (24, 32), 'left_wrist': (32, 32)})  # fmt: skip
SUBSETS = list(chain.from_iterable(combinations(ALL.keys, n) for n in range(1, 7)))


def made(seen: Seen = ALL, config: EncoderConfig = TINY) -> TokenEncoder:
    torch.manual_seed(0)
    return TokenEncoder(config, seen)


def observed(**changes: torch.Tensor) -> dict[str, torch.Tensor]:
    source = torch.Generator().manual_seed(1)

    def image(*size: int) -> torch.Tensor:
        return torch.randint(256, (B, *size, 3), dtype=torch.uint8, generator=source)

    usual = {
        'rgb.head': image(24, 32),
        'rgb.left_wrist': image(32, 32),
        'cloud': torch.rand(B, 9, 6, generator=source),
        'prompt': torch.tensor([0, 1, 0]),
        'state': torch.randn(B, 7, generator=source),
        'sim_state': torch.randn(B, 5, generator=source),
    }
    return usual | changes


def part_of(keys: tuple[str, ...]) -> Seen:
    return Seen(
        state=ALL.state if 'state' in keys else 0,
        sim_state=ALL.sim_state if 'sim_state' in keys else 0,
        prompts=PROMPTS if 'prompt' in keys else (),
        cloud='cloud' in keys,
        cameras={c: size for c, size in ALL.cameras.items() if f'rgb.{c}' in keys},
    )


def test_it_has_as_many_numbers_as_table_9_asks_for() -> None:
    """Width 256, depth 4, MLP 1024, 4 heads of 64, 1 key and value; counted by hand."""
    width, depth, mlp, heads, each = 256, 4, 1024, 4, 64
    attention = 2 * width * heads * each + 2 * width * each  # q and o; k and v
    layer = attention + 3 * width * mlp + 2 * width
    convolutions = sum(9 * n * m + m + 2 * m for n, m in ((3, 32), (32, 64), (64, 96), (96, 128)))
    places = (64 // 16) ** 2
    camera = convolutions + 128 * width + width + places * width
    pointnet = 6 * 64 + 64 + 64 * 64 + 64 + 4 * 64 + 64 * width + width + 2 * width
    words = 6 + 1  # put the pen away cup upright, and none
    parts = 2 * camera + pointnet + words * width + (7 + 1) * width + (5 + 1) * width
    names = 4 * width  # cloud, prompt, state, sim_state
    total = depth * layer + width + parts + names + width  # the norm; the token that answers
    with torch.device('meta'):
        encoder = TokenEncoder(EncoderConfig(kind='tokens'), ALL)
    assert sum(p.numel() for p in encoder.parameters()) == total
    assert depth * layer == 3_803_136


@pytest.mark.parametrize('keys', SUBSETS, ids=' '.join)
def test_any_part_of_what_is_observed_will_do(keys: tuple[str, ...]) -> None:
    encoder, seen = made(part_of(keys)), observed()
    out = encoder(seen)
    assert out.shape == (B, 16)
    for key in keys:
        other = seen | {key: seen[key].flip(0).roll(1, -1) if key != 'prompt' else 1 - seen[key]}
        assert not torch.equal(encoder(other)[0], out[0]), key
    assert torch.equal(encoder({key: seen[key] for key in keys}), out), 'nothing else is read'


@pytest.mark.parametrize('key', ALL.keys)
def test_what_is_absent_reaches_neither_output_nor_gradient(key: str) -> None:
    encoder, present = made(), torch.tensor([True, False, True])
    seen = observed(**{key + '.present': present})
    usual = encoder(seen)
    hidden = seen | {key: seen[key].clone()}
    hidden[key][~present] = math.nan if seen[key].is_floating_point() else 1
    assert torch.equal(encoder(hidden), usual)
    assert not torch.equal(usual[1], encoder(observed())[1])
    assert torch.equal(usual[0], encoder(observed())[0])
    encoder(hidden).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in encoder.parameters() if p.grad is not None)


def test_a_row_without_anything_still_has_an_answer() -> None:
    gone = {f'{key}.present': torch.zeros(B, dtype=torch.bool) for key in ALL.keys}
    out = made()(observed(**gone))
    assert torch.isfinite(out).all()
    assert torch.allclose(out, out[:1].expand_as(out))


def test_what_reads_a_modality_does_not_matter_where_that_is_absent() -> None:
    seen = observed(**{'sim_state.present': torch.zeros(B, dtype=torch.bool)})
    encoder = made()
    usual = encoder(seen)
    with torch.no_grad():
        encoder.readers['sim_state'].bias.add_(1)
    assert torch.equal(encoder(seen), usual)


def test_prompts_share_their_words_and_their_order_counts() -> None:
    words = Words(('put the pen away', 'put away', 'away put'), 4)
    tokens, real = words(torch.tensor([0, 1, 2]))
    assert real.sum(dim=1).tolist() == [4, 2, 2]
    assert torch.equal(tokens[0, 3], tokens[1, 1])
    encoder = made(Seen(state=2, prompts=('put the pen on the cup', 'put the cup on the pen')))
    out = encoder({'state': torch.zeros(2, 2), 'prompt': torch.tensor([0, 1])})
    assert not torch.allclose(out[0], out[1], atol=1e-6)
    with pytest.raises(ConfigError, match='the same words'):
        Words(('a b', 'a  b'), 4)


def test_a_prompt_is_not_changed_by_how_long_others_are() -> None:
    encoder = made(Seen(state=2, prompts=('put away', 'put the pen away')))
    seen = {'state': torch.zeros(1, 2), 'prompt': torch.tensor([0])}
    usual = encoder(seen)
    with torch.no_grad():
        encoder.readers['prompt'].embedding.weight[-1] += 1  # what stands behind the last word
    assert torch.equal(encoder(seen), usual)


def test_of_a_history_the_newest_is_seen() -> None:
    encoder, seen = made(), observed()
    long = dict(seen)
    for key in ('state', 'rgb.head', 'rgb.left_wrist'):
        long[key] = torch.stack([seen[key].flip(0), seen[key]], dim=1)
    torch.testing.assert_close(encoder(long), encoder(seen))


def test_what_does_not_fit_is_named() -> None:
    encoder, seen = made(), observed()
    del seen['rgb.head']
    with pytest.raises(ContractMismatch, match="built for 'rgb.head'.*'rgb.head.present'"):
        encoder(seen)
    with pytest.raises(ContractMismatch, match="'state' has 6 numbers.* built for 7"):
        encoder(observed(state=torch.zeros(B, 6)))
    small = torch.zeros(B, 8, 8, 3, dtype=torch.uint8)
    with pytest.raises(ContractMismatch, match='built for images of 32x24'):
        encoder(observed(**{'rgb.head': small}))
    with pytest.raises(ConfigError, match='sees nothing'):
        TokenEncoder(TINY, Seen())
    with pytest.raises(ConfigError, match='multiple of kv_heads'):
        EncoderConfig(heads=4, kv_heads=3)
    with pytest.raises(ConfigError, match='--encoder.weights'):
        EncoderConfig(kind='tokens', eyes='siglip')


SMALL = Siglip(width=64, mlp=32, depth=2, heads=1, image=28, patch=7)


@pytest.fixture(scope='module')
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(2)
    tower, path = VisionTower(SMALL), tmp_path_factory.mktemp('siglip') / 'w.safetensors'
    named = {f'vision_tower.vision_model.{n}': p for n, p in tower.state_dict().items()}
    save_file(named | {'language_model.lm_head.weight': torch.zeros(2, 2)}, path)
    return path


def test_frozen_eyes_are_those_of_the_file_and_belong_to_nobody(weights: Path) -> None:
    tower = open_siglip(weights, 2)
    eyes = FrozenEyes((24, 32), tower, 16)
    images = observed()['rgb.head']
    torch.manual_seed(2)
    said = VisionTower(SMALL).eval()(Resize((24, 32), (28, 28))(images))
    pooled = nn.functional.avg_pool2d(said.transpose(1, 2).reshape(B, 64, 4, 4), 2)
    features = pooled.flatten(2).transpose(1, 2)
    torch.testing.assert_close(eyes(images), eyes.project(features))
    torch.testing.assert_close(eyes(images), eyes(features), msg='features stand for images')
    assert {name for name, _ in eyes.named_parameters()} == {'project.weight', 'project.bias'}
    assert copy.deepcopy(eyes)._tower is tower
    eyes(images).sum().backward()
    assert eyes.project.weight.grad.abs().sum() > 0


def test_a_network_of_frozen_eyes_sees_the_same_in_images_and_in_features(weights: Path) -> None:
    config = EncoderConfig(
        kind='tokens', width=16, depth=1, mlp=24, heads=2, head_dim=4, eyes='siglip',
        weights=str(weights), grid=2,
    )  # fmt: skip
    tower = open_siglip(weights, 2)
    torch.manual_seed(0)
    encoder = TokenEncoder(config, Seen(cameras={'head': (24, 32)}), tower)
    images = observed()['rgb.head']
    features = tower(Resize((24, 32), (28, 28))(images))
    usual = encoder({'rgb.head': images})
    torch.testing.assert_close(encoder({'rgb.head': features}), usual)
    long = torch.stack([features.flip(0), features], dim=1)
    torch.testing.assert_close(encoder({'rgb.head': long}), usual)


def test_a_file_that_is_no_siglip_says_so(weights: Path, tmp_path: Path) -> None:
    other = tmp_path / 'other.safetensors'
    save_file({'a': torch.zeros(1)}, other)
    with pytest.raises(ContractMismatch, match='SigLIP or PaliGemma'):
        open_siglip(other, 2)
    some = {n: p for n, p in load_file(weights).items() if 'layers.1.mlp.fc2.bias' not in n}
    save_file(some, other)
    with pytest.raises(ContractMismatch, match='lacks 1 weights of SigLIP.*layers.1.mlp.fc2'):
        open_siglip(other, 2)
    with pytest.raises(ContractMismatch, match='choose 4 or less'):
        open_siglip(weights, 5)
