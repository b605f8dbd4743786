# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What to evaluate, as it is written on a command line, and how to have it play.

A spec is read and its files are looked for in the process that the user started; the policy itself
is made in each worker, so that nothing but a line of text travels.
"""

from collections.abc import Callable
from dataclasses import dataclass
import importlib
import importlib.util
from pathlib import Path
import sys
from typing import Any

from hvd_ros.core.errors import ConfigError, HvdError, did_you_mean
from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.policy.policy import Policy
from hvd_ros.core.robot.body import Body
from hvd_training.evaluate.controls import Nothing, Random
from hvd_training.evaluate.players import ExpertPlayer, Player, PolicyPlayer

BARE = ('expert', 'nothing', 'random')
WITH_PATH = ('neighbours', 'run', 'bundle')
_FORMS = (*BARE, *(f'{kind}:PATH' for kind in WITH_PATH), 'module:attribute')


@dataclass(frozen=True)
class Spec:
    """One policy by name."""

    kind: str  # one of BARE, WITH_PATH, or 'module'
    argument: str = ''  # a path, or module:attribute

    def __str__(self) -> str:
        if self.kind == 'module':
            return self.argument
        return f'{self.kind}:{self.argument}' if self.argument else self.kind

    @property
    def label(self) -> str:
        """Return how tables call it."""
        return Path(self.argument).name if self.kind in WITH_PATH else str(self)


def parse(text: str) -> Spec:
    """Read a spec; raises ConfigError for one that can not be played."""
    kind, colon, argument = text.partition(':')
    if kind in BARE and not colon:
        return Spec(kind)
    if kind in WITH_PATH:
        return _with_path(kind, argument)
    if colon and argument.isidentifier() and _importable(kind):
        return Spec('module', text)
    raise ConfigError(f"policy '{text}': {_what_it_could_be(kind, colon, argument)}")


def _with_path(kind: str, argument: str) -> Spec:
    if not argument or not Path(argument).exists():
        raise ConfigError(f"policy '{kind}:{argument}': there is nothing at '{argument}'")
    return Spec(kind, str(Path(argument).resolve()))


def _what_it_could_be(kind: str, colon: str, argument: str) -> str:
    hint = did_you_mean(kind, (*BARE, *WITH_PATH)).partition('valid:')[0]
    what = 'nothing is called so; '
    if colon and argument:
        what = f"neither a kind of policy nor a module '{kind}' with '{argument}' in it; "
    return f'{what}{hint}valid: {", ".join(_FORMS)}'


def _importable(module: str) -> bool:
    _look_here()
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _look_here() -> None:
    """Let a module of the working folder be found, as `python -m` would."""
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)


def load(spec: Spec, body: Body) -> Player:
    """Make what a spec names, for one body."""
    makers: dict[str, Callable[[], Player]] = {
        'expert': lambda: ExpertPlayer(body),
        'nothing': lambda: PolicyPlayer(Nothing(body), body),
        'random': lambda: PolicyPlayer(Random(body), body),
        'neighbours': lambda: PolicyPlayer(_neighbours(spec), body),
        'run': lambda: PolicyPlayer(_run(spec, body), body),
        'bundle': lambda: PolicyPlayer(_bundle(spec, body), body),
        'module': lambda: PolicyPlayer(_attribute(spec), body),
    }
    try:
        return makers[spec.kind]()
    except (HvdError, ModuleNotFoundError):
        raise
    except Exception as error:
        raise ConfigError(
            f"policy '{spec}' can not be opened: {type(error).__name__}: {error}"
        ) from error


def refuse_privileged(spec: Spec, player: Player) -> None:
    """Raise ConfigError for a policy that needs what no robot can know."""
    if Modality.SIM_STATE in player.needs:
        raise ConfigError(
            f"policy '{spec}' looks at {Modality.SIM_STATE}, which only a simulation knows; leave "
            'it out or evaluate without --sensors-only'
        )


def _neighbours(spec: Spec) -> Policy:
    from hvd_ros.sim.policies.neighbours import load_neighbours

    return load_neighbours(Path(spec.argument))


def _run(spec: Spec, body: Body) -> Policy:
    from hvd_training.train.loading import load_policy

    return load_policy(Path(spec.argument), body)


def _bundle(spec: Spec, body: Body) -> Policy:
    from hvd_ros.runtime.bundle_policy import open_bundle

    return open_bundle(Path(spec.argument), body)


def _attribute(spec: Spec) -> Any:
    """Return the named policy; a class or a function is called to make one."""
    module, _, name = spec.argument.partition(':')
    _look_here()
    found = getattr(importlib.import_module(module), name)
    return found if hasattr(found, 'act') and not isinstance(found, type) else found()
