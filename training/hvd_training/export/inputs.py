# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Raw inputs that a graph is compared on: drawn over what was learnt from, and recorded ones."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.policy.bundle import Inputs
from hvd_training.data.batch import CLOUD, PROMPT, RGB, SIM_STATE, STATE
from hvd_training.data.loading.corpus import Corpus
from hvd_training.data.loading.normaliser import Scale
from hvd_training.export.subject import Subject

Feed = dict[str, NDArray[Any]]
_WIDE = 1.5  # deviations of drawn states: some lie beyond what was recorded


def drawn(subject: Subject, seen: Inputs, rng: np.random.Generator) -> Feed:
    """Return inputs of chance, about where the recorded ones lie."""
    moments = (seen.history,) if seen.history > 1 else ()
    makers: dict[str, Callable[[], NDArray[Any]]] = {
        STATE: lambda: _numbers(subject.scale.state, rng, moments),
        SIM_STATE: lambda: _numbers(subject.scale.sim_state, rng),
        CLOUD: lambda: _cloud(seen.cloud_points, rng),
        PROMPT: lambda: rng.integers(len(subject.about['prompts']), size=1),
    }
    feed: Feed = {}
    for key in subject.keys:
        if key.startswith(RGB):
            size = seen.cameras[key.removeprefix(RGB)]
            feed[key] = rng.integers(256, size=(1, *moments, *size, 3), dtype=np.uint8)
        else:
            feed[key] = makers[key]()
    return feed


def recorded(subject: Subject, corpus: Corpus, count: int) -> list[Feed]:
    """Return what was seen in some rows, spread over all that was learnt from."""
    rows = np.unique(np.linspace(0, corpus.offsets[-1] - 1, count).astype(np.int64))
    return [_row(subject, corpus, row) for row in rows]


def _row(subject: Subject, corpus: Corpus, row: np.int64) -> Feed:
    part = int(np.searchsorted(corpus.offsets, row, side='right')) - 1
    data, local = corpus.parts[part], int(row - corpus.offsets[part])
    batch = corpus.chunks(np.array([row]), with_next=False)
    feed: Feed = {key: value.numpy() for key, value in batch.observation.items()}
    # Numbers of a batch are normalised already, a graph takes them as they are.
    feed[STATE] = np.asarray(data.state[corpus.back(part, np.array([local]))], np.float32)
    if SIM_STATE in feed:
        assert data.sim_state is not None
        feed[SIM_STATE] = np.asarray(data.sim_state[local], np.float32)[None]
    return {key: feed[key] for key in subject.keys}


def ranges(subject: Subject, corpus: Corpus) -> Mapping[str, tuple[float, float]]:
    """Return the lowest and highest recorded command of each dimension that was learnt."""
    low, high = (
        np.array([edge(np.asarray(part.action), axis=0) for part in corpus.parts])
        for edge in (np.min, np.max)
    )
    return {
        name: (float(low[:, column].min()), float(high[:, column].max()))
        for name, column in zip(corpus.names, corpus.columns, strict=True)
    }


def picture_size(corpus: Corpus, camera: str) -> tuple[int, int]:
    """Return height and width of the pictures that were learnt from."""
    return corpus.picture_sizes[camera]


def _numbers(
    scale: Scale | None, rng: np.random.Generator, moments: tuple[int, ...] = ()
) -> NDArray[np.float32]:
    assert scale is not None
    normal = _WIDE * rng.normal(size=(1, *moments, len(scale.centre)))
    return scale.back(normal).astype(np.float32)


def _cloud(points: int, rng: np.random.Generator) -> NDArray[np.float32]:
    place, colour = rng.uniform(-1, 1, (1, points, 3)), rng.uniform(0, 1, (1, points, 3))
    return np.concatenate([place, colour], axis=-1).astype(np.float32)
