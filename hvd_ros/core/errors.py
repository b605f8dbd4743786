# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Every error that a user can cause or meet, in one small tree.

A message names the thing, the value, the allowed, and the next step. The command line and the
nodes print an HvdError as one line without a traceback and exit with its code.
"""

from collections.abc import Iterable
import difflib


class HvdError(Exception):
    """Something that the user can mend; the message says how."""

    exit_code = 1


class DeviceError(HvdError):
    """A device is absent, unreadable or says something implausible."""

    exit_code = 3


class CommandRejected(HvdError):
    """A command was refused before it could move anything."""


class ContractMismatch(HvdError):
    """Two parts speak about different bodies, layouts or limits."""

    exit_code = 4


class CalibrationError(HvdError):
    """A calibration is missing, damaged or does not belong to this device."""

    exit_code = 5


class LabelError(HvdError):
    """Labels of an episode are damaged, not allowed, or of another episode."""

    exit_code = 6


class EpisodeError(HvdError):
    """An episode is damaged, incomplete, there already or can not be written."""

    exit_code = 6


class ConfigError(HvdError):
    """A configuration file, argument or name is wrong."""

    exit_code = 2


def did_you_mean(wrong: str, valid: Iterable[str]) -> str:
    """Return the tail of an error message: the closest spelling and the valid choices."""
    choices = sorted(valid)
    close = difflib.get_close_matches(wrong, choices, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ''
    return f'{hint}valid: {", ".join(choices)}'
