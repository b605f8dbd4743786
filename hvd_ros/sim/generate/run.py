# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A whole dataset of episodes: people first, then a policy made of the experts, then its rollouts.

What is done stays, so the same command goes on after Ctrl-C, a crash or a killed worker. A folder
belongs to one plan, which lies in it, and to one run at a time.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
import fcntl
import json
import os
from pathlib import Path
from typing import Any

from hvd_ros.core.durable import write_whole
from hvd_ros.core.errors import ConfigError, EpisodeError
from hvd_ros.core.pool import run_pool
from hvd_ros.core.progress import Progress
from hvd_ros.sim.generate.making import Made, Order, check_policy, make
from hvd_ros.sim.generate.plan import Job, Plan
from hvd_ros.sim.policies.neighbours import fit_neighbours, save_neighbours
from hvd_ros.sim.policies.opening import sha256_of
from hvd_ros.sim.tasks.catalogue import load_sim_task

PLAN = 'generate.json'
FITTED = 'neighbours.npz'
_VERSION = 1
_AGAIN = (
    'what is done is kept: run the same command again, with fewer --workers if memory is short'
)


@dataclass
class Report:
    """What came of a plan."""

    root: Path
    made: list[Made] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Say how many of each kind there are and how they went, and what was thrown away."""
        found = []
        for kind in ('expert', 'suboptimal', 'rollout'):
            rows = [m for m in self.made if m.job.kind == kind]
            if rows:
                how = Counter(m.outcome for m in rows)
                said = ', '.join(
                    f'{how[name]} {name}' for name in ('success', 'partial', 'failure')
                )
                frames = sum(m.frames for m in rows)
                found.append(f'{kind:<12}{len(rows):>6} episodes {frames:>8} frames   {said}')
        again = [why for m in self.made for why in m.again]
        found += [f'made again: {why}' for why in again]
        return found


def generate(
    plan: Plan, root: Path, workers: int = 1, tell: Callable[[str], None] = print
) -> Report:
    """Make what a plan says in a folder, or what of it is not there yet."""
    if workers < 1:
        raise ConfigError(f'--workers {workers}: at least 1')
    plan = _settled(plan)
    with _held(root, plan):
        return _generate(plan, root, workers, tell)


def _settled(plan: Plan) -> Plan:
    """Look at the policy before anything is played."""
    if not plan.policy:
        return plan
    check_policy(plan.policy, plan.robot)
    return replace(plan, policy_sha256=sha256_of(plan.policy))


def _generate(plan: Plan, root: Path, workers: int, tell: Callable[[str], None]) -> Report:
    jobs = plan.jobs()
    # A dataset of long and short tasks ends evenly when the long ones come first.
    people = _longest_first([j for j in jobs if j.manner])
    rollouts = _longest_first([j for j in jobs if not j.manner])
    report = Report(root)
    try:
        with Progress('generate', len(jobs), sum(map(_steps, jobs)), rough=True) as progress:

            def make_all(some: Sequence[Job], policy: str = '') -> None:
                orders = [Order(job, plan, root, policy) for job in some]
                for made in run_pool(make, orders, workers, _AGAIN):
                    report.made.append(made)
                    progress.add(_steps(made.job), kept=made.kept)

            make_all(people)
            own = f'neighbours:{_fitted(root, jobs, plan)}' if plan.fits_itself else ''
            make_all(rollouts, plan.policy or own)
    except KeyboardInterrupt:
        tell(f'cut off: {len(report.made)} of {len(jobs)} episodes are there; {_AGAIN}')
        raise
    for line in report.lines():
        tell(line)
    return report


def _longest_first(jobs: Sequence[Job]) -> list[Job]:
    return sorted(jobs, key=lambda job: (-_steps(job), job.task))


def _steps(job: Job) -> int:
    """Return about how much work an episode is; only the ratio of tasks matters."""
    return round(10 * load_sim_task(job.task).limit_s)


def _fitted(root: Path, jobs: Sequence[Job], plan: Plan) -> Path:
    path = root / FITTED
    if not path.is_file():
        folders = [root / j.task / j.episode_id for j in jobs if j.kind == 'expert']
        save_neighbours(path, fit_neighbours(folders))
    return path


@contextmanager
def _held(root: Path, plan: Plan) -> Iterator[None]:
    """Claim a folder for a plan and for this run."""
    _claim(root, plan)
    handle = os.open(root, os.O_RDONLY)
    try:
        # On the folder itself, so that no lock file is left behind; it ends with this process.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise EpisodeError(
            f'{root}: another run generates here; wait for it, or choose another --out'
        ) from None
    finally:
        os.close(handle)


def _claim(root: Path, plan: Plan) -> None:
    path = root / PLAN
    said = json.loads(json.dumps({'version': _VERSION, **asdict(plan)}))
    if path.is_file():
        _same(root, _read(path), said)
        return
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ConfigError(
            f'{root} holds other things, and no {PLAN}; choose a new folder with --out'
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(said, indent=1) + '\n')
    except OSError as error:
        raise EpisodeError(
            f'{root} can not be written ({error.strerror}); choose another --out'
        ) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding='utf-8'))
        return dict(found)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f'{path}: not readable ({error}); choose another --out') from None


def _same(root: Path, there: dict[str, Any], wanted: dict[str, Any]) -> None:
    for name in wanted.keys() | there.keys():
        if there.get(name) != wanted.get(name):
            raise ConfigError(
                f'{root} is being filled with {name} = {there.get(name)!r}, not '
                f'{wanted.get(name)!r}; go on with that, or choose another --out'
            )
