# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The picture of an episode: every dimension as asked, sent and measured, and what goes with it.

matplotlib draws it: everybody who plots in Python knows how to take such a figure further.
"""

from typing import Any

from matplotlib.figure import Figure
import numpy as np

from hvd_ros.core.episodes.reader import Episode, FrameTable
from hvd_ros.core.labels.rewards import rewards
from hvd_ros.core.mux.command import Mode, Source

_COLUMNS = 3
_ASKED, _SENT, _MEASURED = '#b45309', '#2563eb', '#111827'
_MODES = {
    Mode.IDLE: '#d1d5db', Mode.TELEOP: '#16a34a', Mode.POLICY: '#7c3aed', Mode.REPLAY: '#0891b2',
    Mode.HOME: '#ca8a04', Mode.HOLD: '#9ca3af', Mode.ESTOP: '#dc2626',
}  # fmt: skip


def draw(episode: Episode) -> Figure:
    """Return the figure of an episode; nothing is shown and no display is needed."""
    table, meta = episode.table(), episode.meta
    seconds = (table.stamp_ns - table.stamp_ns[0]) / 1e9
    rows = -(-len(meta.dimensions) // _COLUMNS)
    figure = Figure(figsize=(15, 1.5 * rows + 6.5), layout='constrained')
    grid = figure.add_gridspec(rows + 3, _COLUMNS, height_ratios=[1.0] * rows + [0.35, 1.1, 0.9])
    for i, name in enumerate(meta.dimensions):
        _dimension(figure.add_subplot(grid[i // _COLUMNS, i % _COLUMNS]), table, seconds, i, name)
    _modes(figure.add_subplot(grid[rows, :]), table, seconds)
    _ages(figure.add_subplot(grid[rows + 1, :]), table, seconds)
    _rewards(figure.add_subplot(grid[rows + 2, :]), episode, seconds)
    health = 'healthy' if meta.healthy else 'NOT HEALTHY'
    figure.suptitle(
        f'{meta.episode_id}   {meta.task}, {meta.kind}, {meta.outcome or "no outcome"}: '
        f'{meta.frames} frames at {meta.rate_hz:.2f} Hz, {health}'
    )
    return figure


def _dimension(axes: Any, table: FrameTable, seconds: Any, i: int, name: str) -> None:
    axes.plot(seconds, table.asked[:, i], color=_ASKED, lw=1.0, label='asked')
    axes.plot(seconds, table.sent[:, i], color=_SENT, lw=1.0, ls='--', label='sent')
    axes.plot(seconds, table.position[:, i], color=_MEASURED, lw=0.9, label='measured')
    clipped = table.clip[:, i] > 0
    if clipped.any():
        low, high = axes.get_ylim()
        axes.fill_between(seconds, low, high, where=clipped, color=_ASKED, alpha=0.12, lw=0)
        axes.set_ylim(low, high)
    share = f'   clipped in {clipped.mean():.0%}' if clipped.any() else ''
    axes.set_title(f'{name}{share}', fontsize=8, loc='left', pad=2)
    axes.tick_params(labelsize=6)
    axes.margins(x=0)
    if i == 0:
        axes.legend(fontsize=6, ncols=3, loc='upper right', framealpha=0.6)


def _modes(axes: Any, table: FrameTable, seconds: Any) -> None:
    """Draw a strip: who drove, and where a person took over or something was refused."""
    step = np.median(np.diff(seconds)) if len(seconds) > 1 else 0.1
    for mode in np.unique(table.mode):
        known = Mode(mode) if mode in list(Mode) else Mode.IDLE
        spans = [(t, step) for t in seconds[table.mode == mode]]
        axes.broken_barh(spans, (0, 1), color=_MODES[known], label=known.name.lower())
    for what, where, mark in (
        ('a person took over', table.intervention, 'v'),
        ('refused', table.refused > 0, 'x'),
    ):
        y = np.full(where.sum(), 0.5)
        axes.plot(seconds[where], y, mark, color='#dc2626', ms=4, label=what)
    axes.set_yticks([])
    axes.margins(x=0)
    sources = ', '.join(
        f'{Source(s).name.lower()} {np.mean(table.source == s):.0%}'
        for s in np.unique(table.source)
        if s in list(Source)
    )
    axes.set_title(f'mode; source: {sources}', fontsize=8, loc='left', pad=2)
    axes.legend(fontsize=6, ncols=9, loc='upper right', framealpha=0.6)
    axes.tick_params(labelsize=6)


def _ages(axes: Any, table: FrameTable, seconds: Any) -> None:
    for name, age_s in sorted(table.ages.items()):
        known = np.where(np.isfinite(age_s), age_s * 1e3, np.nan)
        if np.isfinite(known).any():
            axes.plot(seconds, known, lw=0.9, label=name)
    axes.set_yscale('symlog', linthresh=10)
    axes.set_ylim(bottom=0)
    axes.set_title('age of what a frame took, from receive to tick [ms]', fontsize=8, loc='left')
    axes.legend(fontsize=6, ncols=9, loc='upper right', framealpha=0.6)
    axes.margins(x=0)
    axes.tick_params(labelsize=6)


def _rewards(axes: Any, episode: Episode, seconds: Any) -> None:
    labels = episode.labels
    marks = labels.resolved()
    axes.step(seconds, np.cumsum(rewards(marks, len(seconds))), where='post', color=_MEASURED)
    for mark in marks:
        axes.axvline(seconds[mark.frame], color=_SENT, lw=0.8)
        text = f' {labels.stages[mark.stage]}: {mark.score:g} ({mark.author})'
        axes.text(seconds[mark.frame], 0.5, text, fontsize=7, transform=axes.get_xaxis_transform())
    what = 'return so far' if marks else 'return so far; no stage is marked'
    axes.set_title(what, fontsize=8, loc='left')
    axes.set_xlabel('seconds', fontsize=7)
    axes.margins(x=0)
    axes.tick_params(labelsize=6)
