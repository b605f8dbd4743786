# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The shape of `hvd bench policy`; its flow is exact, and leading one does what it says."""

import math
from pathlib import Path
import tomllib

import pytest
import torch

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_training.benches import policy, seams
from hvd_training.policies.heads.flow import NoiseAtOne
from hvd_training.policies.heads.leading import sample_along, strength
from hvd_training.policies.heads.mse import Mse

SHAPE = (1, seams.HORIZON, 2)
ROOT = Path(__file__).resolve().parents[2]


def flow(apart: float = 0.0) -> seams.Flow:
    ways = torch.zeros(2, *SHAPE[1:])
    return seams.Flow(torch.stack([ways[0] - apart, ways[1] + apart]))


def drawn(head: NoiseAtOne, said: seams.Flow, seed: int) -> torch.Tensor:
    return head.sample(said, SHAPE, torch.Generator().manual_seed(seed), torch.device('cpu'))


def test_the_bench_has_its_keys_and_its_entry() -> None:
    pytest.importorskip('onnxruntime')
    figures = policy.measure(quick=True, minutes=None)
    promised = {'ort_cpu_ratio_vs_eager', 'seam_jerk_ratio', 'largest_difference'}
    for runtime in (policy.ORT, policy.EAGER):
        promised |= {f'{runtime}_ms_p50', f'{runtime}_ms_p99'}
    assert promised <= figures.keys()
    assert all(math.isfinite(value) for value in figures.values())
    assert figures['largest_difference'] < 1e-4
    assert figures['onnxruntime_cpu_ms_p50'] <= figures['onnxruntime_cpu_ms_p99']
    entries = tomllib.loads((ROOT / 'training/pyproject.toml').read_text())['project']
    named = entries['entry-points']['hvd.benches']['policy']
    assert named == policy.__name__


def test_what_is_told_apart_is_told_apart_by_its_seams() -> None:
    """Averaging and leading both smooth what switching leaves rough; no figure of speed."""
    figures = seams.measure(load_body('r1'), rollouts=1, asked=20)
    assert figures['seam_jerk_ratio_rtc'] < 0.6
    assert figures['seam_jerk_ratio_ensemble'] < 0.6


def test_the_known_flow_draws_from_the_distribution_that_it_is_said_to_draw_from() -> None:
    """One draw of many dimensions, which do not know of each other."""
    shape = (1, seams.HORIZON, 2000)
    head, source = NoiseAtOne(clean=True, steps=100), torch.Generator().manual_seed(0)
    said = seams.Flow(torch.zeros(2, *shape[1:]))
    some = head.sample(said, shape, source, torch.device('cpu'))[0]
    wanted = seams._SPREAD / seams._UNIT
    assert some.mean().abs() < 0.1 * wanted
    assert some.std() == pytest.approx(wanted, rel=0.1)
    for far in (1, 4):
        near = (some[0] * some[far]).mean() / some.square().mean()
        assert near == pytest.approx(math.exp(-0.5 * (far / seams._LENGTH) ** 2), abs=0.1)


@pytest.mark.parametrize('clean', [True, False])
def test_weights_of_zero_lead_nowhere(clean: bool) -> None:
    head = NoiseAtOne(clean=clean)
    source = torch.Generator().manual_seed(3)
    led = sample_along(head, flow(), SHAPE, source, torch.ones(SHAPE), torch.zeros(1, SHAPE[1]))
    assert torch.allclose(led, drawn(head, flow(), 3), atol=1e-5)


def test_a_chunk_is_led_to_its_tail_where_the_weights_say_so_and_goes_on_smoothly() -> None:
    head, said = NoiseAtOne(clean=True), flow(apart=0.5)
    tail = drawn(head, said, 1)
    weights = torch.zeros(1, SHAPE[1])
    weights[0, :4] = 1.0
    led, alone = [], []
    for seed in range(2, 12):
        source = torch.Generator().manual_seed(seed)
        led.append(sample_along(head, said, SHAPE, source, tail, weights) - tail)
        alone.append(drawn(head, said, seed) - tail)
    assert torch.cat(led)[:, :4].abs().mean() < 0.2 * torch.cat(alone)[:, :4].abs().mean()
    # The way that is under way is kept to the end, though nothing is said of it there.
    assert torch.cat(led)[:, -1].abs().max() < 0.5


def test_a_step_is_led_harder_in_the_middle_never_beyond_its_bound() -> None:
    assert strength(1.0) == strength(0.999) == 5.0
    assert strength(0.5) == pytest.approx(2.0)  # (0.25 + 0.25) / 0.25
    assert strength(0.5, strongest=1.5) == 1.5


def test_a_head_that_is_no_flow_can_not_be_led() -> None:
    with pytest.raises(ConfigError, match="choose stitching 'newest' or 'ensemble'"):
        source = torch.Generator()
        sample_along(Mse(0.1), flow(), SHAPE, source, torch.ones(SHAPE), torch.ones(1, 16))
