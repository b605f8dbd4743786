# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A piece of work in parts, each with a look at whether it is done, and doing them one by one.

Who looks does a part again that went wrong; who does not goes on. Order, skipping and giving up
are decided here, where parts are known.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hvd_ros.sim.experts.motion import Moves, Operator

_TRIES = 3
_SURPRISE = 4  # control steps


def _always() -> bool:
    return True


def _nothing() -> Moves:
    return iter(())


@dataclass(frozen=True, eq=False)
class Act:
    """One part of the work."""

    name: str
    do: Callable[[], Moves]
    done: Callable[[], bool] = _always  # a look at what truly is
    undo: Callable[[], Moves] = _nothing  # how to get out of an attempt that failed
    back: str = ''  # the part to begin again from; none: this one


def perform(op: Operator, acts: Sequence[Act]) -> Moves:
    """Do the parts in the order, and to the end, that the mishaps allow."""
    todo = [acts[i] for i in op.mishaps.order(len(acts))]
    stop = op.mishaps.stops_at(len(todo))
    tries: Counter[str] = Counter()
    at = 0
    while at < len(todo):
        act = todo[at]
        steps = stop[1] if stop is not None and stop[0] == at else None
        yield from _some(op, act.do(), steps)
        if steps is not None:
            break
        tries[act.name] += 1
        if op.mishaps.notices and not act.done() and tries[act.name] < _TRIES:
            op.mishaps.mend()
            yield from op.wait(_SURPRISE)
            yield from act.undo()
            at = _index(todo, act.back, at)
        else:
            at += 1
    yield from op.wait(5)


def _some(op: Operator, moves: Moves, steps: int | None) -> Moves:
    """Do a part, or its beginning, with the pauses of who hesitates."""
    for i, action in enumerate(moves):
        if steps is not None and i >= steps:
            return
        yield action
        for _ in range(op.mishaps.pause()):
            yield op.act()


def _index(acts: Sequence[Act], name: str, at: int) -> int:
    return next((i for i, act in enumerate(acts) if act.name == name), at)
