# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The e-stop latch: two small state machines that agree over lossy heartbeats.

The guardian owns the latch and keeps it on disk, the mux follows. The epoch counts the resets that
were granted; it tells a stop that is new from one that a person has already reset. Each side
believes the larger epoch that it hears, so that a guardian which lost its file is taught again.
"""

from dataclasses import dataclass, replace

from hvd_ros.core.reasons import Reason


@dataclass(frozen=True)
class Beat:
    """A heartbeat of either side, as it arrived."""

    estop: bool
    epoch: int
    reason: str
    received_ns: int  # steady clock


@dataclass(frozen=True)
class MuxLatch:
    """The mux's side; a mux that has never heard the guardian does not know whether to move."""

    stopped: bool = False
    reason: Reason = Reason.NONE
    stopped_epoch: int | None = None  # guardian's epoch when we stopped; None: not known then
    epoch: int | None = None  # guardian's newest epoch; None: never heard


@dataclass(frozen=True)
class GuardianLatch:
    """The guardian's side, as it is kept on disk."""

    latched: bool = False
    epoch: int = 0
    reason: str = ''


def mux_trigger(latch: MuxLatch, reason: Reason) -> MuxLatch:
    """Stop; a stop that is already in force keeps its reason and its epoch."""
    if latch.stopped:
        return latch
    return replace(latch, stopped=True, reason=reason, stopped_epoch=latch.epoch)


def mux_hear(latch: MuxLatch, beat: Beat) -> MuxLatch:
    """Follow a heartbeat of the guardian: stop with it, leave only after a newer reset."""
    epoch = max(beat.epoch, latch.epoch or 0)
    if beat.estop:
        reason = latch.reason if latch.stopped else _guardian_reason(latch)
        return MuxLatch(True, reason, max(beat.epoch, latch.stopped_epoch or 0), epoch)
    if latch.stopped and latch.stopped_epoch is None:
        # We stopped before we knew the guardian: it has not been told yet.
        return replace(latch, stopped_epoch=beat.epoch, epoch=epoch)
    if latch.stopped and latch.stopped_epoch is not None and beat.epoch > latch.stopped_epoch:
        return MuxLatch(epoch=epoch)
    return replace(latch, epoch=epoch)


def guardian_hear(latch: GuardianLatch, beat: Beat) -> GuardianLatch:
    """Follow a heartbeat of the mux: latch on a stop of our epoch, ignore an older one."""
    if beat.epoch < latch.epoch:
        return latch
    known = replace(latch, epoch=beat.epoch)
    if beat.estop and not latch.latched:
        return replace(known, latched=True, reason=beat.reason)
    return known


def guardian_trigger(latch: GuardianLatch, reason: str) -> GuardianLatch:
    """Latch; a stop that is already in force keeps its reason."""
    return latch if latch.latched else replace(latch, latched=True, reason=reason)


def guardian_reset(latch: GuardianLatch) -> GuardianLatch:
    """
    Clear the latch as a person asked.

    Nothing latched, nothing granted: an epoch that grew by itself would make the guardian ignore a
    stop that the mux raises in the same moment.
    """
    return GuardianLatch(epoch=latch.epoch + 1) if latch.latched else latch


def _guardian_reason(latch: MuxLatch) -> Reason:
    # The very first thing heard is an old latch, everything later is a new stop.
    return Reason.ESTOP_LATCHED if latch.epoch is None else Reason.ESTOP_GUARDIAN
