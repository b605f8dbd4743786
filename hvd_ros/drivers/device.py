# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What every device is to the rest: open, read, close.

The real device and its twin are siblings behind this protocol. Which of the two is opened is
chosen by name, never fallen into: a real device that fails to open is an error.
"""

from typing import Protocol, TypeVar

S_co = TypeVar('S_co', covariant=True)


class Device(Protocol[S_co]):
    """A source of samples with a documented safe state."""

    def open(self) -> None:
        """Claim the device, or raise DeviceError naming it and the next step."""
        ...

    def read(self) -> S_co:
        """Return the newest sample with its steady stamp, or raise DeviceError; never invent."""
        ...

    def close(self) -> None:
        """Leave the device in its safe state; may be called twice and after a failed open."""
        ...
