# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Engines: how they are built, kept, refused and run, against stand-ins of TensorRT and CUDA.

No card has run this code yet; what is proved is that the documented calls are made, in order.
"""

from pathlib import Path

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch, DeviceError
from hvd_ros.runtime import engines
from hvd_ros.runtime.cuda import Cuda, card
from hvd_ros.runtime.tensorrt_backend import TensorRTBackend
from test.runtime.standins import CudaRuntime, Trt

ONNX = Path('policy.onnx')
REBUILD = 'hvd engine build pen.bundle'


def kept(trt: Trt, targets: tuple[str, ...] = ('sm89',)) -> engines.Record:
    return engines.build_into_cache(ONNX, trt, targets, 'pen', 'whole', 'a' * 64)


def wanted(trt: Trt, card_: str = 'sm89', graph: str = 'a' * 64) -> bytes:
    return engines.engine_for(graph, trt.__name__, trt.__version__, card_, REBUILD)


def opened(trt: Trt) -> TensorRTBackend:
    plan = engines.build(ONNX, trt, (engines.HERE,))
    return TensorRTBackend(plan, trt, Cuda(CudaRuntime(trt)), 'policy.onnx', REBUILD)


def test_networks_are_strongly_typed_and_aim_at_the_cards_that_were_named() -> None:
    trt = Trt()
    engines.build(ONNX, trt, ('sm89', 'sm120'))
    assert trt.calls == [
        ('create_network', 1 << 1),
        ('parse', 'policy.onnx'),
        ('build', 'network', {0: 'SM89', 1: 'SM120'}),
    ]


def test_a_builder_without_the_flag_is_typed_anyway() -> None:
    trt = Trt('later')
    engines.build(ONNX, trt)
    assert trt.calls[0] == ('create_network', 0)


def test_one_code_path_serves_a_builder_that_knows_its_own_card_only() -> None:
    trt = Trt('tensorrt', '10.3')
    engines.build(ONNX, trt)
    assert trt.calls[-1] == ('build', 'network', {})
    with pytest.raises(ConfigError, match='builds for the card of this machine only'):
        engines.build(ONNX, trt, ('sm89',))


def test_a_card_that_is_none_and_a_builder_that_is_none_are_named() -> None:
    with pytest.raises(ConfigError, match="card 'sm98'; did you mean 'sm89'"):
        engines.build(ONNX, Trt(), ('sm98',))
    with pytest.raises(ConfigError, match="builder 'tensort'; did you mean 'tensorrt'"):
        engines.load_builder('tensort')


def test_a_graph_that_can_not_be_read_or_built_says_so() -> None:
    trt = Trt()
    trt.bad_graph = True
    with pytest.raises(ContractMismatch, match='can not be read by tensorrt_rtx.*Failed to parse'):
        engines.build(ONNX, trt)
    trt.bad_graph, trt.no_engine = False, True
    with pytest.raises(ContractMismatch, match='made no engine of policy.onnx for current'):
        engines.build(ONNX, trt)


def test_an_engine_is_found_for_its_graph_builder_and_every_card_it_was_built_for() -> None:
    trt = Trt()
    record = kept(trt, ('sm89', 'sm120'))
    assert engines.cached() == [record]
    assert wanted(trt) == wanted(trt, 'sm120') == engines.build(ONNX, trt)


@pytest.mark.parametrize(
    ('version', 'card_', 'graph', 'said'),
    [
        ('1.8.0', 'sm89', 'a' * 64, 'was built by tensorrt_rtx 1.7.1, here is 1.8.0'),
        ('1.7.1', 'sm75', 'a' * 64, 'is for sm89, this card is sm75'),
        ('1.7.1', 'sm89', 'b' * 64, 'there is no engine of this graph'),
    ],
)
def test_any_mismatch_is_refused_with_the_command(
    version: str, card_: str, graph: str, said: str
) -> None:
    kept(Trt())
    with pytest.raises(ContractMismatch, match=f'{said}.*`{REBUILD}`'):
        wanted(Trt(version=version), card_, graph)


def test_a_damaged_cache_is_refused_with_the_command() -> None:
    trt = Trt()
    record = kept(trt)
    path = engines.cache_folder() / f'{record.key}.engine'
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ContractMismatch, match=f'it was damaged.*`{REBUILD}`'):
        wanted(trt)
    path.unlink()
    with pytest.raises(ContractMismatch, match=f'can not be read.*`{REBUILD}`'):
        wanted(trt)
    path.with_suffix('.json').write_text('{"bundle": ')
    with pytest.raises(ContractMismatch, match=f'no engine of this graph.*`{REBUILD}`'):
        wanted(trt)
    kept(trt)
    assert wanted(trt)


def test_a_run_copies_computes_on_the_stream_copies_back_and_waits() -> None:
    trt = Trt()
    backend = opened(trt)
    trt.calls.clear()
    said = backend.run({'x': np.arange(3.0)[None]})
    assert said['chunk'].tolist() == [[1.0, 2.0, 3.0]]
    assert trt.calls == [('copy', 'up', 12), ('execute', 77), ('copy', 'down', 12), ('wait', 77)]


def test_what_is_held_stays_on_the_card_until_it_is_given_anew() -> None:
    trt = Trt()
    backend = opened(trt)
    backend.hold({'x': np.zeros((1, 3)), 'not for this engine': np.zeros(1)})
    trt.calls.clear()
    assert backend.run({})['chunk'].tolist() == [[1.0, 1.0, 1.0]]
    assert ('copy', 'up', 12) not in trt.calls
    assert backend.run({'x': np.ones((1, 3))})['chunk'].tolist() == [[2.0, 2.0, 2.0]]
    with pytest.raises(ContractMismatch, match="needs 'x'"):
        backend.run({})


def test_an_input_of_another_shape_is_refused_before_it_is_copied() -> None:
    trt = Trt()
    backend = opened(trt)
    trt.calls.clear()
    with pytest.raises(ContractMismatch, match=r"'x' has shape \(1, 4\), it takes \(1, 3\)"):
        backend.run({'x': np.zeros((1, 4))})
    assert trt.calls == []


def test_an_engine_that_is_refused_or_fails_says_what_to_do() -> None:
    trt = Trt()
    backend = opened(trt)
    trt.fail_run = True
    with pytest.raises(ContractMismatch, match='could not be run'):
        backend.run({'x': np.zeros((1, 3))})
    trt.refuse = True
    with pytest.raises(ContractMismatch, match=f'refuses the engine.*`{REBUILD}`'):
        opened(trt)


def test_a_card_says_its_architecture_and_its_errors_are_ours() -> None:
    runtime = CudaRuntime(Trt(), (12, 0))
    assert card(runtime) == 'sm120'
    runtime.fail = 'cudaMalloc'
    with pytest.raises(DeviceError, match='cudaMalloc failed with 2; `nvidia-smi`'):
        Cuda(runtime).malloc(8)
