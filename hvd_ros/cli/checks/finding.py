# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a check of `hvd doctor` says, and how a list of checks is run without ever crashing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from hvd_ros.cli.paint import Paint, plain


class Level(StrEnum):
    """How bad it is; fail decides the exit code."""

    OK = 'ok'
    WARN = 'warn'
    FAIL = 'fail'


@dataclass(frozen=True)
class Finding:
    """One sentence about this machine or graph, and the cure when there is something to cure."""

    check: str
    level: Level
    text: str
    fix: str = ''


Check = Callable[[], Iterable[Finding]]


def ok(check: str, text: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(check, Level.OK, text)


def warn(check: str, text: str, fix: str) -> Finding:
    """Say that something will hurt in some cases."""
    return Finding(check, Level.WARN, text, fix)


def fail(check: str, text: str, fix: str) -> Finding:
    """Say that something does not work."""
    return Finding(check, Level.FAIL, text, fix)


def examine(checks: dict[str, Check]) -> list[Finding]:
    """Run every check; one that raises is itself a finding and does not stop the others."""
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            findings += check()
        except Exception as error:  # the doctor's duty: whatever is wrong here, look on
            text = f'the check itself failed: {type(error).__name__}: {error}'
            findings.append(fail(name, ' '.join(text.split()), 'please report it: hvd logs'))
    return findings


def report(findings: list[Finding], paint: Paint = plain) -> str:
    """Write the findings, one per line, with the cure below and a count at the end."""
    style = {Level.OK: 'good', Level.WARN: 'warn', Level.FAIL: 'bad'}
    lines = []
    width = max((len(f.check) for f in findings), default=0)
    for found in findings:
        mark = paint(f'{found.level:<4}', style[found.level])
        lines.append(f'{mark}  {found.check:<{width}}  {found.text}')
        if found.fix:
            lines.append(f'{"":<{width + 8}}-> {found.fix}')
    counts = [sum(f.level is level for f in findings) for level in Level]
    lines.append('{} ok, {} warnings, {} failures'.format(*counts))
    return '\n'.join(lines) + '\n'
