# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The text half of the page, as pure functions from a View to HTML.

Every word that came over the wire is escaped. Every block has an animation that greys it out
unless it is replaced in time: a page whose server died or froze says so by itself.
"""

from enum import IntEnum
from html import escape
import math
from typing import Any

from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.reasons import age_text, explain
from hvd_ros.core.recorder.session import Phase
from hvd_ros.core.robot.body import Body, Dimension, Kind
from hvd_ros.nodes.viewer.view import Stream, View, commanded, measured, positions

COLORS = {
    Mode.IDLE: '#475569',
    Mode.TELEOP: '#15803d',
    Mode.POLICY: '#7e22ce',
    Mode.REPLAY: '#0e7490',
    Mode.HOME: '#1d4ed8',
    Mode.HOLD: '#b45309',
    Mode.ESTOP: '#dc2626',
}

STYLE = """<style>
@keyframes hvd-old { to { opacity: .3; filter: grayscale(1) } }
@keyframes hvd-even { to { filter: grayscale(1) brightness(.6) } }
@keyframes hvd-odd { to { filter: grayscale(1) brightness(.6) } }
@keyframes hvd-lost { to { max-height: 4em; padding: .5em .8em; margin-bottom: .5em } }
.hvd { font: 12px/1.45 system-ui, sans-serif; padding: .35em .9em; color: #dbe2ea }
.hvd b { font-weight: 600; color: #fff } .hvd .n { font-variant-numeric: tabular-nums }
.hvd .live { animation: hvd-old .3s 2s forwards }
.hvd .lost { max-height: 0; overflow: hidden; border-radius: 6px; background: #dc2626; color: #fff;
  font-weight: 600; animation: hvd-lost .1s 2s forwards }
.hvd .mode { border-radius: 8px; padding: .6em .9em; color: #fff }
.hvd .mode h1 { font-size: 30px; line-height: 1.1; margin: 0; letter-spacing: .04em }
.hvd .mode p { margin: .25em 0 0; font-size: 13px }
.hvd h2 { font-size: 11px; letter-spacing: .08em; color: #8fa1b5; margin: .4em 0 .3em;
  font-weight: 600; text-transform: uppercase }
.hvd table { border-collapse: collapse; width: 100%; table-layout: fixed }
.hvd td { padding: 1.5px 0; vertical-align: top; overflow-wrap: anywhere }
.hvd td.r { text-align: right } .hvd .dim { color: #8fa1b5 } .hvd .old { opacity: .45 }
.hvd .ok { color: #4ade80 } .hvd .bad { color: #f87171 } .hvd .warn { color: #fbbf24 }
.hvd .bar { position: relative; height: 9px; border-radius: 3px; background: #2a333e;
  margin-top: 4px }
.hvd .bar i, .hvd .bar u { position: absolute; top: 0; bottom: 0; border-radius: 3px }
.hvd .bar i { background: #38bdf8 } .hvd .bar u { width: 3px; background: #fbbf24; top: -2px;
  bottom: -2px }
</style>"""


_LOST = '<div class="lost">NOT LIVE: the viewer node does not answer any more</div>'


def top(view: View, tick: int) -> str:
    """Return the head of the right panel: the mode, and whether the robot moves or why not."""
    return _wrap(_LOST + _mode(view.mux), tick)


def side(view: View, tick: int) -> str:
    """Return the rest of the right panel: every gate, who asks, how the robot is."""
    blocks = [_task(view.task), _policy(view.policy), _recorder(view.recorder)]
    blocks += [_gates(view.mux), _sources(view.mux)]
    blocks += [_safety(view.mux), _robot(view.health), _streams(view)]
    return _wrap(''.join(blocks), tick)


def bars(body: Body, view: View, tick: int) -> str:
    """Return the left panel: what was sent and what is measured, for each dimension."""
    now = measured(body, positions(view.joints.message), view.odom.message)
    asked = commanded(body, view.command.message) if view.command.fresh else [math.nan] * body.size
    rows = dict.fromkeys(body.groups, '')
    for i, d in enumerate(body.dimensions):
        fresh = (view.odom if d.kind is Kind.VELOCITY else view.joints).fresh
        rows[d.group] += _bar_row(body, i, d, now[i], asked[i], fresh)
    legend = '<p class="dim" style="margin:.2em 0"><span style="color:#38bdf8">&#9632;</span> '
    legend += 'measured &nbsp; <span style="color:#fbbf24">&#9612;</span>sent</p>'
    tables = ''.join(
        f'<h2>{escape(g)}{_units(body, g)}</h2>{_table(r, (39, 43, 18))}' for g, r in rows.items()
    )
    return _wrap(f'<div class="live">{legend}{tables}</div>', tick)


def _wrap(inner: str, tick: int) -> str:
    # The number makes each text different, so that the browser starts the animations anew; the
    # picture is not replaced, so its animation changes its name instead.
    picture = f'<style>canvas {{ animation: hvd-{"odd" if tick % 2 else "even"} .3s 2s forwards }}'
    return f'{STYLE}{picture}</style><div class="hvd" data-tick="{tick}">{inner}</div>'


def _table(rows: str, widths: tuple[int, ...]) -> str:
    columns = ''.join(f'<col style="width:{w}%">' for w in widths)
    return f'<table><colgroup>{columns}</colgroup>{rows}</table>'


def _block(title: str, inner: str, stream: Stream) -> str:
    old = '' if stream.fresh else ' old'
    age = '' if stream.fresh else f' &middot; {age_text(stream.age_s)} old'
    return f'<div class="live{old}"><h2>{title}{age}</h2>{inner}</div>'


def _mode(mux: Stream) -> str:
    status = mux.message
    if status is None:
        return _card('#475569', 'NO MUX', 'Nothing was heard on mux/status. Start the graph.')
    name = _name(Mode, status.mode)
    if not mux.fresh:
        text = f'The mux is silent for {age_text(mux.age_s)}; its last mode was {name}.'
        return _card('#475569', 'NO MUX', text)
    color = COLORS.get(status.mode, '#475569')
    return _card(color, name.upper(), _headline(status))


def _card(color: str, title: str, text: str) -> str:
    return (
        f'<div class="live"><div class="mode" style="background:{color}">'
        f'<h1 id="hvd-mode">{escape(title)}</h1><p id="hvd-why">{escape(text)}</p></div></div>'
    )


def _headline(status: Any) -> str:
    closed = [gate for gate in status.gates if not gate.open]
    if status.moving:
        driver = f'Moving: {_name(Source, status.active_source)} drives the robot.'
        return f'{driver} But: {_because(closed[0])}.' if closed else driver
    if closed:
        return f'Not moving: {_because(closed[0])}.'
    return f'Not moving: {status.text or explain(status.reason)[0]}.'


def _because(gate: Any) -> str:
    meaning, cure = explain(gate.reason)
    fix = gate.fix or cure
    why = f'{meaning} ({gate.detail})' if meaning and gate.detail else meaning or gate.detail
    return f'{why}; {fix}' if fix else why


def _gates(mux: Stream) -> str:
    gates = mux.message.gates if mux.message else ()
    rows = ''.join(
        f'<tr><td><b>{escape(gate.name)}</b></td>'
        f'<td class="bad">&#10005; {escape(_because(gate))}</td></tr>'
        for gate in gates
        if not gate.open
    )
    well = ' '.join(f'&#10003;&nbsp;{escape(gate.name)}' for gate in gates if gate.open)
    if well:
        rows += f'<tr><td><b>open</b></td><td class="ok">{well}</td></tr>'
    return _block('Gates', _table(rows, (24, 76)), mux) if rows else ''


def _sources(mux: Stream) -> str:
    rows = ''
    for source in mux.message.sources if mux.message else ():
        tint = 'ok' if source.fresh else 'warn'
        state = _source_state(source)
        refused = f' ({source.refused} refused)' if source.refused else ''
        rows += (
            f'<tr><td><b>{escape(source.name)}</b></td><td>{escape(state)}'
            f'<span class="warn">{refused}</span></td>'
            f'<td class="r n {tint}">{age_text(source.age_s)}</td></tr>'
        )
    return _block('Sources', _table(rows, (24, 54, 22)), mux) if rows else ''


def _source_state(source: Any) -> str:
    if source.engaged:
        return 'engaged'
    if not math.isfinite(source.age_s):
        return 'not heard yet'
    return explain(source.reason)[0] if source.reason else 'not engaged'


def _safety(mux: Stream) -> str:
    status = mux.message
    if status is None:
        return ''
    latched = 'LATCHED; make safe, then: hvd estop reset' if status.estop else 'released'
    distance = _number(status.self_distance_m * 100, '{:.1f} cm')
    rows = _row('e-stop', latched, _tint(not status.estop)) + _row('self distance', distance, '')
    return _block('Safety', _table(rows, (30, 70)), mux)


def _task(stream: Stream) -> str:
    if stream.message is None:
        return ''
    rows = ''
    for pair in stream.message.values:
        if not pair.key.endswith('since_s'):
            done = pair.value in ('1', 'true')
            rows += _row(escape(pair.key), escape(pair.value), 'ok' if done else '')
    return _block('Task', _table(rows, (70, 30)), stream)


def _policy(stream: Stream) -> str:
    said = stream.message
    if said is None:
        return ''
    figures = {pair.key: pair.value for pair in said.values}
    good = said.message == 'ready'
    rows = _row(escape(figures.get('policy', '')), escape(said.message), _tint(good))
    rows += _row('prompt', escape(figures.get('prompt', '')), '')
    cost = f'{figures.get("rate_hz", "")} Hz, p99 {figures.get("latency_p99_ms", "")} ms'
    rows += _row('latency', escape(cost), '')
    return _block('Policy', _table(rows, (30, 70)), stream)


def _recorder(stream: Stream) -> str:
    status = stream.message
    if status is None:
        return ''
    state = _name(Phase, status.state)
    said = status.text if status.healthy else f'FAULT: {status.text}'
    rows = _row('recorder', f'<span id="hvd-recorder">{state}</span>', _tint(status.healthy))
    rows += _row(
        '', escape(f'{said}; {status.fix}' if status.fix else said), _tint(status.healthy)
    )
    if status.episode_id:
        rows += _row('episode', escape(f'{status.episode_id} ({status.task}, {status.kind})'), '')
        rate = f'{status.frames} in {status.duration_s:.0f} s, {status.rate_hz:.2f} Hz'
        lost = f'{status.late_ticks} late, {status.dropped} lost'
        rows += _row('frames', f'{rate}, {lost}', _tint(not status.dropped))
        rows += _row('stage', _stage(status), '')
    if status.missing:
        rows += _row('silent', escape(', '.join(status.missing)), 'warn')
    rows += _row('disk', _number(status.free_gb, '{:.1f} GB free'), '')
    return _block('Recorder', _table(rows, (30, 70)), stream)


def _stage(status: Any) -> str:
    marked = ', '.join(f'{score:g}' for score in status.scores)
    return f'{status.stage} next; marked {marked}' if marked else f'{status.stage} next'


def _robot(stream: Stream) -> str:
    health = stream.message
    if health is None:
        return ''
    ready = 'ready' if health.base_ready else escape(health.base_reason) or 'not ready'
    faults = '<br>'.join(escape(fault) for fault in health.faults) or 'none'
    rows = (
        _row('battery', _battery(health), '')
        + _row('hottest motor', _number(health.temperature_c, '{:.0f} &deg;C'), '')
        + _row('chassis', ready, _tint(health.base_ready))
        + _row('motor faults', faults, _tint(not health.faults))
    )
    return _block('Robot', _table(rows, (30, 70)), stream)


def _battery(health: Any) -> str:
    percent = _number(health.battery_percent, '{:.0f} %')
    return f'{percent}, {_number(health.battery_voltage, "{:.1f} V")}'


def _streams(view: View) -> str:
    rows = ''
    for stream in view.streams:
        age = 'live' if stream.fresh else age_text(stream.age_s)
        tint = 'ok' if stream.fresh else 'bad'
        rows += f'<tr><td>{escape(stream.topic)}</td><td class="r n {tint}">{age}</td></tr>'
    return f'<div class="live"><h2>Heard here</h2>{_table(rows, (70, 30))}</div>'


def _row(name: str, value: str, tint: str) -> str:
    return f'<tr><td><b>{name}</b></td><td class="n {tint}">{value}</td></tr>'


def _units(body: Body, group: str) -> str:
    names = dict.fromkeys(d.unit for d in body.dimensions if d.group == group and d.unit != '1')
    return f' <span style="text-transform:none;opacity:.7">{escape(", ".join(names))}</span>'


def _bar_row(body: Body, i: int, d: Dimension, now: float, asked: float, fresh: bool) -> str:
    low, high = float(body.limits.low[i]), float(body.limits.high[i])
    inner = ''
    if math.isfinite(now):
        start = _share(0.0 if low < 0.0 < high else low, low, high)
        end = _share(now, low, high)
        left, width = min(start, end), max(abs(end - start), 1.0)
        inner += f'<i style="left:{left:.1f}%;width:{width:.1f}%"></i>'
    if math.isfinite(asked):
        inner += f'<u style="left:calc({_share(asked, low, high):.1f}% - 1px)"></u>'
    old = '' if fresh else ' class="old"'
    return (
        f'<tr{old}><td>{escape(_short(d))}</td><td><div class="bar">{inner}</div></td>'
        f'<td class="r n">{_number(round(now, 2) + 0.0, "{:.2f}")}</td></tr>'  # no -0.00
    )


def _short(d: Dimension) -> str:
    return d.name.replace('_joint', ' ').replace('_', ' ')


def _share(value: float, low: float, high: float) -> float:
    return 100.0 * min(max((value - low) / (high - low), 0.0), 1.0)


def _tint(good: bool) -> str:
    return 'ok' if good else 'bad'


def _number(value: float, pattern: str) -> str:
    return pattern.format(value) if math.isfinite(value) else 'unknown'


def _name(kind: type[IntEnum], value: int) -> str:
    return kind(value).name.lower() if value in list(kind) else f'unknown ({value})'
