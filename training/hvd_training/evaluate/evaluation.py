# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One evaluation from names to figures: what `hvd eval` does, for whoever calls it from Python.

Everything is checked before the first episode; results, films and report end up in one folder.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from hvd_ros.core.durable import write_whole
from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.pool import run_pool
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.tasks import load_task
from hvd_ros.sim.tasks.catalogue import load_sim_task
from hvd_ros.sim.tasks.setting import load_setting
from hvd_training.evaluate.films import Film, Take, choose, contact_sheet, film
from hvd_training.evaluate.folder import claim
from hvd_training.evaluate.identity import content_id
from hvd_training.evaluate.page import html
from hvd_training.evaluate.report import Setup, report
from hvd_training.evaluate.runner import LOOKS, Plan, Tell, refuse_unplayable, run
from hvd_training.evaluate.specs import parse
from hvd_training.evaluate.tables import ALL, Evaluation, Method

RESULTS, PICTURES, REPORT, PAGE = 'episodes', 'pictures', 'report.json', 'report.html'


def methods_of(specs: Sequence[str], groups: Sequence[str]) -> tuple[Method, ...]:
    """Read the policies of a command line; a group is name=SPEC,SPEC, one a training seed."""
    made = [Method(spec.label, (spec,)) for spec in map(parse, specs)]
    for text in groups:
        name, equals, members = text.partition('=')
        if not (name and equals and members):
            raise ConfigError(f"group '{text}': write name=SPEC,SPEC")
        parts = tuple(parse(member) for member in members.split(','))
        if len(set(parts)) < len(parts):
            raise ConfigError(f"group '{name}': a policy is named twice")
        made.append(Method(name, parts))
    if not made:
        raise ConfigError('which policy? name at least one, for example expert or run:PATH')
    return _told_apart(made)


def _told_apart(methods: Sequence[Method]) -> tuple[Method, ...]:
    """Give methods of one name their full specs as names; raises for the same one twice."""
    names = [method.name for method in methods]
    full = [
        replace(m, name=str(m.specs[0])) if names.count(m.name) > 1 and len(m.specs) == 1 else m
        for m in methods
    ]
    for method in full:
        if method.name == ALL or [m.name for m in full].count(method.name) > 1:
            raise ConfigError(f"policy '{method.name}' is named twice; name it once")
    return tuple(full)


def checked(setup: Setup) -> Setup:
    """Return a setup whose names all exist; raises ConfigError."""
    plan = setup.plan
    for task in plan.tasks:
        # A lab's own task needs no scene to be tried on a robot.
        (load_task if plan.real else load_sim_task)(task)
    for setting in plan.settings:
        load_setting(setting)
    for what, names in (('task', plan.tasks), ('setting', plan.settings)):
        if not names or len(set(names)) < len(names):
            raise ConfigError(
                f'{what}s {", ".join(names) or "(none)"}: name at least one, each once'
            )
    if not plan.seeds:
        raise ConfigError('no episodes: at least 1 a task and setting is needed')
    if plan.cloud not in LOOKS:
        raise ConfigError(f"cloud '{plan.cloud}': {did_you_mean(plan.cloud, LOOKS)}")
    rows = [method.name for method in setup.methods]
    if setup.baseline is not None and setup.baseline not in rows:
        raise ConfigError(f"baseline '{setup.baseline}': {did_you_mean(setup.baseline, rows)}")
    return setup


def plan_of(methods: Sequence[Method], **choices: Any) -> Plan:
    """Return a plan that plays every policy of some methods once."""
    specs = dict.fromkeys(spec for method in methods for spec in method.specs)
    return Plan(specs=tuple(specs), **choices)


def evaluate(
    setup: Setup,
    out: Path,
    films: int = 0,
    tell: Tell = lambda job, outcome, known: None,
    say: Callable[[str], None] = lambda line: None,
    cache: Path | None = None,
) -> dict[str, Any]:
    """Play, count, film, and write the report; return what report.json holds."""
    checked(setup)
    body = load_body(setup.plan.robot)
    ids = {str(spec): content_id(spec) for spec in setup.plan.specs}
    # Before the folder is there: what is asked wrongly leaves nothing behind.
    refuse_unplayable(setup.plan, body)
    claim(out, _about(setup, ids))
    outcomes = run(setup.plan, cache or out / RESULTS, tell)
    plan = setup.plan
    found = Evaluation(setup.methods, outcomes, plan.tasks, plan.settings, len(plan.seeds))
    if films:
        say('filming')
    made = list(_films(setup, found, out / PICTURES, films))
    sheets = _sheets(made, out / PICTURES)
    whole = report(setup, found, ids, made)
    write_whole(out / REPORT, json.dumps(whole, indent=1, allow_nan=False) + '\n')
    write_whole(out / PAGE, html(whole, sheets, [(f.take, f.take.path) for f in made]))
    return whole


def _about(setup: Setup, ids: Mapping[str, str]) -> dict[str, Any]:
    plan = setup.plan
    return {
        'kind': 'hvd evaluation',
        'methods': {m.name: [str(spec) for spec in m.specs] for m in setup.methods},
        'content': dict(ids),
        'tasks': plan.tasks,
        'settings': plan.settings,
        'seeds': setup.purpose,
        'first_seed': plan.seeds[0],
        'episodes': len(plan.seeds),
        'robot': plan.robot,
        'cloud': plan.cloud,
        'graph': plan.graph,
        'hardware': plan.bench and plan.bench.hardware,
        'limit_s': plan.bench and plan.bench.limit_s,
    }


def _films(setup: Setup, found: Evaluation, folder: Path, failures: int) -> Iterator[Film]:
    """Film the first policy of every method in every cell."""
    plan = setup.plan
    takes = [
        Take(
            method.name, method.specs[0], outcome, plan.robot, plan.cloud,
            folder / f'{_plain(method.name)}.{task}.{setting}.{outcome.seed}.mp4',
        )
        for method in setup.methods
        for task in plan.tasks
        for setting in plan.settings
        for outcome in choose(found.played(method.specs[0], task, setting), failures)
    ]  # fmt: skip
    return run_pool(film, takes, plan.workers, 'run the same again with fewer --workers')


def _sheets(films: Sequence[Film], folder: Path) -> dict[tuple[str, str, str], Path]:
    """Write a contact sheet a cell."""
    cells: dict[tuple[str, str, str], list[Film]] = {}
    for one in films:
        outcome = one.take.outcome
        cells.setdefault((one.take.method, outcome.task, outcome.setting), []).append(one)
    made = {}
    for (method, task, setting), rows in cells.items():
        path = folder / f'{_plain(method)}.{task}.{setting}.jpg'
        contact_sheet(
            sorted(rows, key=lambda f: (f.take.outcome.strict, f.take.outcome.seed)), path
        )
        made[method, task, setting] = path
    return made


def _plain(name: str) -> str:
    """Return a name that any file system takes."""
    return ''.join(c if c.isalnum() or c in '-_' else '_' for c in name)
