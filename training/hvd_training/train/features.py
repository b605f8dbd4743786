# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a frozen network says of every image, computed once and kept with the dataset.

It stands in the corpus in place of the images, so that each chunk that is looked at again costs a
look into a file instead of the largest network of all.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
import torch

from hvd_training.data.loading.corpus import Corpus
from hvd_training.data.loading.pictures import Pictures, Progress, fingerprint
from hvd_training.data.loading.recordings import Recordings
from hvd_training.data.loading.row_file import RowFile
from hvd_training.networks.multimodal.eyes import Frozen
from hvd_training.networks.pictures import Resize

_AT_ONCE = 64  # images that the network looks at together


def looked_at(corpus: Corpus, tower: Frozen, sha256: str, device: torch.device) -> Corpus:
    """Return the corpus with features (N, places, F) in float16 in place of all images."""
    parts = []
    for part in corpus.parts:
        found = {
            camera: _features(part, camera, tower, sha256, device)
            for camera in corpus.config.cameras
        }
        parts.append(replace(part, pictures=found))
    return corpus.but(parts)


def _features(
    part: Recordings, camera: str, tower: Frozen, sha256: str, device: torch.device
) -> Pictures:
    reader, pictures = part.reader, part.pictures[camera]
    assert reader is not None
    height, width = pictures.shape[1:3]
    seen = f'{camera}-{height}x{width}-{fingerprint(reader, camera)}'
    path = reader.folder / 'features' / f'{seen}-{tower.places}-{sha256[:12]}.npy'
    resize = Resize((height, width), (tower.side, tower.side)).to(device)

    def fill(episode: int) -> Iterator[NDArray[np.float16]]:
        first, stop = (int(row) for row in reader.starts[episode : episode + 2])
        for begin in range(first, stop, _AT_ONCE):
            rows = np.arange(begin, min(begin + _AT_ONCE, stop))
            images = torch.from_numpy(np.ascontiguousarray(pictures[rows])).to(device)
            yield from tower(resize(images)).half().cpu().numpy()

    file = RowFile(path, (tower.places, tower.features), np.float16, reader.starts)
    what = f'looking at {reader.root.name}: {camera}, {tower.places} tokens an image'
    return file.open(fill, 1, Progress(what))
