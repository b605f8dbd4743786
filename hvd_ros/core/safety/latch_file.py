# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The e-stop latch on disk, so that a restart or a power cut does not release it.

One file holds the latch of every robot, by namespace. It is replaced whole and flushed; a file
that can not be read counts as latched, a file that is not there is a first start.
"""

import fcntl
import json
from pathlib import Path
from typing import Any

from hvd_ros.core.durable import write_whole
from hvd_ros.core.reasons import Reason
from hvd_ros.core.safety.estop import GuardianLatch

# Marks a file that took the place of a damaged one: the latches of other robots were lost in it.
_DAMAGED = '*'
_UNREADABLE = GuardianLatch(latched=True, epoch=0, reason=str(Reason.ESTOP_LATCHED))


def load_latch(path: Path, namespace: str) -> GuardianLatch:
    """Return the latch of a robot; anything but a clean answer counts as latched."""
    try:
        data = _read(path)
    except FileNotFoundError:
        return GuardianLatch()
    except (OSError, ValueError):
        return _UNREADABLE
    if namespace in data:
        return _parse(data[namespace])
    return _UNREADABLE if _DAMAGED in data else GuardianLatch()


def save_latch(path: Path, namespace: str, latch: GuardianLatch) -> None:
    """Write the latch of a robot; raises OSError when the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # The guardians of two robots may share the file.
    with path.with_suffix('.lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write_whole(path, json.dumps(_merged(path, namespace, latch), indent=1))


def _merged(path: Path, namespace: str, latch: GuardianLatch) -> dict[str, Any]:
    data: dict[str, Any] = {}
    try:
        data = _read(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError):
        data = {_DAMAGED: True}
    data[namespace] = {'latched': latch.latched, 'epoch': latch.epoch, 'reason': latch.reason}
    return data


def _read(path: Path) -> dict[str, Any]:
    data = json.loads(path.read_text(encoding='utf-8'))
    if not isinstance(data, dict):
        raise ValueError('expected a mapping by namespace')
    return data


def _parse(found: Any) -> GuardianLatch:
    if not isinstance(found, dict):
        return _UNREADABLE
    latched, epoch, reason = found.get('latched'), found.get('epoch'), found.get('reason')
    if type(latched) is bool and type(epoch) is int and type(reason) is str and epoch >= 0:
        return GuardianLatch(latched, epoch, reason)
    return _UNREADABLE
