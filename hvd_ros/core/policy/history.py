# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a policy saw a moment ago, for those that look at several moments at once.

A policy that looks back has `history`, the number of moments, and `look(observation)`, by which it
is shown what lies between two answers. Whoever plays steps one by one uses steps_of(); on a robot
it is asked all the time and needs no more than its own questions.
"""

from collections import deque
from collections.abc import Callable, Iterator

from hvd_ros.core.policy.observation import Observation
from hvd_ros.core.policy.policy import Policy
from hvd_ros.core.robot.body import Array


class History:
    """The last moments of an episode; forget() before the next one."""

    def __init__(self, moments: int, step_s: float) -> None:
        self.moments, self._step_ns = moments, round(step_s * 1e9)
        self._seen: deque[Observation] = deque()

    def forget(self) -> None:
        """Begin an episode."""
        self._seen.clear()

    def add(self, observation: Observation) -> None:
        """Remember what is seen now."""
        if self._seen and observation.stamp_ns <= self._seen[-1].stamp_ns:
            # Shown already, or time was set back: of one moment there is one view.
            while self._seen and self._seen[-1].stamp_ns >= observation.stamp_ns:
                self._seen.pop()
        self._seen.append(observation)
        while observation.stamp_ns - self._seen[0].stamp_ns > self.moments * self._step_ns:
            self._seen.popleft()

    def recent(self) -> list[Observation]:
        """
        Return the moments, oldest first, the last one is now.

        For each the view that is nearest to it in time: where nothing was seen, the first view of
        the episode stands again, as it does in what is learnt from.
        """
        now_ns = self._seen[-1].stamp_ns
        wanted = [now_ns - back * self._step_ns for back in range(self.moments - 1, -1, -1)]
        return [min(self._seen, key=lambda one: abs(one.stamp_ns - at)) for at in wanted]


def steps_of(policy: Policy, chunk: Array, observe: Callable[[], Observation]) -> Iterator[Array]:
    """Give the steps that are carried out; show a policy what it will look back at."""
    moments = getattr(policy, 'history', 1)
    for number, action in enumerate(chunk[: policy.execute], 1):
        yield action
        if 0 < policy.execute - number < moments:
            policy.look(observe())  # type: ignore[attr-defined]
