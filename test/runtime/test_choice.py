# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The best runtime that is here is taken and said; one that was named is never replaced."""

import sys

import numpy as np
import pytest

pytest.importorskip('onnxruntime')
pytest.importorskip('onnx')

from hvd_ros.cli.main import main  # noqa: E402
from hvd_ros.core.errors import ConfigError, ContractMismatch  # noqa: E402
from hvd_ros.core.policy.bundle import load_manifest  # noqa: E402
from hvd_ros.core.policy.observation import Observation  # noqa: E402
from hvd_ros.runtime import choice, cuda, engines, onnxruntime_backend  # noqa: E402
from hvd_ros.runtime.bundle_policy import open_bundle  # noqa: E402
from test.runtime.serving import STATE  # noqa: E402
from test.runtime.small_bundle import BODY, PROMPT, write_bundle  # noqa: E402
from test.runtime.standins import CudaRuntime, Trt  # noqa: E402


@pytest.fixture
def bundle(tmp_path):
    return write_bundle(tmp_path / 'small.bundle')


@pytest.fixture
def trt(monkeypatch):
    """Have TensorRT for RTX and a card, both of them stand-ins; TensorRT itself is not here."""
    trt = Trt()

    def load(name):
        if name != 'tensorrt_rtx':
            raise ConfigError(f'{name} is not installed')
        return trt

    monkeypatch.setattr(engines, 'load_builder', load)
    monkeypatch.setattr(cuda, 'load', lambda: CudaRuntime(trt))
    return trt


def chosen(folder, runtime='best'):
    return choice.choose(folder, load_manifest(folder), runtime)


def test_the_processor_serves_where_nothing_better_is_and_why_is_said(bundle):
    found = chosen(bundle)
    assert found.name == 'onnxruntime_cpu'
    for name in ('tensorrt', 'tensorrt_rtx', 'onnxruntime_cuda'):
        assert f'not by {name}: ' in found.words


def test_a_bundle_acts_by_it(bundle):
    said = []
    policy = open_bundle(bundle, BODY, tell=said.append)
    assert said and said[0].startswith('small.bundle: runs by onnxruntime_cpu')
    policy.reset(4, PROMPT)
    noise = np.random.default_rng(4).standard_normal((1, 3, 2)).astype(np.float32)
    chunk = policy.act(Observation(0, STATE))
    assert np.array_equal(chunk[:, :2], noise[0] + 1)
    assert policy.prompts == (PROMPT,) and policy.bundle_id == policy.manifest.bundle_id


@pytest.mark.parametrize('runtime', ['tensorrt', 'tensorrt_rtx', 'onnxruntime_cuda'])
def test_a_runtime_that_was_named_and_is_not_here_is_an_error(bundle, runtime, monkeypatch):
    for name in engines.BUILDERS:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match='pip install|install TensorRT'):
        chosen(bundle, runtime)


def test_a_runtime_that_is_none_is_named(bundle):
    with pytest.raises(ConfigError, match="runtime 'tensort'; did you mean 'tensorrt'"):
        chosen(bundle, 'tensort')


def test_without_any_runtime_the_last_one_says_how_to_get_it(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    for name in engines.BUILDERS:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"pip install 'hvd_ros\[policy\]'"):
        chosen(bundle)


def test_an_engine_is_taken_before_the_processor(bundle, trt):
    assert main(['engine', 'build', str(bundle), '--target', 'sm89']) == 0
    assert chosen(bundle).name == 'tensorrt_rtx'


def test_a_damaged_engine_is_refused_with_the_command_and_passed_over_by_best(bundle, trt):
    assert main(['engine', 'build', str(bundle), '--target', 'sm89']) == 0
    (engine,) = engines.cache_folder().glob('*.engine')
    engine.write_bytes(engine.read_bytes()[:-3])
    command = f'`hvd engine build {bundle} --builder tensorrt_rtx`'
    with pytest.raises(ContractMismatch, match='it was damaged; build it again') as caught:
        chosen(bundle, 'tensorrt_rtx')
    assert command in str(caught.value)
    found = chosen(bundle)
    assert found.name == 'onnxruntime_cpu' and 'it was damaged' in found.words


def test_every_runtime_has_a_name_that_best_may_take():
    assert list(choice.RUNTIMES)[-1] == 'onnxruntime_cpu'
    assert choice.BEST not in choice.RUNTIMES
    assert onnxruntime_backend.CPU in onnxruntime_backend.providers()
