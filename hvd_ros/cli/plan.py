# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `hvd home` and `hvd park` are about to do: how far each joint travels, and how long."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hvd_ros.cli.paint import table
from hvd_ros.core.mux.home import depart
from hvd_ros.core.mux.state import MuxConfig
from hvd_ros.core.robot.body import Array, Body, Kind

_SMALL = 0.01  # [rad or opening] not worth a line


@dataclass(frozen=True, eq=False)
class Plan:
    """A move of every joint to a named pose; the base is not part of it."""

    body: Body
    pose: str
    start: Array  # (D,) last sent or measured

    @property
    def delta(self) -> Array:
        """Return the way of every dimension, zero for base velocities."""
        way = self.body.pose(self.pose) - self.start
        return np.where(self.body.mask(Kind.VELOCITY), 0.0, way)

    @property
    def duration_s(self) -> float:
        """Return how long the mux takes with its default speed and no obstacle."""
        travel = depart(self.start, self.body.pose(self.pose), self.body, MuxConfig().home_speed)
        return travel.duration_s

    def farthest(self) -> tuple[str, float]:
        """Return the dimension with the longest way left and that way."""
        i = int(np.argmax(np.abs(self.delta)))
        return self.body.names[i], float(self.delta[i])

    def text(self, start_is: str) -> str:
        """Write the plan as a table of the joints that travel."""
        rows = [['joint', 'now', 'target', 'way', 'unit']]
        target = self.body.pose(self.pose)
        for i, d in enumerate(self.body.dimensions):
            if abs(self.delta[i]) >= _SMALL:
                numbers = (self.start[i], target[i], self.delta[i])
                rows.append([d.name, *(f'{x:+.2f}' for x in numbers), d.unit])
        if len(rows) == 1:
            return f"'{self.pose}': every joint is there already ({start_is})\n"
        head = f"'{self.pose}': {len(rows) - 1} joints travel, about {self.duration_s:.0f} s"
        return '\n'.join([f'{head} (now = {start_is})', *table(rows)]) + '\n'


def measured(body: Body, positions: Mapping[str, float]) -> Array | None:
    """Return the body's values from joint positions by name; None when a joint is missing."""
    values = np.where(body.mask(Kind.VELOCITY), 0.0, body.values_of(positions))
    return None if np.isnan(values).any() else values
