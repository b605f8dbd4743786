# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An exported run acts as the run does, says so in its reports, and fails where it does not."""

from collections.abc import Iterator
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.policy.bundle import load_manifest
from hvd_ros.core.policy.observation import Observation
from hvd_ros.core.policy.stitching import Guided
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.state import StateLayout
from hvd_ros.runtime.bundle_policy import open_bundle
from hvd_training.benches.policy_subject import make_subject
from hvd_training.evaluate import specs
from hvd_training.export import exporting, graphs, parity
from hvd_training.export.exporting import export
from hvd_training.policies.draws import GivenDraws
from hvd_training.policies.small import SmallConfig
from hvd_training.train.loading import load_policy
from test.episode_maker import cloud_of
from test.training.export.runs import PROMPT, make_data, make_run

BODY = load_body('r1')
COMPARED = 8


@pytest.fixture(scope='module', autouse=True)
def quick() -> Iterator[None]:
    """Compare and time a few answers, not hundreds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporting, '_COMPARED', COMPARED)
        patch.setattr(exporting, '_CALLS', 5)
        yield


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp('r1'))


@pytest.fixture(scope='module')
def run(data: Path) -> Path:
    return make_run(data, data.parent / 'pen', 'clean_flow', ('state', 'cloud', 'prompt'))


@pytest.fixture(scope='module')
def bundle(run: Path) -> Path:
    """Export it with the graph that can be led."""
    out = run.with_name('pen.bundle')
    export(run, out, led=True)
    return out


def acted(run: Path, bundle: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return what run and bundle answer to the same observation and noise."""
    ours, theirs = open_bundle(bundle, BODY), load_policy(run, BODY)
    ours.reset(3, PROMPT)
    theirs.reset(3, PROMPT)
    shape = ours.manifest.sampler.noise
    noise = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    theirs._generator = GivenDraws(torch.from_numpy(noise))
    state = np.linspace(-0.2, 0.2, len(StateLayout(BODY).names))
    seen = Observation(0, state, cloud=cloud_of(1))
    return ours.act(seen), theirs.act(seen)


def agree(run: Path, bundle: Path) -> None:
    ours, theirs = acted(run, bundle)
    assert ours.shape == (4, 21)
    assert np.abs(ours - theirs).max() < 1e-5
    assert np.ptp(theirs) > 0.1


def test_a_bundle_acts_as_its_run_does(run: Path, bundle: Path) -> None:
    agree(run, bundle)


@pytest.mark.parametrize('head', ['flow_data_at_one', 'ddpm', 'mse'])
def test_a_bundle_acts_as_its_run_does_whatever_the_head(
    data: Path, tmp_path: Path, head: str
) -> None:
    run = make_run(data, tmp_path / head, head)
    export(run, tmp_path / 'a.bundle')
    agree(run, tmp_path / 'a.bundle')


def test_a_bundle_says_what_it_was_made_of_and_compared_on(bundle: Path, run: Path) -> None:
    made = load_manifest(bundle, BODY)
    assert made.prompts == (PROMPT,)
    assert made.inputs.cloud_points == 32
    assert set(made.ranges) == set(BODY.names)
    assert str(run.parent) not in (bundle / 'manifest.json').read_text()
    report = json.loads((bundle / 'reports' / 'parity.json').read_text())
    assert report['agrees']
    assert report['random']['inputs'] == report['recorded']['inputs'] == COMPARED
    assert 0 < report['largest_difference'] < 1e-4
    times = json.loads((bundle / 'reports' / 'latency.json').read_text())
    assert times['onnxruntime_cpu']['ms_p50'] <= times['onnxruntime_cpu']['ms_p99']


def test_a_bundle_that_can_be_led_agrees_with_what_is_under_way(bundle: Path, run: Path) -> None:
    policy = open_bundle(bundle, BODY)
    assert isinstance(policy, Guided)
    report = json.loads((bundle / 'reports' / 'parity.json').read_text())
    assert report['agrees'] and 0 < report['along']['largest_difference'] < 1e-4
    state = np.linspace(-0.2, 0.2, len(StateLayout(BODY).names))
    seen = Observation(0, state, cloud=cloud_of(1))
    chunks = []
    for seed in (1, 2):
        policy.reset(seed, PROMPT)
        chunks.append(policy.act(seen))
    led = []
    for weights in (np.zeros(3), np.ones(3)):
        policy.reset(2, PROMPT)
        led.append(policy.act_along(seen, chunks[0][:3], weights))
    assert np.abs(led[0] - chunks[1]).max() < 1e-4, 'at weight 0 a tail says nothing'
    # In the units of the network, which led it: the way to the tail, and the way that it went.
    widths = load_policy(run, BODY)._scale.action.width
    wanted, went = (((chunk - chunks[1]) / widths)[:3].ravel() for chunk in (chunks[0], led[1]))
    assert wanted @ went > 0.4 * np.linalg.norm(wanted) * np.linalg.norm(went) > 0


def test_what_can_not_be_led_is_told() -> None:
    subject = make_subject(BODY, SmallConfig(head='mse', width=16, depth=1), cloud=False)
    with pytest.raises(ConfigError, match='can not be led while it samples.*leave --rtc'):
        graphs.along(subject, {})


def test_graphs_that_differ_from_pytorch_are_not_exported(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(data, tmp_path / 'run', 'mse')
    monkeypatch.setitem(parity.TOLERANCE, 'fp32', 1e-12)
    with pytest.raises(ContractMismatch, match='ONNX and PyTorch differ by .*; nothing was expo'):
        export(run, tmp_path / 'a.bundle')
    assert list(tmp_path.iterdir()) == [run]


def test_an_export_never_overwrites_and_needs_the_data(
    run: Path, bundle: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match='is there already'):
        export(run, bundle)
    with pytest.raises(ConfigError, match='say where it is by --data'):
        export(run, tmp_path / 'a.bundle', data=[str(tmp_path / 'gone')])


def test_an_evaluation_opens_a_bundle(bundle: Path) -> None:
    player = specs.load(specs.parse(f'bundle:{bundle}'), BODY)
    assert 'cloud' in {str(need) for need in player.needs}
