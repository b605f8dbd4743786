# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How far the loop is: a line at the beginning of every part, with what is left of the way.

What a part takes is known of one computer; what has been passed says how much slower this one is.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from hvd_ros.core.progress import clock
from hvd_training.proof.cell import Cell

PICTURES = 'pictures'
# Processor seconds that a part takes: an episode made or played, an update of 128 chunks.
_MADE_S, _PLAYED_S, _VALUE_S, _UPDATE_S, _PICTURES_S = 1.3, 1.2, 0.035, 0.017, 15.0
_BEGIN_S = 3.0  # before any of it is done
# How much dearer a cloud makes what is played, and what is learnt.
_PLAYED_WITH_CLOUD, _LEARNT_WITH_CLOUD = 1.7, 5.0


@dataclass
class Part:
    """One line."""

    key: tuple[str, str]  # method, part of its cell
    title: str
    cost_s: float  # as above, once it has begun
    took_s: float = 0.0  # so far; 0: not begun, or known from before


@dataclass
class Road:
    """Every part in its order."""

    imitation: Cell
    ours: Cell
    workers: int
    say: Callable[[str], None]
    clock_s: Callable[[], float] = monotonic
    parts: list[Part] = field(init=False)

    def __post_init__(self) -> None:
        data, scale = self.ours.data, self.ours.scale
        updates, half = self.imitation.scale.policy_steps, scale.policy_steps
        cloud = scale.sees == 'cloud'
        acted = (_PLAYED_WITH_CLOUD if cloud else 1.0) / self.workers
        learnt = (_LEARNT_WITH_CLOUD if cloud else 1.0) * scale.batch_size / 128
        played = scale.episodes * _PLAYED_S * acted
        faulty = data.imperfect + data.rollouts
        self.parts = [
            Part(('bc', 'data'), f'{data.experts} demonstrations, by a scripted expert',
                 data.experts * _MADE_S * acted),
            Part(('bc', 'policy'), f'a policy that imitates them, {updates} updates',
                 updates * _UPDATE_S * learnt),
            Part(('bc', 'episodes'), f'it plays {scale.episodes} test episodes', played),
            Part(('hvd', 'data'), f'{faulty} imperfect episodes, by the same hand with faults',
                 faulty * _MADE_S * acted),
            Part(('hvd', 'value'), f'what chunks are worth, {scale.value_steps} updates',
                 scale.value_steps * _VALUE_S * learnt),
            Part(('hvd', 'policy'), f'HVD on all of them, {half} updates',
                 2 * half * _UPDATE_S * learnt),
            Part(('hvd', 'episodes'), 'it plays the same test episodes', played),
            Part(('', PICTURES), 'the credit of each part of the body, and a film', _PICTURES_S),
        ]  # fmt: skip
        self._now: Part | None = None
        self._since_s = self._begun_s = self.clock_s()

    def begin(self, method: str, what: str) -> None:
        """Say which part begins; one that is not on the way is passed over."""
        now = self.clock_s()
        if self._now is not None:
            self._now.took_s = now - self._since_s
        at = next((i for i, part in enumerate(self.parts) if part.key == (method, what)), None)
        if at is None:
            return
        self._now, self._since_s = self.parts[at], now
        left = self._pace() * sum(part.cost_s + _BEGIN_S for part in self.parts[at:])
        self.say(
            f'\n[{at + 1}/{len(self.parts)}] {self._now.title}   '
            f'({clock(now - self._begun_s)} passed, about {max(1, round(left / 60))} min left)'
        )

    def _pace(self) -> float:
        """Return how many times as long everything takes here; what was known took no time."""
        done = [part for part in self.parts if part.took_s > 0.2 * (part.cost_s + _BEGIN_S)]
        took_s = sum(part.took_s for part in done)
        return took_s / sum(part.cost_s + _BEGIN_S for part in done) if done else 1.0
