# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Which runtime runs a bundle on this machine: the best that is there, said in words.

Nothing is fallen into: a runtime that was asked for by name and is not there is an error, and
'best' says what it passed over and why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hvd_ros.core.errors import ConfigError, HvdError, did_you_mean
from hvd_ros.core.policy.bundle import Manifest
from hvd_ros.runtime import cuda, engines, onnxruntime_backend
from hvd_ros.runtime.backend import Backend
from hvd_ros.runtime.tensorrt_backend import TensorRTBackend

Backends = Mapping[str, Backend]
BEST = 'best'


@dataclass(frozen=True)
class Chosen:
    """A runtime with every graph of a bundle open in it."""

    name: str
    words: str
    backends: Backends


def choose(folder: Path, manifest: Manifest, runtime: str = BEST) -> Chosen:
    """Open a bundle in a runtime; raises ConfigError or ContractMismatch when it can not be."""
    if runtime != BEST:
        if runtime not in RUNTIMES:
            raise ConfigError(f"runtime '{runtime}'; {did_you_mean(runtime, (BEST, *RUNTIMES))}")
        return Chosen(runtime, f'runs by {runtime}', RUNTIMES[runtime](folder, manifest))
    passed = []
    for name, open_ in RUNTIMES.items():
        try:
            backends = open_(folder, manifest)
        except HvdError as error:
            passed.append((name, error))
            continue
        why = ''.join(f'; not by {other}: {error}' for other, error in passed)
        return Chosen(name, f'runs by {name}{why}', backends)
    raise passed[-1][1]


def _onnxruntime(provider: str) -> Callable[[Path, Manifest], Backends]:
    def open_(folder: Path, manifest: Manifest) -> Backends:
        try:
            there = onnxruntime_backend.providers()
        except ImportError:
            raise ConfigError(
                "onnxruntime is not installed; pip install 'hvd_ros[policy]'"
            ) from None
        if provider not in there:
            raise ConfigError(
                'this onnxruntime has no CUDA; pip install onnxruntime-gpu in its place'
            )
        return {
            role: onnxruntime_backend.OnnxBackend(manifest.path(folder, role), provider)
            for role in manifest.graphs
        }

    return open_


def _tensorrt(builder: str) -> Callable[[Path, Manifest], Backends]:
    def open_(folder: Path, manifest: Manifest) -> Backends:
        trt = engines.load_builder(builder)
        runtime = cuda.load()
        here, rebuild = cuda.card(runtime), f'hvd engine build {folder} --builder {builder}'
        stream = cuda.Cuda(runtime)
        plans = {
            role: engines.engine_for(graph.digest, builder, trt.__version__, here, rebuild)
            for role, graph in manifest.graphs.items()
        }
        return {
            role: TensorRTBackend(plan, trt, stream, manifest.graphs[role].file, rebuild)
            for role, plan in plans.items()
        }

    return open_


# Best first.
RUNTIMES: dict[str, Callable[[Path, Manifest], Backends]] = {
    'tensorrt': _tensorrt('tensorrt'),
    'tensorrt_rtx': _tensorrt('tensorrt_rtx'),
    'onnxruntime_cuda': _onnxruntime(onnxruntime_backend.CUDA),
    'onnxruntime_cpu': _onnxruntime(onnxruntime_backend.CPU),
}
