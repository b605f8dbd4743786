# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Make wbvima_golden.npz: what the authors' own WB-VIMA says with patterned weights.

Run it where brs-algo (github.com/wensi-ai/brs-algo, d8ddceb) and what it needs import (diffusers
0.35.2 and transformers 4.49.0 were taken):
    python -m test.training.policies.make_wbvima_golden
"""

from pathlib import Path

from brs_algo.learning.policy.wbvima_policy import WBVIMAPolicy
from diffusers import DDIMScheduler
import numpy as np
import torch

from test.training import patterned

OUT = Path(__file__).with_name('wbvima_golden.npz')
ROWS, MOMENTS, STATE, POINTS, WIDTH, K = 2, 2, 6, 30, 16, 4
GAIN = 0.25  # so that 48 steps one after the other do not blow rounding up
PARTS = {'mobile_base': 3, 'torso': 4, 'arms': 16}  # written into their code


def made() -> WBVIMAPolicy:
    """Return a tiny one."""
    return WBVIMAPolicy(
        prop_dim=STATE, prop_keys=['state'], prop_mlp_hidden_depth=2, prop_mlp_hidden_dim=12,
        pointnet_n_coordinates=3, pointnet_n_color=3, pointnet_hidden_depth=2,
        pointnet_hidden_dim=12, num_latest_obs=MOMENTS, use_modality_type_tokens=False,
        xf_n_embd=WIDTH, xf_n_layer=2, xf_n_head=2, xf_dropout_rate=0.1, xf_use_geglu=True,
        learnable_action_readout_token=False, action_dim=23, action_prediction_horizon=K,
        diffusion_step_embed_dim=8, unet_down_dims=[8, 16], unet_kernel_size=5, unet_n_groups=8,
        unet_cond_predict_scale=True, action_keys=list(PARTS), action_key_dims=PARTS,
        noise_scheduler=DDIMScheduler(
            num_train_timesteps=100, beta_start=0.0001, beta_end=0.02,
            beta_schedule='squaredcos_cap_v2', clip_sample=True, set_alpha_to_one=True,
            steps_offset=0, prediction_type='epsilon',
        ),
        num_denoise_steps_per_inference=16,
    )  # fmt: skip


def given(name: str, *shape: int) -> torch.Tensor:
    """Return an input."""
    return torch.from_numpy(patterned.numbers(name, shape))


@torch.no_grad()
def main() -> None:
    """Write the file."""
    policy = made()
    for name, tensor in policy.state_dict().items():
        if tensor.dtype.is_floating_point:
            known = patterned.weights(name, tuple(tensor.shape), GAIN)
            tensor.copy_(torch.from_numpy(known))
    policy.eval()
    seen = {
        'state': given('state', ROWS, MOMENTS, STATE),
        'pointcloud': {
            'xyz': given('xyz', ROWS, MOMENTS, POINTS, 3),
            'rgb': given('rgb', ROWS, MOMENTS, POINTS, 3),
        },
    }
    read = policy._get_action_readout_tokens(policy(seen))
    clean, noised = (
        {part: given(f'{what}.{part}', ROWS, MOMENTS, K, size) for part, size in PARTS.items()}
        for what in ('clean', 'noised')
    )
    times = {p: torch.full((ROWS, MOMENTS, 1), 10.0 * (i + 1)) for i, p in enumerate(PARTS)}
    said = policy.action_decoder(
        read,
        dependent_action_input={part: clean[part] for part in list(PARTS)[:-1]},
        noisy_action=noised,
        diffusion_timestep=times,
    )
    noises = [given(f'noise.{part}', ROWS, MOMENTS, K, size) for part, size in PARTS.items()]
    usual, torch.randn = torch.randn, lambda **how: noises.pop(0)
    drawn = policy.action_decoder.inference(read, return_last_timestep_only=True)
    torch.randn = usual
    shown = {'read': read[:, -1]}
    shown |= {f'said.{part}': value[:, -1] for part, value in said.items()}
    shown |= {f'drawn.{part}': value for part, value in drawn.items()}
    np.savez_compressed(OUT, **{name: value.numpy() for name, value in shown.items()})
    print(f'{OUT.name}: {OUT.stat().st_size} bytes')


if __name__ == '__main__':
    main()
