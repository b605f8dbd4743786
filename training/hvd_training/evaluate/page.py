# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The page of an evaluation: one HTML file that needs no network, no script and no other file.

It shows report.json and nothing else; pictures and films are inside of it.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from hvd_training.evaluate.films import SPEED, Take
from hvd_training.evaluate.plots import bar, color, forest
from hvd_training.evaluate.words import (
    Report,
    cells_of,
    columns_of,
    figure,
    p_value,
    short,
)

Sheets = Mapping[tuple[str, str, str], Path]
Shots = Sequence[tuple[Take, Path]]
_STYLE = """
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2937; background: #fff;
  margin: 2em auto; max-width: 1180px; padding: 0 1.2em }
h1 { font-size: 1.6em; margin-bottom: .2em } h2 { font-size: 1.2em; margin-top: 2.2em;
  border-bottom: 1px solid #e5e7eb } h3 { font-size: 1em; margin: 1.4em 0 .3em }
p.lead, .note, figcaption { color: #6b7280 } .note { font-size: 13px; max-width: 80em }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 14px }
th { text-align: left; font-weight: 600; background: #f9fafb }
th, td { padding: .3em .9em .3em .6em; border-bottom: 1px solid #e5e7eb; vertical-align: top;
  white-space: nowrap }
.scroll { overflow-x: auto } .muted { color: #6b7280 } .win { color: #15803d; font-weight: 600 }
.loss { color: #b91c1c; font-weight: 600 } .missing { color: #b91c1c }
.dot { display: inline-block; width: .75em; height: .75em; border-radius: 50%; margin-right: .4em }
.problems { background: #fef2f2; border: 1px solid #fecaca; padding: .6em 1.4em }
svg.forest { max-width: 760px; width: 100% } svg text { font: 12px system-ui, sans-serif;
  fill: #374151 } svg .rule { stroke: #e5e7eb } svg .none { fill: #b91c1c }
.bar { display: flex; width: 150px; height: 13px; background: #f3f4f6; margin-top: .3em }
.bar .none { background: #d1d5db } .bar .half { background: #fcd34d }
.bar .full { background: #22c55e }
img.sheet { width: 100%; border: 1px solid #e5e7eb } .films { display: flex; flex-wrap: wrap;
  gap: 10px } figure { margin: 0 } figcaption { font-size: 12px } code { font-size: 13px }
"""


def html(found: Report, sheets: Sheets, films: Shots) -> str:
    """Return the page."""
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>Evaluation</title><style>{_STYLE}</style></head><body>',
        *_head(found),
        *_problems(found),
        *(part for setting in found['setup']['settings'] for part in _success(found, setting)),
        *_settings(found),
        *_comparisons(found),
        *_stages(found),
        *_pictures(found, sheets, films),
        *_reading(found),
        '</body></html>',
    ]
    return '\n'.join(parts) + '\n'


def _head(found: Report) -> Iterable[str]:
    setup = found['setup']
    yield '<h1>Evaluation on the tasks</h1>'
    what = f'{len(setup["tasks"])} tasks, {setup["episodes"]} episodes a task, setting and policy'
    seeds = f'{setup["seeds"]} seeds from {setup["first_seed"]} on, the same for every policy'
    privileged = 'sensors only' if setup['sensors_only'] else 'privileged policies allowed'
    yield f'<p class="lead">{what}; {seeds}; robot {escape(setup["robot"])}; {privileged}; '
    yield f'played {escape(setup["played"])}.</p>'
    rows = [['method', 'policies', 'content']]
    for i, (name, specs) in enumerate(setup['methods'].items()):
        codes = '<br>'.join(f'<code>{escape(spec)}</code>' for spec in specs)
        ids = '<br>'.join(f'<code>{escape(setup["content"][spec])}</code>' for spec in specs)
        rows.append([_method(name, i), codes, ids])
    yield _table(rows)


def _problems(found: Report) -> Iterable[str]:
    if found['problems']:
        lines = ''.join(f'<li>{escape(line)}</li>' for line in found['problems'])
        yield f'<div class="problems"><b>Without a score</b><ul>{lines}</ul></div>'


def _success(found: Report, setting: str) -> Iterable[str]:
    setup = found['setup']
    cells, columns = cells_of(found, setting), columns_of(found)
    titles = {**setup['titles'], 'all': 'all tasks'}
    yield f'<h2>Success, setting “{escape(setting)}”</h2>'
    yield forest(list(setup['methods']), columns, cells, titles)
    rows = [['method', '', *(escape(titles[task]) for task in columns)]]
    kinds = (('strict', 'every stage 1'), ('loose', 'last stage 1'), ('score', 'stage score'))
    for i, method in enumerate(setup['methods']):
        for measure, what in kinds:
            name = _method(method, i) if measure == 'strict' else ''
            shown = [_figure(cells[method, task], measure) for task in columns]
            rows.append([name, f'<span class="muted">{what}</span>', *shown])
    yield _table(rows)
    lost = [c for c in cells.values() if c['blow_ups'] and c['task'] != 'all']
    for cell in lost:
        yield (
            f'<p class="note">{escape(cell["method"])}, {escape(cell["task"])}: the physics broke '
            f'in {cell["blow_ups"]} of {cell["planned"]} episodes, which have no score.</p>'
        )


def _settings(found: Report) -> Iterable[str]:
    """Show what the paper's perturbations cost."""
    setup = found['setup']
    if len(setup['settings']) < 2:
        return
    task = columns_of(found)[-1]
    first = setup['settings'][0]
    yield '<h2>Perturbations</h2>'
    rows = [['method', *(escape(s) for s in setup['settings'])]]
    for i, method in enumerate(setup['methods']):
        shown = []
        for setting in setup['settings']:
            cell = cells_of(found, setting)[method, task]
            shown.append(_figure(cell, 'strict') + _change(found, cell, method, task, first))
        rows.append([_method(method, i), *shown])
    yield _table(rows)
    yield (
        f'<p class="note">Success with every stage 1, {_of(found, task)}; in brackets behind it '
        f'the change against “{escape(first)}”.</p>'
    )


def _change(found: Report, cell: Mapping[str, Any], method: str, task: str, first: str) -> str:
    before = cells_of(found, first)[method, task]
    if cell['setting'] == first or not (cell['figures'] and before['figures']):
        return ''
    change = cell['figures']['strict']['mean'] - before['figures']['strict']['mean']
    return f' <span class="muted">({change:+.2f})</span>'


def _of(found: Report, task: str) -> str:
    if task == 'all':
        return 'mean over the tasks'
    return f'task {escape(found["setup"]["titles"][task])}'


def _comparisons(found: Report) -> Iterable[str]:
    if not found['comparisons']:
        return
    baseline = escape(found['setup']['baseline'])
    yield f'<h2>Against “{baseline}”, on the same episodes</h2>'
    rows = [['method', 'task', 'setting', 'difference', 'better : worse', 'p', 'p (Holm)',
             'stage score', 'p', 'over training seeds']]  # fmt: skip
    order = {name: i for i, name in enumerate(found['setup']['methods'])}
    for row in found['comparisons']:
        strict, score = row['strict'], row['score']
        rows.append([
            _method(row['method'], order[row['method']]),
            escape(row['task']), escape(row['setting']),
            _difference(strict['difference'], row['holm_p']),
            f'{strict["better"]} : {strict["worse"]}', p_value(strict['p']),
            p_value(row['holm_p']), f'{score["difference"]:+.2f}', p_value(score['p']),
            _over_seeds(row['seeds']),
        ])  # fmt: skip
    yield _table(rows)
    yield (
        '<p class="note">Difference and better : worse are of success with every stage 1; '
        'coloured where p (Holm) is below .05. The first p values are about these very policies '
        'on new episodes (exact McNemar test; for several training seeds exact sign flips of '
        'their means); the last column is about the methods trained again (paired t over '
        'training seeds), which needs the same number of seeds, at least two, on both sides.</p>'
    )


def _difference(value: float, p: float) -> str:
    kind = ('win' if value > 0 else 'loss') if p < 0.05 else ''
    return f'<span class="{kind}">{value:+.2f}</span>'


def _over_seeds(seeds: Mapping[str, Any] | None) -> str:
    if seeds is None:
        return '<span class="muted">–</span>'
    interval = ''
    if seeds['low'] is not None:
        interval = f' [{seeds["low"]:+.2f}, {seeds["high"]:+.2f}], p {p_value(seeds["p"])}'
    return f'{seeds["difference"]:+.2f}{interval} ({seeds["seeds"]} seeds)'


def _stages(found: Report) -> Iterable[str]:
    if not found['stages']:
        return
    setup = found['setup']
    order = {name: i for i, name in enumerate(setup['methods'])}
    yield '<h2>Stages</h2>'
    rows = [['task', 'stage', 'setting', 'method', 'mean score', '0 / 0.5 / 1', '']]
    stages = {t: {s: i for i, s in enumerate(setup['stage_names'][t])} for t in setup['tasks']}
    ranked = sorted(
        found['stages'],
        key=lambda r: (
            setup['tasks'].index(r['task']), stages[r['task']][r['stage']],
            setup['settings'].index(r['setting']), order[r['method']],
        ),
    )  # fmt: skip
    before: tuple[str, ...] = ()
    for row in ranked:
        where = (row['task'], row['stage'])
        names = [escape(setup['titles'][row['task']]), escape(row['stage'])]
        shares = ' / '.join(f'{share:.0%}' for share in row['shares'])
        rows.append([
            *(names if where != before else ['', '']), escape(row['setting']),
            _method(row['method'], order[row['method']]), short(row['mean']), shares,
            bar(row['shares']),
        ])  # fmt: skip
        before = where
    yield _table(rows)


def _pictures(found: Report, sheets: Sheets, films: Shots) -> Iterable[str]:
    if not sheets:
        return
    yield '<h2>Episodes</h2>'
    yield (
        '<p class="note">The first failures of each policy, and its first success: moments of '
        f'each episode from left to right, and films at {SPEED} times the speed of the robot.</p>'
    )
    for (method, task, setting), path in sheets.items():
        title = f'{method}: {found["setup"]["titles"][task]}, {setting}'
        yield f'<h3>{escape(title)}</h3>'
        yield f'<img class="sheet" alt="{escape(title)}" src="{_inside(path, "image/jpeg")}">'
        shown = [
            take
            for take, _ in films
            if (take.method, take.outcome.task, take.outcome.setting) == (method, task, setting)
        ]
        yield f'<div class="films">{"".join(map(_film, shown))}</div>'


def _film(take: Take) -> str:
    if not take.path.exists():
        return ''
    how = 'success' if take.outcome.strict else 'failure'
    return (
        f'<figure><video controls muted loop preload="metadata" width="270" '
        f'src="{_inside(take.path, "video/mp4")}"></video>'
        f'<figcaption>seed {take.outcome.seed}: {how}</figcaption></figure>'
    )


def _inside(path: Path, kind: str) -> str:
    return f'data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}'


def _reading(found: Report) -> Iterable[str]:
    setup = found['setup']
    yield '<h2>How to read this</h2>'
    yield (
        f'<p class="note">Intervals hold {setup["confidence"]:.0%}. Of one policy they are '
        'Wilson’s over its episodes; of a method with several training seeds they are t intervals '
        'over the means of the seeds, and never narrower than Wilson’s over all episodes. Scores '
        'of stages are 0, 0.5 or 1 by the rubric of the task, computed from the state of the '
        'physics; the stage score is their mean. Episodes in which the physics broke have no '
        'score and are counted apart; a policy that fails has no figure at all. With '
        f'{setup["episodes"]} episodes, two rates near one half have to differ by about '
        f'{setup["detectable_difference"]:.2f} to be told apart with a power of 80 % (unpaired).'
        '</p>'
    )


def _method(name: str, i: int) -> str:
    return f'<span class="dot" style="background:{color(i)}"></span>{escape(name)}'


def _figure(cell: Mapping[str, Any], measure: str) -> str:
    text = escape(figure(cell, measure))
    if measure not in cell['figures']:
        return f'<span class="missing">{text}</span>'
    mean, space, interval = text.partition(' ')
    return f'<b>{mean}</b>{space}<span class="muted">{interval}</span>'


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first row is the head; cells are HTML already."""
    head = ''.join(f'<th>{cell}</th>' for cell in rows[0])
    body = ''.join(f'<tr>{"".join(f"<td>{cell}</td>" for cell in row)}</tr>' for row in rows[1:])
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'
