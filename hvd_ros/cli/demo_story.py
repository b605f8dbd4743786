# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What happened in a demo, told line by line and summed up at the end; knows nothing of ROS."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
import math

# A joint counts as moved beyond this much, the robot as driven beyond this far.
MOVED_RAD = 0.05
DRIVEN_M = 0.05
# A base that stands still may tremble; smaller steps are not driving.
STEP_M = 1e-4


@dataclass
class Story:
    """Feed it what the graph says; it answers with lines to print."""

    began_ns: int
    driven_m: float = 0.0
    turned_rad: float = 0.0
    commands: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    _pose: tuple[float, float, float] | None = None
    _ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    _said: tuple[str, str] = ('', '')
    _command_ns: tuple[int, int] = (0, 0)

    def status(self, now_ns: int, mode: str, moving: bool, why: str) -> str | None:
        """Take a mux status; return a line when mode or reason changed."""
        state = f'{mode}, moving' if moving else mode
        if (state, why) == self._said:
            return None
        self._said = (state, why)
        return self._line(now_ns, f'{state}: {why}' if why else state)

    def joints(self, positions: Mapping[str, float]) -> None:
        """Take the measured joints."""
        for name, value in positions.items():
            low, high = self._ranges.get(name, (value, value))
            self._ranges[name] = (min(low, value), max(high, value))

    def base(self, x_m: float, y_m: float, yaw_rad: float) -> None:
        """Take the measured pose of the base."""
        if self._pose is not None:
            step = math.hypot(x_m - self._pose[0], y_m - self._pose[1])
            if step < STEP_M:
                x_m, y_m = self._pose[:2]
            else:
                self.driven_m += step
            self.turned_rad += abs(math.remainder(yaw_rad - self._pose[2], math.tau))
        self._pose = (x_m, y_m, yaw_rad)

    def command(self, now_ns: int) -> None:
        """Count one whole-body command on its way to the robot."""
        self.commands += 1
        self._command_ns = (self._command_ns[0] or now_ns, now_ns)

    def refused(self, reason: str) -> None:
        """Count one refusal."""
        self.refusals[reason] += 1

    @property
    def moved_joints(self) -> list[str]:
        """The joints that moved, in order of their names."""
        return sorted(n for n, (low, high) in self._ranges.items() if high - low > MOVED_RAD)

    @property
    def command_rate_hz(self) -> float:
        """Mean rate of the commands heard."""
        first, last = self._command_ns
        return (self.commands - 1) / (last - first) * 1e9 if last > first else 0.0

    @property
    def moved(self) -> bool:
        """Whether base and joints both moved."""
        return self.driven_m > DRIVEN_M and bool(self.moved_joints)

    def progress(self, now_ns: int) -> str:
        """Return one line on how far things have come."""
        x, y, yaw = self._pose or (0.0, 0.0, 0.0)
        return self._line(
            now_ns,
            f'base at x {x:+.2f} m, y {y:+.2f} m, yaw {math.degrees(yaw):+.0f} deg; '
            f'{len(self.moved_joints)} of {len(self._ranges)} joints moved',
        )

    def summary(self) -> list[str]:
        """Return the closing lines."""
        refusals = ', '.join(
            f'{count} x {reason}' for reason, count in self.refusals.most_common()
        )
        return [
            f'driven   {self.driven_m:.2f} m, turned {math.degrees(self.turned_rad):.0f} deg',
            f'joints   {len(self.moved_joints)} of {len(self._ranges)} moved',
            f'commands {self.commands} at {self.command_rate_hz:.1f} Hz',
            f'refusals {refusals or "none"}',
        ]

    def _line(self, now_ns: int, text: str) -> str:
        return f'{(now_ns - self.began_ns) / 1e9:6.1f} s  {text}'
