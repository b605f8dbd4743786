# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parts are done one by one; who looks does again what went wrong, who does not goes on."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.sim.experts.acts import Act, perform  # noqa: E402
from hvd_ros.sim.experts.manner import EXPERT, Fault, Manner  # noqa: E402
from hvd_ros.sim.experts.mishaps import Mishaps  # noqa: E402

BAD = Manner('imperfect', (Fault('misgrasp', 1.0),))
MENDS = Manner('correction', (Fault('misgrasp', 1.0),))


class Work:
    """Three parts of two steps each, of which the middle one fails so many times."""

    def __init__(self, manner, failures=0, back=''):
        self.said, self._left = [], failures
        mishaps = Mishaps(manner, np.random.default_rng(0))
        self.op = SimpleNamespace(mishaps=mishaps, act=lambda: 'still', wait=self.wait)
        self.acts = [
            Act('one', lambda: self.part('one')),
            Act('two', lambda: self.part('two'), self.done, lambda: self.part('undo'), back),
            Act('three', lambda: self.part('three')),
        ]

    def wait(self, steps):
        yield from ['still'] * steps

    def part(self, name):
        self.said.append(name)
        yield from [f'{name} 1', f'{name} 2']

    def done(self):
        self._left -= 1
        return self._left < 0

    def run(self):
        return list(perform(self.op, self.acts))


def test_what_goes_well_is_done_once():
    work = Work(EXPERT)
    assert work.run()[:6] == ['one 1', 'one 2', 'two 1', 'two 2', 'three 1', 'three 2']


@pytest.mark.parametrize('manner', [EXPERT, MENDS])
def test_who_looks_undoes_and_does_it_again(manner):
    work = Work(manner, failures=1)
    work.run()
    assert work.said == ['one', 'two', 'undo', 'two', 'three']
    assert not work.op.mishaps.strength('misgrasp'), 'the fault is over'


def test_or_begins_again_from_an_earlier_part():
    work = Work(EXPERT, failures=1, back='one')
    work.run()
    assert work.said == ['one', 'two', 'undo', 'one', 'two', 'three']


def test_who_does_not_look_goes_on():
    work = Work(BAD, failures=1)
    work.run()
    assert work.said == ['one', 'two', 'three']
    assert work.op.mishaps.strength('misgrasp')


def test_nobody_tries_for_ever():
    work = Work(EXPERT, failures=99)
    work.run()
    assert work.said.count('two') == 3
    assert work.said[-1] == 'three'


def test_who_gives_up_leaves_the_rest():
    work = Work(Manner('imperfect', (Fault('giving_up', 1.0),)))
    work.op.mishaps.stops_at = lambda parts: (1, 1)
    assert work.run() == ['one 1', 'one 2', 'two 1'] + ['still'] * 5


def test_a_part_to_go_back_to_may_have_been_left_out():
    work = Work(EXPERT, failures=1, back='one')
    work.op.mishaps.order = lambda parts: [1, 2]
    work.run()
    assert work.said == ['two', 'undo', 'two', 'three']


def test_who_hesitates_stands_still_between_steps():
    work = Work(Manner('imperfect', (Fault('hesitation', 1.0),)))
    work.op.mishaps.pause = lambda: 2
    assert work.run()[:4] == ['one 1', 'still', 'still', 'one 2']
