# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a converter asks of an episode, wherever it comes from.

Writers see only this: numbers at once, because an episode of them is small; images and clouds
frame by frame, because an episode of those is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hvd_training.data.facts import EpisodeFacts

Float = NDArray[np.float64]
Column = NDArray[Any]
Cloud = tuple[NDArray[np.float32], NDArray[np.uint8]]  # points (N, 3) [m], colours (N, 3)


@dataclass(frozen=True)
class RawFrames:
    """The numbers of an episode, one row a frame: T frames, D dimensions, S of state."""

    stamp_ns: NDArray[np.int64]  # (T,) of the ticks, on the recording's own time line
    position: Float  # (T, D) measured; NaN where unknown
    state: Float  # (T, S)
    action: Float  # (T, D) what was sent
    asked: Float  # (T, D) what was asked for; NaN where nobody asked
    clip: NDArray[np.uint8]  # (T, D) why sent differs, CommandTrace.CLIP_*
    source: NDArray[np.uint8]  # (T,) who commanded, WholeBodyCommand.SOURCE_*
    intervention: NDArray[np.bool_]  # (T,) a person had taken over from a policy
    reward: Float  # (T,)
    terminal: NDArray[np.bool_]  # (T,)
    sim_state: Float = field(default_factory=lambda: np.zeros((0, 0)))  # (T, P), if wanted

    @property
    def frames(self) -> int:
        """Return T."""
        return len(self.stamp_ns)


@dataclass(frozen=True)
class Sight:
    """What was seen at one frame."""

    images: Mapping[str, bytes]  # camera -> JPEG
    cloud: Cloud | None


class EpisodeSource(Protocol):
    """One episode to convert."""

    @property
    def facts(self) -> EpisodeFacts:
        """Everything but the frames."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes when what was recorded or said about it changes; decides about resuming."""
        ...

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the S numbers of the state."""
        ...

    @property
    def cameras(self) -> Mapping[str, tuple[int, int]]:
        """Name -> height and width in pixels."""
        ...

    @property
    def has_cloud(self) -> bool:
        """Whether a sight has a cloud."""
        ...

    def raw(self) -> RawFrames:
        """Return the numbers of all T frames."""
        ...

    def sights(self) -> Iterator[Sight]:
        """Give what was seen, frame by frame; everything of a frame lies together on disk."""
        ...
