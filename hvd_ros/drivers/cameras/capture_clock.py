# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
When an image was captured, on the clocks of this computer.

A camera stamps with the wall clock of its host or with a counter of its own. The first is taken at
its word while it is plausible. Of the second only the rate is known, so its offset is measured:
the smallest delay between stamp and arrival seen lately is taken for the shortest way an image can
come, and what is longer than that for queueing.
"""

import time

# A stamp older than this at its arrival does not belong to this image or to this clock.
_OLDEST_NS = 1_000_000_000
# Crystals differ by some 50 ppm: within a window of ten seconds, by half a millisecond.
_WINDOW_NS = 10_000_000_000


def wall_ns(steady_ns: int) -> int:
    """Return what the wall clock showed at an instant of the steady clock, as it is set now."""
    return time.clock_gettime_ns(time.CLOCK_REALTIME) - (time.monotonic_ns() - steady_ns)


class DeviceClock:
    """Maps the counter of a device to the steady clock by the smallest delay seen lately."""

    def __init__(self) -> None:
        self._offset_ns: int | None = None  # arrival minus stamp: smallest of the last window
        self._next_ns = 0  # smallest of the window that is being filled
        self._since_ns = 0
        self._last_ns = 0

    def to_steady_ns(self, device_ns: int, arrived_ns: int) -> int:
        """Return the steady time of a stamp; never later than its arrival."""
        delay_ns = arrived_ns - device_ns
        known_ns = self._offset_ns
        # A counter that went back or stood still was restarted with its device.
        restarted = device_ns < self._last_ns or (
            known_ns is not None and delay_ns - known_ns > _OLDEST_NS
        )
        self._last_ns = device_ns
        if known_ns is None or restarted:
            self._offset_ns = self._next_ns = delay_ns
            self._since_ns = arrived_ns
            return arrived_ns
        self._next_ns = min(self._next_ns, delay_ns)
        self._offset_ns = min(known_ns, delay_ns)
        if arrived_ns - self._since_ns > _WINDOW_NS:
            self._offset_ns, self._next_ns, self._since_ns = self._next_ns, delay_ns, arrived_ns
        return device_ns + self._offset_ns


class CaptureClock:
    """Stamps the images of one camera."""

    def __init__(self) -> None:
        self._device = DeviceClock()

    def stamp(self, device_ns: int, *, wall: bool, arrived_ns: int) -> tuple[int, int]:
        """
        Return the capture on the wall clock and on the steady clock [ns].

        `wall` says that the device stamps with the wall clock of this computer. Should that clock
        have been set in between, the stamp is read as a counter.
        """
        measured_ns = self._device.to_steady_ns(device_ns, arrived_ns)
        age_ns = wall_ns(arrived_ns) - device_ns
        if wall and 0 <= age_ns <= _OLDEST_NS:
            return device_ns, arrived_ns - age_ns
        return wall_ns(measured_ns), measured_ns
