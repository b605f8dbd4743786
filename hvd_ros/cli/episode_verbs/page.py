# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One self-contained HTML file about an episode: what it is, how it went, what it looked like."""

import base64
from html import escape
import io
from typing import Any

import numpy as np

from hvd_ros.cli.episode_verbs.figure import draw
from hvd_ros.core.episodes.reader import Episode

_SHOTS = 8  # pictures a camera
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1250px; padding: 0 1em }
table { border-collapse: collapse } td { padding: .15em 1.2em .15em 0; vertical-align: top }
td:first-child, figcaption { color: #6b7280 } .bad { color: #b91c1c; font-weight: 600 }
img.figure { width: 100% } figure { margin: 0 } figcaption { font-size: 12px }
.shots { display: flex; gap: 4px; overflow-x: auto } .shots img { width: 150px; display: block }
"""


def png(episode: Episode) -> bytes:
    """Return the figure alone."""
    buffer = io.BytesIO()
    draw(episode).savefig(buffer, format='png', dpi=90)
    return buffer.getvalue()


def html(episode: Episode) -> str:
    """Return the page; it needs nothing but itself."""
    meta = episode.meta
    health = 'healthy' if meta.healthy else '<span class="bad">not healthy</span>'
    source = f'data:image/png;base64,{base64.b64encode(png(episode)).decode()}'
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f'<title>{escape(meta.episode_id)}</title><style>{_STYLE}</style></head><body>',
        f'<h1>{escape(meta.task)}</h1><p>{escape(meta.prompt)}</p>',
        f'<p>{health}{"".join(f"<br>{escape(note)}" for note in meta.notes)}</p>',
        _table(_facts(episode)),
        *(_shots(episode, camera) for camera in meta.cameras),
        f'<img class="figure" alt="asked, sent and measured" src="{source}">',
        '</body></html>',
    ]
    return '\n'.join(parts)


def _facts(episode: Episode) -> dict[str, Any]:
    meta, table = episode.meta, episode.table()
    facts: dict[str, Any] = {
        'episode': meta.episode_id,
        'kind, outcome': f'{meta.kind}, {meta.outcome or "nobody has said"}',
        'operator': meta.operator or 'unknown',
        'robot': f'{meta.robot}, layout {meta.layout_id}, limits {meta.limits_id}',
        'started': meta.started,
        'length': f'{meta.frames} frames in {meta.duration_s:.1f} s, {meta.rate_hz:.2f} Hz',
        'lost': meta.drops,
        'interventions': f'{int(table.intervention.sum())} frames',
        'refusals': int(table.refused.sum()),
        'clipped': f'{float((table.clip > 0).any(axis=1).mean()):.0%} of the frames',
    }
    return facts | {f'cadence: {name}': value for name, value in meta.cadence.items()}


def _table(rows: dict[str, Any]) -> str:
    cells = (
        f'<tr><td>{escape(str(k))}</td><td>{escape(str(v))}</td></tr>' for k, v in rows.items()
    )
    return f'<table>{"".join(cells)}</table>'


def _shots(episode: Episode, camera: str) -> str:
    stamps = episode.table().stamp_ns
    shots = []
    for i in np.unique(np.linspace(0, len(stamps) - 1, _SHOTS).astype(int)):
        data = episode.color(camera, int(i))
        if data is None:
            continue
        at_s = (stamps[i] - stamps[0]) / 1e9
        source = f'data:image/jpeg;base64,{base64.b64encode(data).decode()}'
        shots.append(
            f'<figure><img alt="{escape(camera)} at {at_s:.1f} s" src="{source}">'
            f'<figcaption>{at_s:.1f} s</figcaption></figure>'
        )
    return f'<h3>{escape(camera)}</h3><div class="shots">{"".join(shots)}</div>'
