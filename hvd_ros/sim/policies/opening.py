# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A policy by what stands on a command line.

That is neighbours:PATH, KIND:PATH of another distribution, or module:attribute. Only this line of
text travels to a worker, which makes its own policy of it.
"""

from collections.abc import Callable
from functools import partial
import hashlib
import importlib
from importlib import metadata
from pathlib import Path
import sys
from typing import Any

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.policy.policy import Policy, checked_policy
from hvd_ros.core.robot.body import Body
from hvd_ros.sim.policies.neighbours import load_neighbours

GROUP = 'hvd.policies'  # entry points: a kind, and a function of a path that returns a policy


def open_policy(spec: str, body: Body) -> Policy:
    """Make the policy of a spec; raises HvdError for what is none, or is of another body."""
    kind, colon, argument = spec.partition(':')
    kinds = _kinds()
    if colon and kind in kinds:
        policy = kinds[kind](_there(spec, argument))
    elif colon and argument.isidentifier():
        policy = _attribute(spec, kind, argument)
    else:
        hint = did_you_mean(kind, kinds)
        raise ConfigError(f"policy '{spec}': {hint}, each with :PATH, or module:attribute")
    return checked_policy(policy, spec, body)


def sha256_of(spec: str) -> str:
    """Return the hash of the file that a spec names; empty where it names none."""
    path = Path(spec.partition(':')[2])
    if not path.is_file():
        return ''
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def _kinds() -> dict[str, Callable[[Path], Any]]:
    def load(entry: metadata.EntryPoint, path: Path) -> Any:
        return entry.load()(path)

    others = {e.name: partial(load, e) for e in metadata.entry_points(group=GROUP)}
    return {**others, 'neighbours': load_neighbours}


def _there(spec: str, argument: str) -> Path:
    path = Path(argument)
    if not argument or not path.exists():
        raise ConfigError(f"policy '{spec}': there is nothing at '{argument}'")
    return path


def _attribute(spec: str, module: str, name: str) -> Any:
    """Return the named object; a class or a function is called to make it."""
    here = str(Path.cwd())
    if here not in sys.path:  # as `python -m` has it
        sys.path.insert(0, here)
    try:
        found = getattr(importlib.import_module(module), name)
        return found if hasattr(found, 'act') and not isinstance(found, type) else found()
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"policy '{spec}': no module '{error.name}'; valid: KIND:PATH with "
            f'{", ".join(sorted(_kinds()))}, or module:attribute'
        ) from None
    except Exception as error:
        raise ConfigError(
            f"policy '{spec}' can not be made: {type(error).__name__}: {error}"
        ) from error
