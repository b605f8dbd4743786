# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The five tasks of the R1: episodes from `hvd sim generate`, datasets, test episodes.

Scenes follow from the seed and the number of an episode, so fewer demonstrations are the first of
more. Everything is kept under the hash of what it was made by.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hvd_ros.core.progress import Progress
from hvd_ros.core.robot.body import Kind
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.state import EE_POSE, POSITION
from hvd_ros.sim.generate.plan import Plan
from hvd_ros.sim.generate.run import generate
from hvd_ros.sim.generate.tape import Shows
from hvd_ros.sim.seeds import seeds_for
from hvd_training.data.columns import ColumnsConfig
from hvd_training.data.convert import Choice, convert
from hvd_training.data.convert import Plan as Conversion
from hvd_training.data.dataset import Dataset
from hvd_training.data.lerobot import layout
from hvd_training.data.statistics import norm_stats
from hvd_training.data.statistics.norm_stats import DELTA, Representation
from hvd_training.data.unit import UnitConfig
from hvd_training.evaluate import runner
from hvd_training.evaluate.outcome import Outcome
from hvd_training.evaluate.specs import parse
from hvd_training.proof import learning
from hvd_training.proof.cell import Cell, Data, Scale, digest_of

# Joint velocities tell a policy what it is doing, which it then goes on doing.
STATE = (POSITION, EE_POSE)
# Episodes are drawn apart for each kind.
_STREAM = {'experts': 0, 'imperfect': 1000, 'rollouts': 2000}


@dataclass(frozen=True)
class R1World:
    """Implements World in a workplace."""

    root: Path
    robot: str = 'r1'
    workers: int = 1

    def datasets(self, data: Data, scale: Scale) -> list[str]:
        """Return demonstrations, and what there is of imperfect episodes."""
        experts = self._dataset('experts', data, scale)
        if not (experts / layout.NORM_STATS).is_file():
            made = Dataset(experts)
            how = Representation(DELTA, scale.horizon, self._positions())
            norm_stats.save(norm_stats.compute(made, how), made)
        mixed = [self._dataset(kind, data, scale) for kind in ('imperfect', 'rollouts')
                 if getattr(data, kind)]  # fmt: skip
        for path in mixed:
            if not (path / layout.NORM_STATS).is_file():
                norm_stats.use(Dataset(path), Dataset(experts))
        return [f'optimal:{experts}', *(f'mixed:{path}' for path in mixed)]

    def outcomes(self, cell: Cell, run: Path) -> Sequence[Outcome]:
        """Play the test episodes, or read those that are known."""
        spec = parse(f'run:{run}')
        plan = runner.Plan(
            specs=(spec,),
            tasks=cell.data.tasks,
            settings=('usual',),
            seeds=tuple(seeds_for(cell.scale.purpose, cell.scale.episodes)),
            robot=self.robot,
            workers=self.workers,
            sensors_only=cell.scale.sees != 'sim_state',
            cloud='table' if cell.scale.sees == 'cloud' else 'rays',
        )
        count = len(plan.seeds) * len(plan.tasks)
        with Progress('play', count, count, rough=True) as progress:
            found = runner.run(
                plan,
                self.root / 'episodes',
                lambda job, outcome, known: progress.add(1, kept=known),
            )
        return found[spec]

    def _positions(self) -> tuple[str, ...]:
        body = load_body(self.robot)
        return tuple(d.name for d in body.dimensions if d.kind is Kind.POSITION)

    def _dataset(self, kind: str, data: Data, scale: Scale) -> Path:
        """Return a dataset of the first episodes of the pools of every task."""
        count = getattr(data, kind)
        pools = tuple(self._pool(kind, task, data, scale) for task in data.tasks)
        stats = [data.experts, scale.horizon]  # of whose actions the numbers are normalised by
        names = [kind, [p.name for p in pools], count, stats, STATE]
        out = self.root / 'datasets' / digest_of(names)
        if not (out / layout.INFO).is_file():
            out.parent.mkdir(parents=True, exist_ok=True)
            columns = ColumnsConfig(state=STATE, horizon=scale.horizon, next_step=scale.horizon)
            config = UnitConfig(columns, cloud='float16' if scale.sees == 'cloud' else 'off')
            how = Conversion(out, layout.V30, config, (), self.workers, resume=True)
            convert(Choice(pools, per_source=count), how, _quiet)
        return out

    def _pool(self, kind: str, task: str, data: Data, scale: Scale) -> Path:
        """Return a folder of episodes of one kind and task."""
        policy = f'run:{self._imitator(task, data, scale)}' if kind == 'rollouts' else ''
        plan = Plan(
            mix=kind,
            episodes=getattr(data, kind),
            tasks=(task,),
            seed=data.seed + _STREAM[kind],
            robot=self.robot,
            policy=policy,
            shows=Shows(sim_state=True, cloud='table' if scale.sees == 'cloud' else False),
        )
        # A run lies under its own hash, so its name says all about it.
        known = replace(plan, policy=Path(policy).name)
        out = self.root / 'pools' / f'{task}.{kind}.{known.digest}'
        whole = out.with_name(f'{out.name}.whole')
        if not whole.is_file():  # two processes may share a pool that is done
            out.parent.mkdir(parents=True, exist_ok=True)
            generate(plan, out, self.workers, _quiet)
            whole.touch()
        return out

    def _imitator(self, task: str, data: Data, scale: Scale) -> Path:
        """Return the policy that plays rollouts: it imitates the same demonstrations."""
        alone = Data((task,), data.experts, seed=data.seed)
        cell = Cell('bc', alone, 0, scale)
        return learning.policy_of(cell, self.datasets(alone, scale), None, self.root).path


def _quiet(line: str) -> None:
    return None
