# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""No guard without a proof: the registry is complete and points at things that exist."""

import ast
from collections import Counter
from functools import cache
import subprocess
import sys

import pytest

from hvd_ros.core.mux.command import Clip
from hvd_ros.core.reasons import EXPLANATION, Reason
from test.guard_registry import ROOT, load

GUARDS = load()
BY_NAME = [pytest.param(guard, id=guard.name) for guard in GUARDS]


@cache
def functions(path):
    tree = ast.parse((ROOT / path).read_text(encoding='utf-8'))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_reason_and_every_clip_bit_has_a_guard():
    named = {guard.name for guard in GUARDS}
    reasons = {str(reason) for reason in Reason if reason}
    clips = {f'clip:{clip.name}' for clip in Clip if clip}
    assert reasons | clips <= named, f'without a guard: {sorted((reasons | clips) - named)}'
    known = reasons | clips | {name for name in named if name.startswith('rule:')}
    assert named == known, f'not a guard: {sorted(named - known)}'


def test_every_guard_is_listed_once():
    assert [name for name, n in Counter(g.name for g in GUARDS).items() if n > 1] == []


@pytest.mark.parametrize('guard', BY_NAME)
def test_its_tests_exist(guard):
    assert guard.tests
    for test in guard.tests:
        path, _, name = test.partition('::')
        assert (ROOT / path).is_file(), path
        assert not name or name.partition('[')[0] in functions(path), test


@pytest.mark.ros
def test_the_parameters_that_are_named_exist():
    """Only collecting shows it; without this `make test-guards` would be the first to know."""
    named = {test for guard in GUARDS for test in guard.tests if '[' in test}
    command = [sys.executable, '-m', 'pytest', '--collect-only', '-q', '-p', 'no:cacheprovider']
    done = subprocess.run(
        [*command, *sorted({test.partition('::')[0] for test in named})],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert not done.returncode, done.stdout[-2000:]
    assert not named - set(done.stdout.splitlines())


@pytest.mark.parametrize('guard', BY_NAME)
def test_its_mutation_still_fits(guard):
    text = (ROOT / guard.file).read_text(encoding='utf-8')
    assert guard.removed_from(text) != text
    ast.parse(guard.removed_from(text))


def test_every_reason_is_explained_to_people():
    for reason in Reason:
        text, _ = EXPLANATION[reason]
        assert text
