# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Draw credit over an episode: key frames above, the weight of each group below (Fig. 5, 22)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_training.values.credit import Credit

_PERIOD_S = 0.1
_COLOURS = ('tab:blue', 'tab:orange', 'tab:green', 'tab:red', 'tab:purple')


@dataclass(frozen=True, eq=False)
class KeyFrame:
    """A picture and the row it was seen at."""

    row: int
    image: NDArray[np.uint8]  # (H, W, 3)


def draw(
    path: Path,
    found: Credit,
    controls: Mapping[str, Credit] | None = None,
    key_frames: Sequence[KeyFrame] = (),
    stage: NDArray[np.int64] | None = None,
    period_s: float = _PERIOD_S,
) -> None:
    """Write a figure of the relative weights of one episode, with the controls beneath."""
    from matplotlib.figure import Figure

    panels = {'groups of the body': found, **(controls or {})}
    figure = Figure(figsize=(9, 2.2 * (len(panels) + bool(key_frames))), layout='constrained')
    axes = figure.subplots(len(panels) + bool(key_frames), 1, squeeze=False)[:, 0]
    if key_frames:
        _pictures(axes[0], key_frames, found, period_s)
    for axis, (title, one) in zip(axes[-len(panels) :], panels.items(), strict=True):
        _weights(axis, title, one, stage, period_s)
    axes[-1].set_xlabel('time [s]')
    figure.savefig(path, dpi=120)


def _weights(
    axis: Any, title: str, one: Credit, stage: NDArray[np.int64] | None, period_s: float
) -> None:
    time = (one.row - one.row[0]) * period_s
    for i, name in enumerate(one.groups):
        label = f'{name} (mean {one.mean[i]:.3f})'
        axis.plot(time, one.relative[:, i], label=label, color=_COLOURS[i % len(_COLOURS)])
    if stage is not None:
        for change in np.flatnonzero(np.diff(stage)):
            axis.axvline(time[change + 1], color='grey', linewidth=0.8, linestyle=':')
    axis.axhline(1, color='black', linewidth=0.5)
    axis.set(title=title, ylabel='weight / mean of head', xlim=(0, time[-1] or 1))
    axis.legend(loc='upper right', fontsize='small')


def _pictures(axis: Any, frames: Sequence[KeyFrame], found: Credit, period_s: float) -> None:
    """Put the pictures side by side; under each its time."""
    height = min(frame.image.shape[0] for frame in frames)
    strip = np.concatenate([frame.image[:height] for frame in frames], axis=1)
    axis.imshow(strip)
    middles = np.cumsum([0, *(frame.image.shape[1] for frame in frames)])
    times = [(frame.row - found.row[0]) * period_s for frame in frames]
    axis.set_xticks((middles[:-1] + middles[1:]) / 2, [f'{t:.1f} s' for t in times])
    axis.set_yticks([])
