# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Where the joints were at the moment a shutter closed.

An image is tens of milliseconds old when it arrives; an arm at 2 rad/s moves centimetres in that
time. So images are placed with the joints of their capture time, never with the newest ones, and
where nobody knows those, the image is refused.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Mapping

import numpy as np

from hvd_ros.core.errors import HvdError
from hvd_ros.core.robot.body import Array, Body

# Older than the newest by so much: somebody set the clock; what was kept belongs to another time.
CLOCK_SET_BACK_NS = 1_000_000_000


class NotCovered(HvdError):
    """Nobody knows where the joints were at that time."""


class JointHistory:
    """The joint values of the last seconds, by stamp."""

    def __init__(
        self,
        body: Body,
        horizon_s: float = 2.0,
        longest_gap_s: float = 0.1,
        tolerance_s: float = 0.02,
    ) -> None:
        """
        Keep horizon_s of samples; say nothing about a hole longer than longest_gap_s.

        A stamp up to tolerance_s outside of what was heard gets the sample at that end: images
        and joints of one instant do not arrive together.
        """
        self._body = body
        self._shown = np.array([bool(d.joint) for d in body.dimensions])
        self._horizon_ns = horizon_s * 1e9
        self._gap_ns = round(longest_gap_s * 1e9)
        self._tolerance_ns = round(tolerance_s * 1e9)
        self._stamps: deque[int] = deque()
        self._values: deque[Array] = deque()

    def put(self, stamp_ns: int, joints: Mapping[str, float]) -> bool:
        """Keep positions [rad or m] by joint name; False if one is missing or not finite."""
        return self.put_values(stamp_ns, self._body.values_of(joints))

    def put_values(self, stamp_ns: int, values: Array) -> bool:
        """Keep body values (D,); what no joint shows (base velocities) is not looked at."""
        known = np.where(self._shown, values, 0.0)
        if not np.all(np.isfinite(known)):
            return False
        if self._stamps and stamp_ns < self._stamps[-1] - CLOCK_SET_BACK_NS:
            self._stamps.clear()
            self._values.clear()
        if self._stamps and stamp_ns <= self._stamps[-1]:
            return True  # a repetition or a late one: the newer is known already
        self._stamps.append(stamp_ns)
        self._values.append(known)
        while self._stamps[0] < stamp_ns - self._horizon_ns:
            self._stamps.popleft()
            self._values.popleft()
        return True

    def at(self, stamp_ns: int) -> Array:
        """Return the body values (D,) at a time, base velocities as zero; or raise NotCovered."""
        if not self._stamps:
            raise NotCovered('no joint state was heard yet; is `joint_states` published?')
        first, last = self._stamps[0], self._stamps[-1]
        if not first - self._tolerance_ns <= stamp_ns <= last + self._tolerance_ns:
            raise NotCovered(self._outside(stamp_ns))
        after = bisect_left(self._stamps, stamp_ns)
        if after == 0 or after == len(self._stamps):
            return self._values[min(after, len(self._stamps) - 1)]
        return self._between(after, stamp_ns)

    def _between(self, after: int, stamp_ns: int) -> Array:
        before_ns, after_ns = self._stamps[after - 1], self._stamps[after]
        if after_ns == stamp_ns:
            return self._values[after]
        if after_ns - before_ns > self._gap_ns:
            raise NotCovered(
                f'the joint states have a hole of {(after_ns - before_ns) / 1e9:.3f} s there, '
                f'more than {self._gap_ns / 1e9:.3f} s; see the health of the robot link'
            )
        share = (stamp_ns - before_ns) / (after_ns - before_ns)
        return (1.0 - share) * self._values[after - 1] + share * self._values[after]

    def _outside(self, stamp_ns: int) -> str:
        late_s = (stamp_ns - self._stamps[-1]) / 1e9
        if late_s > 0:
            where = f'{late_s:.3f} s after the newest joint state'
        else:
            where = f'{(self._stamps[0] - stamp_ns) / 1e9:.3f} s before the oldest joint state'
        return (
            f'it was captured {where}; is the robot link alive, and do the clocks of camera '
            'and robot agree (`hvd doctor`)?'
        )
