# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The folder of one evaluation: what it is about, its results, report, pictures.

It is gone on with by running the same again, also with more episodes; another evaluation has to go
elsewhere, since nobody could tell afterwards which figures belong together.
"""

import json
from pathlib import Path
from typing import Any

from hvd_ros.core.durable import write_whole
from hvd_ros.core.errors import ConfigError

ABOUT = 'evaluation.json'
_GROWS = 'episodes'  # the one thing that may differ from before


def claim(out: Path, about: dict[str, Any]) -> None:
    """Make the folder, or find that it is of the same evaluation; raises ConfigError."""
    path = out / ABOUT
    if path.exists():
        _refuse_another(out, _read(path), about)
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(
            f'{out} is there already and holds no evaluation; name an empty or new --out'
        )
    out.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(about, indent=1) + '\n')


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding='utf-8'))
        if isinstance(found, dict):
            return found
    except (OSError, ValueError):
        pass
    raise ConfigError(f'{path} is not readable; name another --out, or remove the folder')


def _refuse_another(out: Path, before: dict[str, Any], about: dict[str, Any]) -> None:
    # As JSON would have it: lists for tuples.
    now = json.loads(json.dumps(about))
    for key in [*before, *(key for key in now if key not in before)]:
        if key != _GROWS and before.get(key) != now.get(key):
            raise ConfigError(
                f"{out} holds another evaluation: its '{key}' is {_brief(before.get(key))}, now "
                f'{_brief(now.get(key))}; name another --out'
            )


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 200 else f'{text[:200]}...'
