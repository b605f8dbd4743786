# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
TensorRT and CUDA as their documentation describes them, recording every call that is made.

A `plan` of the stand-in is JSON naming its tensors; executing adds one to the float input `x`.
"""

from enum import IntEnum
import json
from types import SimpleNamespace
from typing import Any

import numpy as np

TENSORS = {'x': ('INPUT', [1, 3], 'float32'), 'chunk': ('OUTPUT', [1, 3], 'float32')}


class Trt:
    """The module."""

    def __init__(self, name: str = 'tensorrt_rtx', version: str = '1.7.1') -> None:
        self.__name__, self.__version__ = name, version
        self.calls: list[tuple[Any, ...]] = []
        self.bad_graph = self.no_engine = self.refuse = self.fail_run = False
        self.memory: dict[int, np.ndarray] = {}
        self.TensorIOMode = SimpleNamespace(INPUT='INPUT', OUTPUT='OUTPUT')
        flags = {} if name == 'later' else {'STRONGLY_TYPED': 1}
        self.NetworkDefinitionCreationFlag = IntEnum('Flag', {'OTHER': 0} | flags)
        if name == 'tensorrt_rtx':
            self.ComputeCapability = IntEnum(
                'ComputeCapability', {'NONE': 0, 'SM89': 89, 'SM120': 120, 'CURRENT': 1}
            )
        trt = self

        class Logger:
            ERROR = 'ERROR'

            def __init__(self, level: str) -> None:
                assert level == 'ERROR'

        class Builder:
            def __init__(self, logger: Logger) -> None:
                assert isinstance(logger, Logger)

            def create_network(self, flags: int) -> str:
                trt.calls.append(('create_network', flags))
                return 'network'

            def create_builder_config(self) -> 'Config':
                return Config()

            def build_serialized_network(self, network: str, config: 'Config') -> bytes | None:
                trt.calls.append(('build', network, config.aims))
                return None if trt.no_engine else json.dumps(TENSORS).encode()

        class Config:
            def __init__(self) -> None:
                self.aims: dict[int, str] = {}
                self.num_compute_capabilities = 0

            def set_compute_capability(self, capability: IntEnum, place: int) -> bool:
                assert place < self.num_compute_capabilities
                self.aims[place] = capability.name
                return True

        class OnnxParser:
            num_errors = 1

            def __init__(self, network: str, logger: Logger) -> None:
                assert network == 'network'

            def parse_from_file(self, path: str) -> bool:
                trt.calls.append(('parse', path))
                return not trt.bad_graph

            def get_error(self, at: int) -> str:
                return 'Failed to parse the model'

        class Runtime:
            def __init__(self, logger: Logger) -> None:
                assert isinstance(logger, Logger)

            def deserialize_cuda_engine(self, plan: bytes) -> 'Engine | None':
                return None if trt.refuse else Engine(json.loads(plan))

        class Engine:
            def __init__(self, tensors: dict[str, Any]) -> None:
                self.tensors, self.num_io_tensors = tensors, len(tensors)

            def get_tensor_name(self, at: int) -> str:
                return list(self.tensors)[at]

            def get_tensor_mode(self, name: str) -> str:
                return str(self.tensors[name][0])

            def get_tensor_shape(self, name: str) -> list[int]:
                return list(self.tensors[name][1])

            def get_tensor_dtype(self, name: str) -> str:
                return str(self.tensors[name][2])

            def create_execution_context(self) -> 'Context':
                return Context()

        class Context:
            def __init__(self) -> None:
                self.at: dict[str, int] = {}

            def set_tensor_address(self, name: str, address: int) -> bool:
                self.at[name] = address
                return True

            def execute_async_v3(self, stream: int) -> bool:
                trt.calls.append(('execute', stream))
                assert self.at.keys() == TENSORS.keys()
                x = trt.memory[self.at['x']].view(np.float32)
                trt.memory[self.at['chunk']] = (x + 1).view(np.uint8)
                return not trt.fail_run

        self.Logger, self.Builder, self.OnnxParser, self.Runtime = (
            Logger, Builder, OnnxParser, Runtime,
        )  # fmt: skip

    @staticmethod
    def nptype(dtype: str) -> Any:
        return np.dtype(dtype).type


class CudaRuntime:
    """cuda.bindings.runtime: every function returns an error and then values."""

    cudaError_t = SimpleNamespace(cudaSuccess=0)  # noqa: N815
    cudaMemcpyKind = SimpleNamespace(  # noqa: N815
        cudaMemcpyHostToDevice='up', cudaMemcpyDeviceToHost='down'
    )
    cudaDeviceAttr = SimpleNamespace(  # noqa: N815
        cudaDevAttrComputeCapabilityMajor='major', cudaDevAttrComputeCapabilityMinor='minor'
    )

    def __init__(self, trt: Trt, card: tuple[int, int] = (8, 9)) -> None:
        self.trt, self.card, self.fail = trt, card, ''
        self.copies: dict[int, np.ndarray] = {}

    def cudaStreamCreate(self) -> tuple[int, int]:  # noqa: N802
        return 0, 77

    def cudaMalloc(self, size: int) -> tuple[int, int]:  # noqa: N802
        if self.fail == 'cudaMalloc':
            return 2, 0
        address = 1000 + len(self.trt.memory)
        self.trt.memory[address] = np.zeros(size, np.uint8)
        return 0, address

    def cudaMemcpyAsync(  # noqa: N802
        self, to: int, source: int, size: int, kind: str, stream: int
    ) -> tuple[int]:
        assert stream == 77
        self.trt.calls.append(('copy', kind, size))
        if kind == 'up':
            self.trt.memory[to] = _host(source, size).copy()
        else:
            _host(to, size)[:] = self.trt.memory[source]
        return (0,)

    def cudaStreamSynchronize(self, stream: int) -> tuple[int]:  # noqa: N802
        self.trt.calls.append(('wait', stream))
        return (0,)

    def cudaDeviceGetAttribute(self, which: str, device: int) -> tuple[int, int]:  # noqa: N802
        return 0, self.card[0 if which == 'major' else 1]


def _host(address: int, size: int) -> np.ndarray:
    import ctypes

    return np.frombuffer((ctypes.c_uint8 * size).from_address(address), np.uint8)
