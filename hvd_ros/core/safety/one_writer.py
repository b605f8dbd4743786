# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Is this the one sender that we follow? Sequence numbers and the count of publishers say so.

A bag played beside the running graph publishes on the same topic. Its frames are whole and in
range; what gives them away is that two nodes write, or that the numbers do not continue ours.
"""

from hvd_ros.core.reasons import Reason

_LONGEST_GAP = 50  # frames that may be lost at once; half a second at 100 Hz


class OneWriter:
    """Follows one stream of sequence numbers; another one is accepted only after a silence."""

    def __init__(self, silence_ns: int) -> None:
        self._silence_ns = silence_ns
        self._seq: int | None = None
        self._accepted_ns = 0  # steady clock

    def check(self, seq: int, now_ns: int, writers: int) -> Reason:
        """Say why a frame must not be used, or NONE; an accepted frame is remembered."""
        if writers > 1:
            return Reason.TWO_WRITERS
        silent = self._seq is None or now_ns - self._accepted_ns > self._silence_ns
        if not silent and not 0 < (seq - (self._seq or 0)) % (1 << 32) <= _LONGEST_GAP:
            return Reason.OLD_SEQUENCE
        self._seq, self._accepted_ns = seq, now_ns
        return Reason.NONE
