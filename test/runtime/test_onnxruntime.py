# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime runs what ONNX's own library wrote, and says in one line what it can not run."""

import numpy as np
import pytest

pytest.importorskip('onnxruntime')
pytest.importorskip('onnx')

from hvd_ros.core.errors import ContractMismatch  # noqa: E402
from hvd_ros.runtime.onnxruntime_backend import CPU, CUDA, OnnxBackend, providers  # noqa: E402
from test.runtime.small_bundle import write_graph  # noqa: E402

NOISE = np.arange(6, dtype=np.float32).reshape(1, 3, 2)


def test_a_graph_says_what_it_asks_for_and_answers(tmp_path):
    backend = OnnxBackend(write_graph(tmp_path / 'a.onnx'))
    assert backend.inputs == ('noise',)
    assert np.array_equal(backend.run({'noise': NOISE})['chunk'], NOISE + 1)


def test_what_is_held_is_used_until_it_is_given(tmp_path):
    backend = OnnxBackend(write_graph(tmp_path / 'a.onnx'))
    backend.hold({'noise': NOISE})
    assert np.array_equal(backend.run({})['chunk'], NOISE + 1)
    assert np.array_equal(backend.run({'noise': NOISE + 5})['chunk'], NOISE + 6)
    assert np.array_equal(backend.run({})['chunk'], NOISE + 1)


@pytest.mark.parametrize(
    ('feeds', 'said'),
    [
        ({}, "a.onnx needs 'noise'"),
        ({'nose': NOISE}, "did you mean 'nose'"),
        ({'noise': NOISE[0]}, r"'noise' has shape \(3, 2\), it takes \(1, 3, 2\)"),
        ({'noise': NOISE.astype(np.int64)}, 'a.onnx can not be run: '),
    ],
)
def test_a_wrong_input_is_named(tmp_path, feeds, said):
    backend = OnnxBackend(write_graph(tmp_path / 'a.onnx'))
    with pytest.raises(ContractMismatch, match=said) as caught:
        backend.run(feeds)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('keep', [0, 1, 0.5, -1])
def test_a_truncated_graph_is_one_line(tmp_path, keep):
    path = write_graph(tmp_path / 'a.onnx')
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * keep)] if 0 < keep < 1 else whole[:keep])
    with pytest.raises(
        ContractMismatch, match='a.onnx can not be opened.*export the run'
    ) as error:
        OnnxBackend(path)
    assert '\n' not in str(error.value)


def test_an_operator_that_nobody_has_is_one_line(tmp_path):
    path = write_graph(tmp_path / 'a.onnx', op='FlySomewhere')
    with pytest.raises(ContractMismatch, match='choose a runtime that has these operators'):
        OnnxBackend(path)


@pytest.mark.skipif(CUDA in providers(), reason='there is CUDA here')
def test_a_card_that_is_not_there_is_never_replaced_by_the_cpu_in_silence(tmp_path):
    path = write_graph(tmp_path / 'a.onnx')
    with pytest.raises(ContractMismatch, match=f'fell back from {CUDA} to {CPU}'):
        OnnxBackend(path, CUDA)
