# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How hard a task is, by the four numbers of the paper's appendix B.6 and their mean.

Each is computed on every demonstration and averaged over those of a task; then each is scaled to
[0, 1] over the tasks that are compared, so the final score means something only beside others.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_training.data.source import Float

VARIANCE = 1e-4  # from which a joint counts as involved
METRICS = ('time', 'kinematic', 'control', 'coord')
_HEAD = ('Temporal', 'Kinematic', 'Control', 'Coordination', 'Final score')


@dataclass(frozen=True)
class Complexity:
    """The four metrics of one demonstration, or their means over several."""

    time: float  # C_time [s]
    kinematic: float  # C_kinematic: sum of the l1 steps of all joints
    control: float  # C_control: sum of the l2 norms of the third differences
    coord: float  # C_coord: joints whose variance exceeds VARIANCE


def measure(q: Float, period_s: float) -> Complexity:
    """Measure one demonstration of joint states (T, D), equations 11 to 14."""
    if q.ndim != 2 or not np.isfinite(q).all():
        raise ConfigError(f'joint states of shape {q.shape} must be finite, (frames, joints)')
    third = q[3:] - 3 * q[2:-1] + 3 * q[1:-2] - q[:-3]
    return Complexity(
        time=len(q) * period_s,
        kinematic=float(np.abs(np.diff(q, axis=0)).sum()),
        control=float(np.linalg.norm(third, axis=1).sum()) if len(q) > 3 else 0.0,
        coord=float((q.var(axis=0) > VARIANCE).sum()),
    )


def mean(found: Iterable[Complexity]) -> Complexity:
    """Average the demonstrations of one task."""
    rows = np.array([[getattr(one, name) for name in METRICS] for one in found])
    return Complexity(*(float(value) for value in rows.mean(axis=0)))


def scaled(tasks: Mapping[str, Complexity]) -> dict[str, tuple[float, ...]]:
    """Return each metric scaled to [0, 1] over the tasks and, last, their mean."""
    rows = np.array([[getattr(one, name) for name in METRICS] for one in tasks.values()])
    span = rows.max(axis=0) - rows.min(axis=0)
    unit = np.where(span > 0, (rows - rows.min(axis=0)) / np.where(span > 0, span, 1), 0.0)
    return {
        name: (*map(float, row), float(row.mean())) for name, row in zip(tasks, unit, strict=True)
    }


def table(tasks: Mapping[str, Complexity], counts: Mapping[str, int]) -> str:
    """Return the paper's Table 4, and under it the numbers before scaling."""
    width = max(len('Task'), *(len(name) for name in tasks))
    lines = [f'{"Task":<{width}}  ' + '  '.join(f'{h:>12}' for h in _HEAD)]
    for name, row in scaled(tasks).items():
        lines.append(f'{name:<{width}}  ' + '  '.join(f'{x:>12.2f}' for x in row))
    lines += ['', f'{"before scaling":<{width}}']
    units = ('s', '', '', 'joints')
    for name, one in tasks.items():
        values = [
            f'{getattr(one, metric):.4g} {unit}'.strip()
            for metric, unit in zip(METRICS, units, strict=True)
        ]
        cells = '  '.join(f'{v:>12}' for v in [*values, f'{counts[name]} episodes'])
        lines.append(f'{name:<{width}}  {cells}')
    return '\n'.join(lines)
