# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The order of samples is a function of seed and place; batches are made ahead of it."""

import time

import numpy as np
import pytest

from hvd_training.data.loading.order import Order
from hvd_training.data.loading.stream import Ahead


def test_an_epoch_has_every_row_once_and_the_next_one_another_order() -> None:
    rows = np.arange(100, 150)
    order = Order(rows, seed=3)
    first, second = order.take(0, 50), order.take(50, 50)
    assert sorted(first) == sorted(second) == rows.tolist()
    assert not np.array_equal(first, second)


def test_going_on_in_the_middle_of_an_epoch_gives_what_would_have_come() -> None:
    rows = np.arange(37)
    whole = Order(rows, seed=1).take(0, 200)
    assert np.array_equal(Order(rows, seed=1).take(83, 117), whole[83:])
    assert np.array_equal(Order(rows, seed=1).take(30, 90), whole[30:120])


def test_a_batch_may_be_larger_than_an_epoch() -> None:
    assert len(Order(np.arange(3), seed=0).take(2, 10)) == 10


@pytest.mark.parametrize('other', [{'seed': 4}, {'seed': 3, 'stream': 1}])
def test_seeds_and_streams_have_orders_of_their_own(other: dict) -> None:
    rows = np.arange(64)
    assert not np.array_equal(Order(rows, seed=3).take(0, 64), Order(rows, **other).take(0, 64))


def test_batches_come_in_order_and_as_many_as_asked_for() -> None:
    with Ahead(lambda step: step * 10, 3, 8, depth=2) as ahead:
        assert list(ahead) == [30, 40, 50, 60, 70]


def test_no_more_than_depth_batches_are_made_ahead() -> None:
    made: list[int] = []

    def make(step: int) -> int:
        made.append(step)
        return step

    with Ahead(make, 0, 100, depth=2) as ahead:
        taken = iter(ahead)
        next(taken)
        assert next(taken) == 1
        # One waits to be put behind the two that lie ready.
        assert len(made) <= 2 + 2 + 1


def test_what_goes_wrong_in_the_thread_is_raised_where_the_batch_is_taken() -> None:
    def make(step: int) -> int:
        if step == 2:
            raise ValueError('row 7 is broken')
        return step

    with pytest.raises(ValueError, match='row 7'), Ahead(make, 0, 9, depth=1) as ahead:
        assert list(ahead)


def test_leaving_early_ends_the_thread() -> None:
    with Ahead(lambda step: step, 0, 10**9, depth=2) as ahead:
        next(iter(ahead))
    assert not ahead._thread.is_alive()


def test_waiting_for_data_is_counted() -> None:
    def slow(step: int) -> int:
        time.sleep(0.02)
        return step

    with Ahead(slow, 0, 5, depth=1) as ahead:
        list(ahead)
    assert ahead.waited_s > 0.05
