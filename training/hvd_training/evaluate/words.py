# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The tables of an evaluation as text for a terminal, made from what report.json holds."""

from collections.abc import Mapping, Sequence
from typing import Any

Report = Mapping[str, Any]
NOT_RUN = 'not run'


def text(found: Report) -> str:
    """Return all tables."""
    parts = [_success(found, setting) for setting in found['setup']['settings']]
    parts += [_stages(found), _comparisons(found), _problems(found)]
    return '\n\n'.join(part for part in parts if part)


def figure(cell: Mapping[str, Any], measure: str) -> str:
    """Return a mean with its interval, or why there is none."""
    if measure not in cell['figures']:
        return missing(cell)
    f = cell['figures'][measure]
    interval = '' if f['low'] is None else f' [{short(f["low"])},{short(f["high"])}]'
    return f'{short(f["mean"])}{interval}'


def missing(cell: Mapping[str, Any]) -> str:
    """Say why a cell has no figure."""
    if cell['policy_errors']:
        return 'policy failed'
    return 'all blew up' if cell['whole'] else NOT_RUN


def short(value: float) -> str:
    """Return a rate with two digits, without the zero before the point."""
    return f'{value:.2f}'.replace('0.', '.', 1) if abs(value) < 0.995 else f'{value:.2f}'


def p_value(p: float | None) -> str:
    """Return a probability as one writes it."""
    if p is None:
        return '-'
    return '<.001' if p < 0.001 else f'{p:.3f}'.replace('0.', '.', 1)


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns; the first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return '\n'.join(
        '  '.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def cells_of(found: Report, setting: str) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the cells of a setting by method and task."""
    return {(c['method'], c['task']): c for c in found['cells'] if c['setting'] == setting}


def columns_of(found: Report) -> list[str]:
    """Return the tasks, and 'all' where there are several."""
    tasks = found['setup']['tasks']
    return [*tasks, *(['all'] if len(tasks) > 1 else [])]


def _success(found: Report, setting: str) -> str:
    cells, columns = cells_of(found, setting), columns_of(found)
    rows = [['method', '', *columns]]
    for method in found['setup']['methods']:
        for measure, what in (('strict', 'every stage 1'), ('loose', 'last stage 1')):
            shown = [figure(cells[method, task], measure) for task in columns]
            rows.append([method if measure == 'strict' else '', what, *shown])
        shown = [figure(cells[method, task], 'score') for task in columns]
        rows.append(['', 'stage score', *shown])
    setup = found['setup']
    head = (
        f"setting '{setting}': {setup['episodes']} episodes a task and policy on {setup['seeds']} "
        f'seeds, {setup["confidence"]:.0%} intervals; played {setup["played"]}'
    )
    return f'{head}\n{grid(rows)}'


def _stages(found: Report) -> str:
    if not found['stages']:
        return ''
    rows = [['method', 'task', 'setting', 'stage', 'mean', '0', '0.5', '1']]
    for row in found['stages']:
        shares = [f'{share:.0%}' for share in row['shares']]
        names = [row['method'], row['task'], row['setting'], row['stage']]
        rows.append([*names, short(row['mean']), *shares])
    return f'stages\n{grid(rows)}'


def _comparisons(found: Report) -> str:
    rows = [['against ' + found['setup']['baseline'], 'task', 'setting', 'difference', 'better',
             'worse', 'p', 'Holm', 'score p', 'p over training seeds']]  # fmt: skip
    for row in found['comparisons']:
        strict, seeds = row['strict'], row['seeds']
        rows.append([
            row['method'], row['task'], row['setting'], f'{strict["difference"]:+.2f}',
            str(strict['better']), str(strict['worse']), p_value(strict['p']),
            p_value(row['holm_p']), p_value(row['score']['p']),
            p_value(seeds['p'] if seeds else None),
        ])  # fmt: skip
    if len(rows) == 1:
        return ''
    return f'the same episodes, success with every stage 1\n{grid(rows)}'


def _problems(found: Report) -> str:
    return '\n'.join(f'problem: {line}' for line in found['problems'])
