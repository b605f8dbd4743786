# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Recorded episodes into one dataset: choose, convert each in a process of its own, put together.

What is done stays in `<out>.partial` until the dataset is whole, so an interrupted conversion goes
on where it was. An episode that can not be converted is named with its reason; the others wait.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
import shutil

from hvd_ros.core.errors import ConfigError, ContractMismatch, EpisodeError, HvdError
from hvd_ros.core.pool import run_pool
from hvd_ros.core.progress import Progress
from hvd_training.data.assemble import assemble, refuse_existing
from hvd_training.data.facts import EpisodeFacts
from hvd_training.data.native import (
    NativeSource,
    find_episodes,
    native_facts,
    sim_state_names,
)
from hvd_training.data.unit import UnitConfig, make_unit, read_unit, still_good

_NAMED = 10  # refused episodes that a message lists
_AFTER_DEATH = 'what is done is kept: run again with --resume and fewer --workers'


@dataclass(frozen=True)
class Choice:
    """Which episodes go into a dataset."""

    sources: tuple[Path, ...]
    prompts: tuple[str, ...] = ()  # one a source, in place of what was recorded
    per_source: int | None = None  # the first so many of each source
    success_only: bool = False
    kinds: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.prompts and len(self.prompts) not in (1, len(self.sources)):
            raise ConfigError(
                f'{len(self.prompts)} prompts for {len(self.sources)} folders; '
                'give one for all, or one each in the same order'
            )

    def takes(self, facts: EpisodeFacts) -> bool:
        """Whether an episode passes the filters."""
        return (
            (not self.kinds or facts.kind in self.kinds)
            and (not self.tasks or facts.task in self.tasks)
            and (facts.success or not self.success_only)
        )


@dataclass(frozen=True)
class Job:
    """One episode to convert; travels to a worker."""

    source: NativeSource
    facts: EpisodeFacts  # as recorded
    config: UnitConfig
    unit: Path


@dataclass(frozen=True)
class Done:
    """What came of a job; `error` is empty when it went well."""

    episode_id: str
    frames: int
    error: str = ''
    kept: bool = False  # from before


def choose(
    choice: Choice, skip_bad: bool = False, tell: Callable[[str], None] = print
) -> list[tuple[Path, EpisodeFacts]]:
    """Return folders and facts of the chosen episodes; raises for what can not stand together."""
    found: list[tuple[Path, EpisodeFacts]] = []
    for number, place in enumerate(choice.sources):
        prompt = choice.prompts[number % len(choice.prompts)] if choice.prompts else ''
        rows = _facts(find_episodes(place), prompt, skip_bad, tell)
        fit = [(folder, facts) for folder, facts in rows if choice.takes(facts)]
        found += fit[: choice.per_source]
    if not found:
        raise ConfigError(
            f'none of the episodes in {", ".join(map(str, choice.sources))} passes the filters'
        )
    _once(found)
    _one_body(found)
    return found


def _facts(
    folders: Sequence[Path], prompt: str, skip_bad: bool, tell: Callable[[str], None]
) -> Iterator[tuple[Path, EpisodeFacts]]:
    for folder in folders:
        try:
            yield folder, native_facts(folder, prompt)
        except HvdError as error:
            if not skip_bad:
                raise
            tell(f'refused {folder.name}: {error}')


def _once(found: Sequence[tuple[Path, EpisodeFacts]]) -> None:
    counts = Counter(facts.episode_id for _, facts in found)
    for name, count in counts.items():
        if count > 1:
            places = ', '.join(str(folder) for folder, f in found if f.episode_id == name)
            raise ContractMismatch(f'episode {name} occurs {count} times: {places}; name it once')


def _one_body(found: Sequence[tuple[Path, EpisodeFacts]]) -> None:
    first: dict[str, EpisodeFacts] = {}
    for _, facts in found:
        first.setdefault(facts.layout_id, facts)
    if len(first) > 1:
        bodies = '; '.join(
            f'{facts.robot} {layout} (such as {facts.episode_id})'
            for layout, facts in first.items()
        )
        raise ContractMismatch(f'episodes of different bodies: {bodies}; convert them apart')


@dataclass(frozen=True)
class Plan:
    """Everything about a conversion but the choice of episodes."""

    out: Path
    format: str
    config: UnitConfig
    cameras: tuple[str, ...] | None = None
    workers: int = 1
    resume: bool = False
    skip_bad: bool = False
    keep_units: bool = False
    sim_state: bool = True  # take what a simulation knows, where it was recorded


def convert(choice: Choice, plan: Plan, tell: Callable[[str], None] = print) -> Path:
    """Convert the chosen episodes into a dataset and return its folder."""
    refuse_existing(plan.out)
    work = plan.out.with_name(plan.out.name + '.partial')
    if work.exists() and not plan.resume:
        raise ConfigError(f'{work} is left of a conversion; go on with --resume, or remove it')
    chosen = choose(choice, plan.skip_bad, tell)
    plan = _with_sim_state(plan, chosen)
    jobs = [_job(folder, facts, plan, work) for folder, facts in chosen]
    bare = sum(not facts.ends for _, facts in chosen)
    if bare:
        tell(f'note: {bare} of {len(chosen)} episodes have no stage marks: no stage of them pays')
    work.mkdir(parents=True, exist_ok=True)
    done = _run_all(jobs, plan.workers)
    _report(done, work, plan, tell)
    good = {d.episode_id for d in done if not d.error}
    units = [read_unit(job.unit) for job in jobs if job.facts.episode_id in good]
    assemble(units, plan.out, plan.format, work / 'dataset')
    if not plan.keep_units:
        shutil.rmtree(work)
    return plan.out


def _with_sim_state(plan: Plan, chosen: Sequence[tuple[Path, EpisodeFacts]]) -> Plan:
    names = sim_state_names(chosen) if plan.sim_state else ()
    columns = replace(plan.config.columns, sim_state=names)
    return replace(plan, config=replace(plan.config, columns=columns))


def _job(folder: Path, facts: EpisodeFacts, plan: Plan, work: Path) -> Job:
    columns, cloud = plan.config.columns, plan.config.cloud != 'off'
    source = NativeSource(
        folder, facts.prompt, plan.cameras, columns.state, cloud, columns.sim_state
    )
    return Job(source, facts, plan.config, work / 'units' / facts.episode_id)


def convert_one(job: Job) -> Done:
    """Convert one episode; a failure is a result, so that it takes nothing else down."""
    try:
        kept = still_good(job.source, job.config, job.unit)
        unit = make_unit(job.source, job.config, job.unit)
    except HvdError as error:
        return Done(job.facts.episode_id, job.facts.frames, str(error))
    except Exception as error:
        return Done(job.facts.episode_id, job.facts.frames, f'{type(error).__name__}: {error}')
    return Done(unit.facts.episode_id, job.facts.frames, kept=kept)


def _run_all(jobs: Sequence[Job], workers: int) -> list[Done]:
    frames = sum(job.facts.frames for job in jobs)
    found = []
    with Progress('convert', len(jobs), frames) as progress:
        for done in run_pool(convert_one, jobs, workers, _AFTER_DEATH):
            found.append(done)
            progress.add(done.frames, kept=done.kept)
    return found


def _report(done: Sequence[Done], work: Path, plan: Plan, tell: Callable[[str], None]) -> None:
    bad = sorted((d for d in done if d.error), key=lambda d: d.episode_id)
    for one in bad[:_NAMED]:
        tell(f'refused {one.episode_id}: {one.error}')
    if len(bad) > _NAMED:
        tell(f'... and {len(bad) - _NAMED} more')
    if bad and not plan.skip_bad:
        raise EpisodeError(
            f'{len(bad)} of {len(done)} episodes can not be converted (see above); the others are '
            f'kept in {work}. Mend them and run again with --resume, or leave them out with '
            '--resume --skip-bad'
        )
