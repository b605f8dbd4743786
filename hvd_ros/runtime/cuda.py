# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The little of CUDA that an engine needs: memory, copies, one stream, and which card this is.

By NVIDIA's cuda-python, whose functions return an error and then values; the module is passed in,
so that everything here runs against a stand-in where there is no card.
"""

import importlib
from typing import Any

from numpy.typing import NDArray

from hvd_ros.core.errors import ConfigError, DeviceError

MODULE = 'cuda.bindings.runtime'


class Cuda:
    """One stream on the first card; raises DeviceError when the card refuses."""

    def __init__(self, runtime: Any) -> None:
        self._cuda = runtime
        self.stream = self._do('cudaStreamCreate')

    def malloc(self, size: int) -> int:
        """Return the address of memory on the card."""
        return int(self._do('cudaMalloc', size))

    def free(self, address: int) -> None:
        """Give memory back."""
        self._do('cudaFree', address)

    def to_card(self, address: int, values: NDArray[Any]) -> None:
        """Copy an array that is contiguous to the card, in the order of the stream."""
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
        self._do('cudaMemcpyAsync', address, values.ctypes.data, values.nbytes, kind, self.stream)

    def from_card(self, values: NDArray[Any], address: int) -> None:
        """Copy from the card into an array, in the order of the stream."""
        kind = self._cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
        self._do('cudaMemcpyAsync', values.ctypes.data, address, values.nbytes, kind, self.stream)

    def wait(self) -> None:
        """Wait until everything on the stream is done."""
        self._do('cudaStreamSynchronize', self.stream)

    def _do(self, name: str, *words: Any) -> Any:
        return _checked(self._cuda, name, *words)


def card(runtime: Any) -> str:
    """Return which architecture the first card has, as 'sm89'; raises DeviceError without one."""
    attribute = runtime.cudaDeviceAttr
    major, minor = (
        _checked(runtime, 'cudaDeviceGetAttribute', which, 0)
        for which in (
            attribute.cudaDevAttrComputeCapabilityMajor,
            attribute.cudaDevAttrComputeCapabilityMinor,
        )
    )
    return f'sm{major}{minor}'


def load() -> Any:
    """Import cuda-python; raises ConfigError when it is not installed."""
    try:
        return importlib.import_module(MODULE)
    except ImportError:
        raise ConfigError('cuda-python is not installed; pip install cuda-python') from None


def _checked(runtime: Any, name: str, *words: Any) -> Any:
    try:
        error, *values = getattr(runtime, name)(*words)
    except RuntimeError as fault:  # no driver: cuda-python can not even load its library
        raise DeviceError(f'CUDA can not be used ({fault}); is the driver installed?') from None
    if error != runtime.cudaError_t.cudaSuccess:
        raise DeviceError(f'{name} failed with {error}; `nvidia-smi` says what the card does')
    return values[0] if values else None
