# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Colour on a terminal and nowhere else; https://no-color.org is respected."""

from collections.abc import Callable
import os
import re
from typing import TextIO

Paint = Callable[[str, str], str]

_CODES = {'good': '32', 'bad': '31;1', 'warn': '33', 'dim': '2', 'bold': '1'}
_ESCAPE = re.compile(r'\x1b\[[0-9;]*m')


def plain(text: str, style: str) -> str:
    """Leave the text as it is."""
    return text


def ansi(text: str, style: str) -> str:
    """Wrap the text in one of the styles good, bad, warn, dim, bold."""
    return f'\x1b[{_CODES[style]}m{text}\x1b[0m'


def paint_for(stream: TextIO) -> Paint:
    """Choose by what the stream is: a terminal gets colour unless NO_COLOR is set."""
    colour = (
        stream.isatty() and not os.environ.get('NO_COLOR') and os.environ.get('TERM') != 'dumb'
    )
    return ansi if colour else plain


def table(rows: list[list[str]]) -> list[str]:
    """Align columns by their visible width; the last column is left ragged."""
    widths = [max(_visible(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return [
        '  '.join(
            [cell + ' ' * (w - _visible(cell)) for cell, w in zip(row[:-1], widths, strict=True)]
            + row[-1:]
        ).rstrip()
        for row in rows
    ]


def _visible(text: str) -> int:
    return len(_ESCAPE.sub('', text))
