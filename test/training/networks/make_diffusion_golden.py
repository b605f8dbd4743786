# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Make diffusion_golden.npz: what LeRobot, diffusers and torchvision say of patterned weights.

Run it where lerobot, diffusers and torchvision import (0.4.4, 0.35.2 and 0.29.2 were taken):
    python -m test.training.networks.make_diffusion_golden
"""

from pathlib import Path
from types import SimpleNamespace

from diffusers import DDIMScheduler, DDPMScheduler
from lerobot.policies.diffusion import modeling_diffusion as theirs
import numpy as np
import torch
from torch import nn
from torchvision.models import resnet18

from test.training import patterned

OUT = Path(__file__).with_name('diffusion_golden.npz')
K, D, KNOWN, TIMES = 8, 3, 5, 20
UNET = SimpleNamespace(
    diffusion_step_embed_dim=16, down_dims=(8, 16, 32), kernel_size=5, n_groups=8,
    use_film_scale_modulation=True, gradient_checkpointing=False,
    action_feature=SimpleNamespace(shape=(D,)),
)  # fmt: skip


def filled(module: nn.Module, prefix: str) -> nn.Module:
    """Give every weight the numbers of its name."""
    for name, tensor in module.state_dict().items():
        if tensor.dtype.is_floating_point and 'pos_grid' not in name:
            tensor.copy_(torch.from_numpy(patterned.weights(prefix + name, tuple(tensor.shape))))
    return module.eval()


def given(name: str, *shape: int) -> torch.Tensor:
    """Return an input."""
    return torch.from_numpy(patterned.numbers(name, shape))


def schedule() -> dict[str, object]:
    """Return how diffusers is asked for Diffusion Policy's noise."""
    return {
        'num_train_timesteps': TIMES, 'beta_schedule': 'squaredcos_cap_v2', 'clip_sample': True,
        'clip_sample_range': 1.5, 'prediction_type': 'epsilon',
    }  # fmt: skip


def drawn(unet: nn.Module, scheduler: object, steps: int, **how: object) -> torch.Tensor:
    """Sample chunks from given noise."""
    scheduler.set_timesteps(steps)
    x, known = given('noise', 2, K, D), given('known', 2, KNOWN)
    for t in scheduler.timesteps:
        said = unet(x, torch.full((2,), int(t)), global_cond=known)
        x = scheduler.step(said, t, x, **how).prev_sample
    return x


@torch.no_grad()
def main() -> None:
    """Write the file."""
    unet = filled(theirs.DiffusionConditionalUnet1d(UNET, KNOWN), 'unet.')
    times, chunk = torch.tensor([0, 7]), given('chunk', 2, K, D)
    ddpm = DDPMScheduler(**schedule())
    ddim = DDIMScheduler(**schedule(), set_alpha_to_one=True, timestep_spacing='leading')
    batch = filled(resnet18(weights=None), 'resnet.')
    group = theirs._replace_submodules(
        resnet18(weights=None),
        lambda m: isinstance(m, nn.BatchNorm2d),
        lambda m: nn.GroupNorm(m.num_features // 16, m.num_features),
    )
    group = filled(group, 'resnet.')
    pictures = given('pictures', 2, 3, 70, 96)
    keypoints = filled(theirs.SpatialSoftmax((6, 3, 4), num_kp=5), 'keypoints.')
    shown = {
        'unet': unet(chunk, times, global_cond=given('known', 2, KNOWN)),
        'noised': ddpm.add_noise(chunk, given('noise', 2, K, D), times),
        'kept': ddpm.alphas_cumprod,
        'ddim_20': drawn(unet, ddim, 20, use_clipped_model_output=True),
        'ddim_7': drawn(unet, ddim, 7, use_clipped_model_output=True),
        'ddim_7_plain': drawn(unet, ddim, 7),
        'ddpm_20': drawn(unet, ddpm, 20, generator=torch.Generator().manual_seed(7)),
        'resnet_batch': nn.Sequential(*list(batch.children())[:-2])(pictures),
        'resnet_group': nn.Sequential(*list(group.children())[:-2])(pictures),
        'keypoints': keypoints(given('features', 2, 6, 3, 4)).flatten(1),
    }
    np.savez_compressed(OUT, **{name: value.numpy() for name, value in shown.items()})
    print(f'{OUT.name}: {OUT.stat().st_size} bytes')


if __name__ == '__main__':
    main()
