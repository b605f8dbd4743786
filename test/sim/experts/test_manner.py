# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A manner is what it says, a drawn one is a graded mix, and what no dial shows is refused."""

from collections import Counter
import dataclasses
import json

import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.errors import ConfigError  # noqa: E402
from hvd_ros.sim.experts.manner import (  # noqa: E402
    EXPERT,
    KINDS,
    Fault,
    FaultKind,
    Manner,
    draw_manner,  # noqa: E402
)


def draws(kind, count=600):
    rng = np.random.default_rng(0)
    return [draw_manner(rng, 'pen_insert', kind) for _ in range(count)]


def test_an_expert_is_drawn_without_faults():
    assert set(draws('expert', 5)) == {EXPERT}


@pytest.mark.parametrize('kind', ['imperfect', 'correction'])
def test_drawn_manners_are_a_graded_mix(kind):
    faults = [fault for manner in draws(kind) for fault in manner.faults]
    strengths = np.array([fault.strength for fault in faults])
    assert strengths.min() < 0.2
    assert strengths.max() > 0.9
    leaning = np.mean([fault.systematic for fault in faults])
    assert 0.2 < leaning < 0.6, 'both the systematic and the ones whose mean is right'
    assert {manner.kind for manner in draws(kind)} == {kind}


def test_every_fault_is_drawn_alone_and_with_others():
    manners = draws('imperfect')
    alone = Counter(m.faults[0].kind for m in manners if len(m.faults) == 1)
    together = Counter(f.kind for m in manners if len(m.faults) > 1 for f in m.faults)
    assert set(alone) == set(together) == set(FaultKind)


def test_only_what_can_be_mended_is_corrected():
    kinds = {fault.kind for manner in draws('correction') for fault in manner.faults}
    assert kinds == {FaultKind.MISGRASP, FaultKind.POSE_ERROR, FaultKind.DRIFT}


def test_the_same_generator_draws_the_same_manners():
    assert draws('imperfect', 20) == draws('imperfect', 20)


def test_a_manner_is_one_line_and_plain_json():
    manner = Manner('imperfect', (Fault('drift', 0.25, True), Fault('misgrasp', 1.0)))
    assert manner.text == 'imperfect: drift 0.25 always, misgrasp 1.00'
    assert EXPERT.text == 'expert'
    written = json.loads(json.dumps(dataclasses.asdict(manner)))
    assert Manner(written['kind'], tuple(Fault(**f) for f in written['faults'])) == manner


@pytest.mark.parametrize('strength', [-0.01, 1.01, float('nan'), float('inf'), True])
def test_a_strength_that_no_dial_shows_is_refused(strength):
    with pytest.raises(ConfigError, match=r"fault 'drift': strength .* from 0 to 1"):
        Fault('drift', strength)


def test_an_unknown_fault_kind_or_task_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="fault 'drfit': did you mean 'drift'"):
        Fault('drfit', 0.5)
    with pytest.raises(ConfigError, match="manner 'corection': did you mean 'correction'"):
        Manner('corection', (Fault('drift', 0.5),))
    with pytest.raises(ConfigError, match="manner 'exprt': did you mean 'expert'"):
        draw_manner(np.random.default_rng(0), 'pen_insert', 'exprt')
    for kind in KINDS:
        with pytest.raises(ConfigError, match="'pen_insrt': did you mean 'pen_insert'"):
            draw_manner(np.random.default_rng(0), 'pen_insrt', kind)


@pytest.mark.parametrize(
    ('kind', 'faults', 'message'),
    [
        ('expert', (Fault('drift', 0.5),), 'an expert has no faults'),
        ('imperfect', (), 'at least one fault'),
        ('correction', (), 'at least one fault'),
        ('imperfect', (Fault('drift', 0.5), Fault('drift', 0.1)), 'counts once'),
    ],
)
def test_a_manner_that_contradicts_itself_is_refused(kind, faults, message):
    with pytest.raises(ConfigError, match=message):
        Manner(kind, faults)
