# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images and clouds change as much as was asked for, row by row, alike for the same seed."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ConfigError
from hvd_training.policies.augment import AugmentConfig, augmented
from hvd_training.policies.augment_sight import (
    SightConfig,
    changed_cloud,
    changed_images,
    moved,
    tinted,
)
from hvd_training.policies.draws import SharedDraws
from test.training.toy import made, seeded

ALL = AugmentConfig(
    crop=0.2, shift=0.1, turn_deg=5, brightness=0.3, contrast=0.4, saturation=0.5,
    cloud_jitter_m=0.01, cloud_grey=0.5, drop_camera=0.3,
)  # fmt: skip


def smooth(rows: int = 1, height: int = 24, width: int = 32) -> torch.Tensor:
    """Return images (rows, 3, H, W) without sharp edges, between 0.2 and 0.8."""
    rng = np.random.default_rng(0)
    fine = rng.uniform(0.2, 0.8, (rows, height // 4, width // 4, 3)).astype(np.float32)
    large = [cv2.resize(one, (width, height), interpolation=cv2.INTER_CUBIC) for one in fine]
    return torch.from_numpy(np.stack(large)).permute(0, 3, 1, 2).clamp(0, 1)


def as_bytes(x: torch.Tensor) -> torch.Tensor:
    return (x.permute(0, 2, 3, 1) * 255).round().to(torch.uint8)


def warped(x: torch.Tensor, config: SightConfig, drawn: list[float]) -> np.ndarray:
    """Do the same by OpenCV: where each pixel comes from, in pixels from the centre."""
    image = x[0].permute(1, 2, 0).numpy()
    height, width = image.shape[:2]
    across, down, right, low, turn = drawn
    scale, angle = 1 - config.crop, np.deg2rad(turn * config.turn_deg)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    spin = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    room = np.array([width, height]) / 2
    move = room * ([across * config.crop, down * config.crop])
    move += 2 * room * ([right * config.shift, low * config.shift])
    matrix = np.column_stack([spin, centre - spin @ centre + move])
    return cv2.warpAffine(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip


@pytest.mark.parametrize(
    'config',
    [SightConfig(crop=0.25), SightConfig(shift=0.2), SightConfig(turn_deg=30), ALL],
)
def test_images_move_as_opencv_would_move_them(config: SightConfig) -> None:
    x, drawn = smooth(), [0.7, -0.4, 0.3, -0.9, 0.8]
    found = moved(x, config, torch.tensor([drawn]))[0].permute(1, 2, 0).numpy()
    # OpenCV rounds places to 1/32 of a pixel.
    assert np.abs(found - warped(x, config, drawn)).max() < 0.02
    assert np.abs(found - x[0].permute(1, 2, 0).numpy()).max() > 0.1


def test_a_crop_never_looks_beyond_the_edge() -> None:
    x = torch.linspace(0, 1, 40).expand(1, 3, 40, 40)
    for side in (-1.0, 1.0):
        found = moved(x, SightConfig(crop=0.5), torch.tensor([[side, side, 0, 0, 0]]))
        wanted = (0.0, 0.5) if side < 0 else (0.5, 1.0)
        assert found.min() == pytest.approx(wanted[0], abs=0.03)
        assert found.max() == pytest.approx(wanted[1], abs=0.03)


def test_colours_change_by_the_share_that_was_asked_for() -> None:
    x, up = smooth(), torch.ones(1, 3)
    assert torch.allclose(tinted(x, SightConfig(brightness=0.3), up), 1.3 * x)
    flat = tinted(x, SightConfig(contrast=1.0), -up)
    assert flat.std() < 1e-6, 'no contrast at all is one grey'
    grey = tinted(x, SightConfig(saturation=1.0), -up)
    wanted = cv2.cvtColor(x[0].permute(1, 2, 0).numpy(), cv2.COLOR_RGB2GRAY)
    assert np.allclose(grey[0].numpy(), wanted, atol=1e-5)


def test_what_was_seen_at_once_changes_alike_and_other_rows_otherwise() -> None:
    images = as_bytes(smooth())[:, None].expand(6, 3, -1, -1, -1).contiguous()
    found = changed_images(images, ALL, seeded())
    assert found.dtype == torch.uint8 and found.shape == images.shape
    assert (found == found[:, :1]).all()
    assert len({bytes(one.numpy()) for one in found[:, 0]}) == 6


def test_two_processes_change_what_one_would() -> None:
    images = as_bytes(smooth(4))
    whole = changed_images(images, ALL, seeded(3))
    parts = [
        changed_images(images[2 * i : 2 * i + 2], ALL, SharedDraws(seeded(3), i, 2))
        for i in (0, 1)
    ]
    assert torch.equal(whole, torch.cat(parts))


def test_a_cloud_is_less_exact_or_grey_and_never_turned() -> None:
    cloud = torch.rand(2000, 5, 6, generator=seeded(1)) + 1
    noisy = changed_cloud(cloud, SightConfig(cloud_jitter_m=0.02), seeded())
    assert torch.equal(noisy[..., 3:], cloud[..., 3:])
    moved_by = noisy[..., :3] - cloud[..., :3]
    assert moved_by.std() == pytest.approx(0.02, rel=0.05)
    assert moved_by.mean(dim=(0, 1)).abs().max() < 1e-3
    grey = changed_cloud(cloud, SightConfig(cloud_grey=0.25), seeded())
    assert torch.equal(grey[..., :3], cloud[..., :3])
    gone = (grey[..., 3:] == 0).all(dim=(1, 2))
    assert gone.float().mean() == pytest.approx(0.25, abs=0.04)
    assert torch.equal(grey[~gone], cloud[~gone])


def seen() -> dict[str, torch.Tensor]:
    images, cloud = as_bytes(smooth(4)), torch.rand(4, 5, 6, generator=seeded(2))
    return {'rgb.head': images, 'rgb.left_wrist': images.clone(), 'cloud': cloud}


def test_a_batch_changes_by_its_seed_alone_and_what_follows_only_where_asked() -> None:
    batch = made(torch.zeros(4, 3, 2), observation=seen(), next_observation=seen())
    before = {key: value.clone() for key, value in batch.observation.items()}
    first, again, other = (
        augmented(batch, ALL, None, seeded(seed), following=True) for seed in (5, 5, 6)
    )
    for key, value in first.observation.items():
        assert torch.equal(value, again.observation[key]), key
    assert not torch.equal(first.observation['rgb.head'], other.observation['rgb.head'])
    assert not torch.equal(first.observation['rgb.head'], first.observation['rgb.left_wrist'])
    assert not torch.equal(first.observation['rgb.head'], first.next_observation['rgb.head'])
    assert not torch.equal(first.next_observation['rgb.head'], before['rgb.head'])
    assert all(torch.equal(value, batch.observation[key]) for key, value in before.items())
    alone = augmented(batch, ALL, None, seeded(5))
    assert alone.next_observation is batch.next_observation


def test_nothing_asked_for_changes_nothing_and_too_much_is_refused() -> None:
    batch = made(torch.zeros(4, 3, 2), observation=seen())
    off = augmented(batch, AugmentConfig(), None, seeded())
    assert all(off.observation[key] is value for key, value in batch.observation.items())
    with pytest.raises(ConfigError, match='crop = 1'):
        replace(ALL, crop=1.0)
