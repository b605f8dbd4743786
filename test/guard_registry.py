# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The registry test/guards.yaml as objects."""

from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Guard:
    """One guard, its proof, and how to take it away."""

    name: str
    tests: tuple[str, ...]
    file: str
    find: str
    replace: str

    def removed_from(self, text: str) -> str:
        """Return the text of the file without the guard."""
        if text.count(self.find) != 1:
            raise ValueError(f'{self.name}: {self.find!r} occurs {text.count(self.find)} times')
        return text.replace(self.find, self.replace)


def load() -> list[Guard]:
    """Read the registry."""
    rows = yaml.safe_load((ROOT / 'test' / 'guards.yaml').read_text(encoding='utf-8'))
    return [Guard(row['guard'], tuple(row['tests']), **row['mutation']) for row in rows]
