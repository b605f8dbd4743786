# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

from types import SimpleNamespace

import numpy as np

from hvd_ros.core.policy.history import History, steps_of
from hvd_ros.core.policy.observation import Observation

MS = 1_000_000


def seen(at_ms: float) -> Observation:
    return Observation(round(at_ms * MS), np.array([at_ms]))


def looked_at(history: History) -> list[float]:
    return [one.stamp_ns / MS for one in history.recent()]


def test_moments_are_a_step_apart_and_the_first_view_stands_in_for_those_before_it() -> None:
    history = History(3, 0.1)
    found = []
    for at in (0, 100, 200, 300):
        history.add(seen(at))
        found.append(looked_at(history))
    assert found == [[0, 0, 0], [0, 0, 100], [0, 100, 200], [100, 200, 300]]
    history.forget()
    history.add(seen(400))
    assert looked_at(history) == [400, 400, 400]


def test_of_views_that_come_as_they_like_the_nearest_is_taken() -> None:
    history = History(2, 0.1)
    for at in (0, 40, 95, 130, 190):
        history.add(seen(at))
    assert looked_at(history) == [95, 190]
    history.add(seen(1000))
    assert looked_at(history) == [1000, 1000], 'what is long ago is not a moment ago'


def test_a_moment_that_is_shown_again_is_one_moment_and_a_clock_set_back_begins_anew() -> None:
    history = History(2, 0.1)
    for at in (0, 100, 100):
        history.add(seen(at))
    assert looked_at(history) == [0, 100]
    history.add(seen(50))
    assert looked_at(history) == [0, 50]


def test_a_policy_is_shown_just_what_it_will_look_back_at() -> None:
    for moments, expected in ((1, []), (2, [4]), (3, [3, 4]), (9, [1, 2, 3, 4])):
        shown: list[int] = []
        policy = SimpleNamespace(execute=5, history=moments, look=shown.append)
        done = 0
        for _ in steps_of(policy, np.zeros((8, 2)), lambda: done):  # noqa: B023
            done += 1
        assert done == 5
        assert shown == expected
    plain = SimpleNamespace(execute=2)
    assert len(list(steps_of(plain, np.ones((4, 1)), lambda: None))) == 2
