# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the pages promise exists: tests, files, verbs and launch arguments."""

from pathlib import Path
import re
import tomllib
import xml.etree.ElementTree as ET

import pytest

from hvd_ros.cli.main import VERBS
from hvd_ros.core.leader.buttons import TABLE

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md'))]

LABELS = {
    'LStick': 'left stick',
    'Up': 'D-pad up',
    'Down': 'down',
    'Left': 'D-pad left',
    'Right': 'D-pad right',
}
LABELS |= {'LSL': 'SL', 'RSL': 'SL', 'LSR': 'SR', 'RSR': 'SR'}


def code_of(page):
    """Return what stands in code blocks and backticks."""
    text = page.read_text(encoding='utf-8')
    blocks = re.findall(r'```.*?\n(.*?)```', text, re.S)
    return '\n'.join(
        blocks + re.findall(r'`([^`\n]+)`', re.sub(r'```.*?```', '', text, flags=re.S))
    )


def test_every_hazard_names_a_test_that_exists():
    known = {
        name
        for file in (ROOT / 'test').rglob('test_*.py')
        for name in re.findall(r'def (test_\w+)', file.read_text(encoding='utf-8'))
    }
    rows = [r for r in (ROOT / 'docs/safety.md').read_text().splitlines() if r.startswith('| ')]
    for row in rows[1:]:
        named = set(re.findall(r'`(test_\w+)`', row))
        assert named <= known, f'{named - known} of: {row}'
        assert named or '**none**' in row, f'no test: {row}'


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding='utf-8')
    for target in re.findall(r'\]\(([^)]+)\)', text):
        file, _, anchor = target.partition('#')
        if '://' not in target and file:
            assert (page.parent / file).exists(), target
        if anchor and not file:
            heads = [h.lower().replace(' ', '-') for h in re.findall(r'^#+ (.+)$', text, re.M)]
            assert anchor in heads, target


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_every_verb_and_launch_argument_exists(page):
    names = {
        a.get('name') for f in (ROOT / 'launch').glob('*.xml') for a in ET.parse(f).iter('arg')
    }
    pyproject = tomllib.loads((ROOT / 'training/pyproject.toml').read_text())
    verbs = {*VERBS, *pyproject['project']['entry-points']['hvd.verbs']}
    for line in code_of(page).splitlines():
        if verb := re.match(r'(?:\.venv/bin/)?hvd ([a-z]+(?:-[a-z]+)*)', line):
            assert verb[1] in verbs, line
        if 'launch' in line:
            assert set(re.findall(r'\b([a-z_]+):=', line)) <= names, line


def test_the_two_commands_stand_in_the_first_ten_lines():
    head = '\n'.join((ROOT / 'README.md').read_text(encoding='utf-8').splitlines()[:10])
    makefile = (ROOT / 'Makefile').read_text(encoding='utf-8')
    for target in ('demo', 'test'):
        assert f'make {target}' in head
        assert re.search(rf'^{target}:', makefile, re.M)


def test_the_button_table_is_the_one_of_the_code():
    text = (ROOT / 'README.md').read_text(encoding='utf-8')
    section = text[text.index('### Buttons') : text.index('## Why does it not move?')]
    for row in TABLE:
        for name in row.chord:
            label = LABELS.get(name, name)
            assert re.search(rf'\b{label}\b', section), f'{row.action}: {label}'
