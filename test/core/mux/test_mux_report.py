# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Why it does not move, in words: every closed gate names the thing and the next step."""

from dataclasses import replace
import math

import pytest

from hvd_ros.core.mux.command import Mode, Source
from hvd_ros.core.mux.report import report
from hvd_ros.core.reasons import Reason
from hvd_ros.core.vendor.health import VendorStatus, health
from test.core.mux.mux_rig import HOME, Rig

NAMES = [
    'estop', 'mode', 'feedback', 'source', 'leader', 'guardian', 'base', 'health', 'collision',
    'writers',
]  # fmt: skip


def told(rig):
    return report(rig.state, rig.now_ns, rig.setup)


def gates(rig):
    return {gate.name: gate for gate in told(rig).gates}


def test_a_mux_that_heard_nothing_says_so_gate_by_gate():
    rig = Rig()
    rig.ticks(3, feedback=False, guardian=False, health=False, pads=False)
    found = gates(rig)
    assert list(found) == NAMES
    closed = {name: gate.reason for name, gate in found.items() if not gate.open}
    assert closed == {
        'mode': Reason.NO_SOURCE,
        'feedback': Reason.NO_FEEDBACK,
        'source': Reason.NO_SOURCE,
        'leader': Reason.NEVER_HEARD,
        'guardian': Reason.NO_GUARDIAN,
        'base': Reason.NO_GUARDIAN,
    }
    assert all(gate.fix for gate in found.values() if not gate.open)
    source = told(rig).sources[0]
    assert (source.name, source.age_s, source.fresh) == ('teleop', math.inf, False)


def test_a_robot_that_moves_has_every_gate_open():
    rig = Rig(lambda values: (0.2, 'a', 'b')).engage()
    found = told(rig)
    assert [gate.name for gate in found.gates if not gate.open] == []
    assert found.moving and found.active is Source.TELEOP and found.mode is Mode.TELEOP
    assert found.self_distance_m == 0.2
    assert found.sources[0].fresh and found.sources[0].engaged
    assert '200 mm between a and b' in gates(rig)['collision'].detail


@pytest.mark.parametrize(
    ('changes', 'gate', 'words'),
    [
        ({'battery_percent': 7.0}, 'health', 'battery 7 % (at least 15 %)'),
        ({'faults': ('motor_fault: left_arm',)}, 'health', 'motor_fault: left_arm'),
        ({'base_ready': False, 'base_reason': 'mode 2'}, 'base', 'mode 2'),
        ({'battery_percent': math.nan}, 'health', 'battery unknown'),
    ],
)
def test_a_gate_names_the_value_and_the_allowed(changes, gate, words):
    rig = Rig()
    rig.health = replace(rig.health, **changes)
    rig.tick()
    assert words in gates(rig)[gate].detail


@pytest.mark.parametrize(
    ('status', 'known', 'words'),
    [
        (VendorStatus(mode=2), {}, 'mode 5'),
        (VendorStatus(), {}, 'remote control'),
        (VendorStatus(mode=5), {'connected': False}, 'cable'),
        (VendorStatus(mode=5), {'chassis_heard': False}, 'chassis driver'),
    ],
)
def test_the_base_gate_gives_the_fix_of_its_own_cause(status, known, words):
    judged = health(status, **({'connected': True, 'chassis_heard': True} | known))
    rig = Rig()
    rig.health = replace(rig.health, base_ready=False, base_reason=judged.base_reason)
    rig.tick()
    gate = gates(rig)['base']
    assert gate.detail == judged.base_reason
    assert words in gate.fix
    assert ('mode 5' in gate.fix) == (status.mode == 2)


def test_a_base_gate_closed_by_old_health_does_not_call_the_base_ready():
    rig = Rig()
    rig.tick()
    rig.ticks(60, health=False)
    gate = gates(rig)['base']
    assert not gate.open and gate.detail.startswith('robot health')
    assert 'r1' in gate.fix and 'mode 5' not in gate.fix


def test_an_estop_closes_its_gate_and_says_how_to_leave():
    rig = Rig().engage()
    rig.stop()
    rig.tick()
    found = told(rig)
    assert found.estop and found.reason is Reason.ESTOP_SERVICE
    assert 'hvd estop reset' in gates(rig)['estop'].fix


def test_a_refused_leader_and_two_writers_are_named():
    rig = Rig().engage()
    rig.tick(frames=(rig.frame(HOME[:3]),))
    assert 'last refusal wrong_length' in gates(rig)['leader'].detail
    assert told(rig).sources[0].refused == 1
    rig.writers = {Source.TELEOP: 2}
    rig.tick()
    assert gates(rig)['writers'].detail == 'teleop: 2'
