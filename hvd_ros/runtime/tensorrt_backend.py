# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Engines by TensorRT and TensorRT for RTX: one code path, whose modules are passed in.

Memory is taken once when an engine is opened; a run copies what changed, computes on one stream
and copies the answer back.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.runtime.backend import Feeds, check_feeds
from hvd_ros.runtime.cuda import Cuda


class TensorRTBackend:
    """Implements Backend."""

    def __init__(self, plan: bytes, trt: Any, cuda: Cuda, where: str, rebuild: str) -> None:
        """Open an engine; raises ContractMismatch with the command that builds it anew."""
        self._cuda, self._where = cuda, where
        # Whoever made something is kept, since what it made refers to it.
        self._kept = [trt.Logger(trt.Logger.ERROR)]
        self._kept.append(trt.Runtime(self._kept[0]))
        engine = self._kept[1].deserialize_cuda_engine(plan)
        if engine is None:
            raise ContractMismatch(
                f'{trt.__name__} {trt.__version__} refuses the engine of {where}, it printed why '
                f'above; build it again: `{rebuild}`'
            )
        self._kept.append(engine)
        self._context = engine.create_execution_context()
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._types: dict[str, np.dtype[Any]] = {}
        self._outputs: dict[str, NDArray[Any]] = {}
        self._addresses: dict[str, int] = {}
        self._held: set[str] = set()
        for i in range(engine.num_io_tensors):
            self._bind(engine, trt, engine.get_tensor_name(i))

    def _bind(self, engine: Any, trt: Any, name: str) -> None:
        """Take memory for an input or an output."""
        shape = tuple(int(size) for size in engine.get_tensor_shape(name))
        dtype = np.dtype(trt.nptype(engine.get_tensor_dtype(name)))
        if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT:
            self._shapes[name], self._types[name] = shape, dtype
        else:
            self._outputs[name] = np.empty(shape, dtype)
        size = max(int(np.prod(shape)) * dtype.itemsize, 1)
        self._addresses[name] = self._cuda.malloc(size)
        self._context.set_tensor_address(name, self._addresses[name])

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return what the engine asks for."""
        return tuple(self._shapes)

    def hold(self, feeds: Feeds) -> None:
        """Copy inputs to the card, where they stay until others are copied over them."""
        known = {name: self._shapes[name] for name in feeds if name in self._shapes}
        check_feeds(self._where, known, feeds)
        copied = self._copy(feeds)
        self._cuda.wait()  # what was copied from must live until the stream is done with it
        del copied
        self._held = set(known)

    def run(self, feeds: Feeds) -> dict[str, NDArray[Any]]:
        """Return every output."""
        missing = {name: s for name, s in self._shapes.items() if name not in self._held}
        given = {name: s for name, s in self._shapes.items() if name in feeds}
        check_feeds(self._where, missing | given, feeds)
        copied = self._copy(feeds)
        if not self._context.execute_async_v3(int(self._cuda.stream)):
            raise ContractMismatch(f'the engine of {self._where} could not be run')
        found = {name: np.empty_like(values) for name, values in self._outputs.items()}
        for name, values in found.items():
            self._cuda.from_card(values, self._addresses[name])
        self._cuda.wait()
        del copied
        self._held -= set(feeds)  # a run overwrites what was held under the same name
        return found

    def _copy(self, feeds: Feeds) -> tuple[NDArray[Any], ...]:
        copied = []
        for name, dtype in self._types.items():
            if name in feeds:
                values = np.ascontiguousarray(feeds[name], dtype)
                self._cuda.to_card(self._addresses[name], values)
                copied.append(values)
        return tuple(copied)
