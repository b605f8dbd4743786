# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
When the guardian sends zeros to the chassis, which repeats its last target for ever.

The guardian never sends anything but zeros, and it stops sending as soon as somebody who is alive
drives again or the zeros had ample time to arrive.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class GuardianRules:
    """The bounds of the guardian."""

    silence_ns: int = 150_000_000
    keep_sending_ns: int = 5_000_000_000


@dataclass(frozen=True)
class Watch:
    """What the guardian has seen; times on the steady clock, None for never."""

    beat_ns: int | None = None  # newest heartbeat of the mux
    chassis_ns: int | None = None  # newest chassis target of anybody but us
    moving: bool = False  # that target was not zero
    danger_ns: int | None = None  # since when the chassis has to be stopped


def heard_chassis(watch: Watch, now_ns: int, moving: bool) -> Watch:
    """Note a chassis target that somebody else has published."""
    return replace(watch, chassis_ns=now_ns, moving=moving)


def decide(watch: Watch, now_ns: int, estop: bool, rules: GuardianRules) -> tuple[Watch, bool]:
    """Return the watch and whether to send zeros in this tick."""
    if not (watch.moving and _abandoned(watch, now_ns, estop, rules)):
        return replace(watch, danger_ns=None), False
    since = watch.danger_ns if watch.danger_ns is not None else now_ns
    newest = max(since, watch.chassis_ns or 0)
    return replace(watch, danger_ns=since), now_ns - newest <= rules.keep_sending_ns


def _abandoned(watch: Watch, now_ns: int, estop: bool, rules: GuardianRules) -> bool:
    if estop:
        return True
    if watch.chassis_ns is not None and now_ns - watch.chassis_ns >= rules.silence_ns:
        return True
    # A mux that was never heard is not dead: somebody may drive the robot without us.
    return watch.beat_ns is not None and now_ns - watch.beat_ns >= rules.silence_ns
