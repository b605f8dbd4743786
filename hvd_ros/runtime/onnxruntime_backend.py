# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Graphs by ONNX Runtime, on a CPU or a CUDA card.

One thread by default: beside a control loop, threads that spin while they wait cost more than they
give to a network of this size.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch
from hvd_ros.runtime.backend import Feeds, check_feeds

CPU, CUDA = 'CPUExecutionProvider', 'CUDAExecutionProvider'
_QUIET = 3  # errors only: a warning of its own log tells a user nothing that he can mend


class OnnxBackend:
    """Implements Backend."""

    def __init__(self, path: Path, provider: str = CPU, threads: int = 1) -> None:
        """Open a graph; raises ContractMismatch when it can not be read or run so."""
        self._where = path.name
        self._session = _session(path, provider, threads)
        used = self._session.get_providers()[0]
        if used != provider:
            raise ContractMismatch(
                f'{path}: ONNX Runtime fell back from {provider} to {used}; mend the CUDA '
                'installation that it names above, or choose the runtime onnxruntime_cpu'
            )
        self._shapes = {one.name: tuple(one.shape) for one in self._session.get_inputs()}
        self._outputs = [one.name for one in self._session.get_outputs()]
        self._held: dict[str, NDArray[Any]] = {}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Return what the graph asks for."""
        return tuple(self._shapes)

    def hold(self, feeds: Feeds) -> None:
        """Keep inputs for the next runs."""
        self._held = {name: np.asarray(value) for name, value in feeds.items()}

    def run(self, feeds: Feeds) -> dict[str, NDArray[Any]]:
        """Return every output."""
        whole = self._held | dict(feeds)
        check_feeds(self._where, self._shapes, whole)
        try:
            found = self._session.run(None, {name: whole[name] for name in self._shapes})
        except Exception as error:  # ONNX Runtime's errors share no base of their own
            raise ContractMismatch(f'{self._where} can not be run: {_line(error)}') from None
        return dict(zip(self._outputs, found, strict=True))


def providers() -> tuple[str, ...]:
    """Return what this installation of ONNX Runtime can run on."""
    import onnxruntime

    return tuple(onnxruntime.get_available_providers())


def _session(path: Path, provider: str, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = _QUIET
    options.add_session_config_entry('session.intra_op.allow_spinning', '0')
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=[provider])
    except Exception as error:  # ONNX Runtime's errors share no base of their own
        raise ContractMismatch(
            f'{path} can not be opened by ONNX Runtime: {_line(error)}; export the run again, or '
            'choose a runtime that has these operators'
        ) from None


def _line(error: Exception) -> str:
    return ' '.join(str(error).split())[:300]
