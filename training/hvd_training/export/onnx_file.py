# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A module into an ONNX file, by PyTorch's exporter."""

from collections.abc import Iterator
from contextlib import contextmanager
import logging
from pathlib import Path
import warnings

import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.bundle import Graph, file_sha256
from hvd_training.export.graphs import Piece

_LARGEST = 1_500_000_000  # bytes of weights in one file; protobuf ends at 2 GB
DATA = '.data'


def write(piece: Piece, folder: Path) -> Graph:
    """Write a graph; raises ConfigError when the exporter can not say it in ONNX."""
    path = folder / f'{piece.role}.onnx'
    large = _bytes(piece) > _LARGEST
    try:
        # It tells of its progress, its own deprecations, and that torchvision is not here.
        with warnings.catch_warnings(), _errors_only(), torch.no_grad():
            warnings.simplefilter('ignore')
            program = torch.onnx.export(
                _module(piece),
                tuple(piece.feeds.values()),
                dynamo=True,
                input_names=list(piece.feeds),
                output_names=list(piece.outputs),
                optimize=True,
                verbose=False,
            )
    except ModuleNotFoundError:
        raise  # the command line says how to get it
    except Exception as error:
        raise ConfigError(
            f'the graph {piece.role} can not be said in ONNX: {type(error).__name__}: '
            f'{" ".join(str(error).split())[:300]}'
        ) from error
    assert program is not None
    program.save(path, external_data=large)
    beside = path.with_name(path.name + DATA)
    if not large:
        return Graph(path.name, file_sha256(path))
    return Graph(path.name, file_sha256(path), beside.name, file_sha256(beside))


def _module(piece: Piece) -> nn.Module:
    """Return what the exporter can follow: derivatives as the plain operations that they are."""
    module = piece.module.eval()
    if not piece.differentiates:
        return module
    return make_fx(module)(*piece.feeds.values()).eval()


@contextmanager
def _errors_only() -> Iterator[None]:
    logger = logging.getLogger('torch.onnx')
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _bytes(piece: Piece) -> int:
    tensors = [*piece.module.parameters(), *piece.module.buffers()]
    return sum(t.numel() * t.element_size() for t in tensors)
