# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures of a report as SVG: sharp at any size, and text that can be searched and copied."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

# Told apart by people who see few colours, too (Paul Tol's bright scheme).
COLORS = ('#4477aa', '#ee6677', '#228833', '#aa3377', '#ccbb44', '#66ccee', '#777777')
_LEFT, _WIDTH, _RIGHT = 130, 560, 20
_ROW, _GAP, _TOP, _FOOT = 15, 14, 10, 34


def color(i: int) -> str:
    """Return the colour of the i-th method."""
    return COLORS[i % len(COLORS)]


def forest(
    methods: Sequence[str],
    tasks: Sequence[str],
    cells: Mapping[tuple[str, str], Mapping[str, Any]],
    titles: Mapping[str, str],
) -> str:
    """Draw success of every method in every task: a dot, and its interval as a line."""
    height = _TOP + len(tasks) * (len(methods) * _ROW + _GAP) + _FOOT
    parts = [
        f'<svg viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {height}" role="img" class="forest" '
        'aria-label="success rate by task and method">',
        *_grid(height),
    ]
    y = float(_TOP)
    for task in tasks:
        middle = y + len(methods) * _ROW / 2
        parts.append(
            f'<text x="{_LEFT - 12}" y="{middle + 4:.1f}" text-anchor="end">'
            f'{escape(titles.get(task, task))}</text>'
        )
        for i, method in enumerate(methods):
            parts.append(_dot(cells[method, task], method, color(i), y + _ROW * (i + 0.5)))
        y += len(methods) * _ROW + _GAP
    return ''.join([*parts, '</svg>'])


def _x(rate: float) -> float:
    return _LEFT + rate * _WIDTH


def _grid(height: int) -> list[str]:
    bottom = height - _FOOT + 4
    parts = []
    for tenth in range(0, 11, 2):
        x = _x(tenth / 10)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="4" y2="{bottom}" class="rule"/>'
            f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{tenth / 10:g}</text>'
        )
    parts.append(
        f'<text x="{_x(0.5):.1f}" y="{height - 2}" text-anchor="middle">'
        'share of episodes with every stage 1</text>'
    )
    return parts


def _dot(cell: Mapping[str, Any], method: str, fill: str, y: float) -> str:
    figure = cell['figures'].get('strict')
    if figure is None:
        return (
            f'<text x="{_x(0) + 4}" y="{y + 4:.1f}" class="none">'
            f'{escape(method)}: no figure</text>'
        )
    line = ''
    if figure['low'] is not None:
        line = (
            f'<line x1="{_x(figure["low"]):.1f}" x2="{_x(figure["high"]):.1f}" y1="{y:.1f}" '
            f'y2="{y:.1f}" stroke="{fill}" stroke-width="2.5"/>'
        )
    return (
        f'<g><title>{escape(method)}: {figure["mean"]:.3f}</title>{line}'
        f'<circle cx="{_x(figure["mean"]):.1f}" cy="{y:.1f}" r="5" fill="{fill}"/></g>'
    )


def bar(shares: Sequence[float]) -> str:
    """Draw how often a stage was worth 0, 0.5 and 1 as one bar."""
    kinds = ('none', 'half', 'full')
    parts = [
        f'<span class="{kind}" style="width:{100 * share:.1f}%" title="{share:.0%}"></span>'
        for kind, share in zip(kinds, shares, strict=True)
        if share
    ]
    return f'<div class="bar">{"".join(parts)}</div>'
