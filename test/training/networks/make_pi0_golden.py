# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Let LeRobot's own pi0 and pi0.5 answer at a tiny size, and keep weights, questions and answers.

    python test/training/networks/make_pi0_golden.py OUT

Run by the Python of an environment that has lerobot[pi]; it made pi0_golden.safetensors and
pi05_golden.safetensors here with commit 7427f31 (0.6.2-dev) and transformers 5.5.4. Only sizes are
replaced, no computation. Weights are drawn, then rounded to 16 bits, so that files stay small.
"""

from pathlib import Path
import sys
from types import SimpleNamespace

from lerobot.policies.common.vla_utils import (
    make_att_2d_masks,
    prepare_attention_masks_4d,
    resize_with_pad_torch,
)
from lerobot.policies.pi0 import modeling_pi0
from lerobot.policies.pi05 import modeling_pi05
from lerobot.policies.pi_gemma import (
    PaliGemmaForConditionalGenerationWithPiGemma as PaliGemma,
)
from lerobot.policies.pi_gemma import (
    PiGemmaForCausalLM as Gemma,
)
from safetensors.torch import save_file
import torch

EXPERTS = {
    'gemma_2b': {'width': 16, 'depth': 3, 'mlp_dim': 32},
    'gemma_300m': {'width': 12, 'depth': 3, 'mlp_dim': 24},
}
HEADS = {'num_heads': 8, 'num_kv_heads': 1, 'head_dim': 4}  # 8 is written into their code
VISION = {'hidden_size': 20, 'intermediate_size': 28, 'num_hidden_layers': 2,
          'num_attention_heads': 2, 'image_size': 28, 'projection_dim': 16}  # fmt: skip
VOCABULARY, STEPS, WIDTH, ROWS, WORDS = 50, 4, 8, 2, 6
CONFIG = {
    'paligemma_variant': 'gemma_2b', 'action_expert_variant': 'gemma_300m', 'dtype': 'float32',
    'chunk_size': STEPS, 'max_action_dim': WIDTH, 'max_state_dim': WIDTH,
    'image_resolution': (28, 28), 'freeze_vision_encoder': False, 'train_expert_only': False,
    'compile_model': False, 'min_period': 4e-3, 'max_period': 4.0, 'num_inference_steps': 10,
    'rtc_config': None, 'use_proprioceptive_memory': False,
}  # fmt: skip


def paligemma(config):
    """Make their PaliGemma with the sizes that their code does not let one choose."""
    for name, value in VISION.items():
        setattr(config.vision_config, name, value)
    config.text_config.vocab_size = VOCABULARY
    return PaliGemma(config)


def gemma(config):
    """Make their expert with a small vocabulary, of which it makes no use."""
    config.vocab_size = VOCABULARY
    return Gemma(config)


def main() -> None:
    """Write both files."""
    for name, module, kind in (
        ('pi0', modeling_pi0, 'PI0Pytorch'), ('pi05', modeling_pi05, 'PI05Pytorch'),
    ):  # fmt: skip
        module.PaliGemmaForConditionalGenerationWithPiGemma = paligemma
        module.PiGemmaForCausalLM = gemma
        module.get_gemma_config = lambda variant: SimpleNamespace(**EXPERTS[variant], **HEADS)
        torch.manual_seed(0)
        model = getattr(module, kind)(SimpleNamespace(**CONFIG)).eval()
        weights = drawn(model)
        found = answers(model, name == 'pi05')
        save_file(weights | found, Path(sys.argv[1]) / f'{name}_golden.safetensors')


def drawn(model):
    """Draw all weights, also those that begin at zero, and return what a public file holds."""
    for name, weight in model.named_parameters():
        scale = 0.3 if weight.ndim == 1 else (weight[0].numel()) ** -0.5
        if name.endswith('embed_tokens.weight'):
            scale = 0.3
        weight.data = (scale * torch.randn(weight.shape)).half().float()
    return {name: one.half() for name, one in model.named_parameters()}


@torch.no_grad()
def answers(model, state_in_words):
    """Return questions and answers."""
    images = (torch.rand(3, ROWS, 3, 28, 28) * 2 - 1).half().float()
    seen = torch.tensor([[True, True], [True, True], [True, False]])
    words = torch.randint(0, VOCABULARY, (ROWS, WORDS))
    real = torch.arange(WORDS) < torch.tensor([[WORDS], [4]])
    state, time = torch.randn(ROWS, WIDTH), torch.tensor([0.73, 0.1])
    actions, noise = torch.randn(2, ROWS, STEPS, WIDTH)
    asked = [list(images), list(seen), words, real] + ([] if state_in_words else [state])
    embedded, valid, blocks = model.embed_prefix(*asked[:4])
    mask = prepare_attention_masks_4d(make_att_2d_masks(valid, blocks))
    parts = model.paligemma_with_expert
    parts.paligemma.model.language_model.config._attn_implementation = 'eager'
    _, cache = parts.forward(
        attention_mask=mask, position_ids=valid.cumsum(1) - 1, inputs_embeds=[embedded, None],
        use_cache=True,
    )  # fmt: skip
    given = {'prefix_pad_masks': valid, 'past_key_values': cache, 'timestep': time}
    if not state_in_words:
        given['state'] = state
    picture = torch.rand(1, 20, 30, 3)
    out = {
        'images': images.half(), 'images.seen': seen, 'words': words, 'words.real': real,
        'state': state, 'time': time, 'actions': actions, 'noise': noise,
        'embedded': embedded, 'embedded.valid': valid,
        'keys': torch.stack([layer[0] for layer in cache]),
        'values': torch.stack([layer[1] for layer in cache]),
        'velocity': model.denoise_step(x_t=noise, **given),
        'errors': model.forward(*asked, actions, noise, time),
        'sampled': model.sample_actions(*asked, noise=noise, num_steps=10),
        'picture': picture, 'picture.fitted': resize_with_pad_torch(picture, 28, 28),
        'picture.tall': resize_with_pad_torch(picture.transpose(1, 2), 28, 28),
    }  # fmt: skip
    return {f'golden.{name}': value.contiguous() for name, value in out.items()}


if __name__ == '__main__':
    main()
