# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The words of the page, for fresh, silent and hostile streams."""

from dataclasses import replace
from html.parser import HTMLParser
import math
from types import SimpleNamespace

import numpy as np
import pytest

from hvd_ros.core.mux.command import Mode
from hvd_ros.core.reasons import EXPLANATION, Reason
from hvd_ros.core.robot.body import Kind
from hvd_ros.core.robot.description import load_body
from hvd_ros.nodes.viewer import html
from hvd_ros.nodes.viewer.view import (
    LIMITS_S,
    Stream,
    View,
    commanded,
    measured,
    planar,
    positions,
)

BODY = load_body('r1')


def gate(name='base', open_=False, reason='no_guardian', detail='', fix=''):
    return SimpleNamespace(name=name, open=open_, reason=reason, detail=detail, fix=fix)


def status(**changes):
    values = {
        'mode': int(Mode.HOLD), 'active_source': 5, 'moving': False, 'estop': False,
        'reason': '', 'text': '', 'gates': [], 'sources': [], 'self_distance_m': 0.05,
    }  # fmt: skip
    return SimpleNamespace(**values | changes)


def mux(age_s=0.0, **changes):
    return Stream('mux', 'mux/status', status(**changes), age_s)


EMPTY = View(**{name: Stream(name, f'topic/{name}') for name in LIMITS_S})


class Words(HTMLParser):
    """The text of a page and every tag in it."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags = '', []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words += data


def top(stream):
    return Words(html.top(replace(EMPTY, mux=stream), 0)).words


def side(**streams):
    return Words(html.side(replace(EMPTY, **streams), 0)).words


@pytest.mark.parametrize('mode', list(Mode))
def test_names_every_mode_in_its_own_color(mode):
    page = html.top(replace(EMPTY, mux=mux(mode=int(mode))), 0)
    assert mode.name in Words(page).words
    assert html.COLORS[mode] in page
    assert len(set(html.COLORS.values())) == len(Mode)


@pytest.mark.parametrize('reason', [r for r in Reason if r])
def test_a_closed_gate_says_why_and_what_to_do(reason):
    why, fix = EXPLANATION[reason]
    closed = mux(gates=[gate(reason=str(reason))])
    for words in (top(closed), side(mux=closed)):
        assert why in words
        assert fix in words


def test_the_muxs_own_detail_and_fix_are_shown():
    closed = mux(gates=[gate(detail='3.2 s ago', fix='start it')])
    silent = EXPLANATION[Reason.NO_GUARDIAN][0]
    assert f'Not moving: {silent} (3.2 s ago); start it.' in top(closed)


def test_a_reason_of_a_newer_mux_is_shown_as_it_is():
    assert 'Not moving: tidal_wave (high); swim.' in top(
        mux(gates=[gate(reason='tidal_wave', detail='high', fix='swim')])
    )


def test_a_moving_robot_with_a_closed_gate_says_both():
    words = top(mux(moving=True, active_source=1, gates=[gate()]))
    assert 'Moving: teleop drives the robot. But: the guardian is silent' in words


def test_a_silent_mux_is_not_shown_as_the_present():
    limit = LIMITS_S['mux']
    assert 'TELEOP' in top(mux(limit, mode=1))
    words = top(mux(limit + 0.01, mode=1))
    assert 'NO MUX' in words
    assert 'TELEOP' not in words
    assert '510 ms' in words
    page = html.side(replace(EMPTY, mux=mux(3.2, gates=[gate()])), 0)
    assert 'class="live old"' in page
    assert '3.2 s old' in Words(page).words


def test_a_mux_that_was_never_heard_says_so():
    assert 'Nothing was heard on mux/status' in top(EMPTY.mux)
    assert 'topic/jointsnever' in side()


def test_an_estop_says_how_to_leave_it():
    assert 'LATCHED; make safe, then: hvd estop reset' in side(mux=mux(estop=True))


def test_health_with_unknown_numbers_and_faults():
    health = SimpleNamespace(
        battery_percent=math.nan, battery_voltage=50.4, temperature_c=math.nan,
        base_ready=False, base_reason='remote control is in mode 2', faults=['left arm 3: hot'],
    )  # fmt: skip
    words = side(health=Stream('health', 'robot_health', health, 0.0))
    for part in ('unknown, 50.4 V', 'remote control is in mode 2', 'left arm 3: hot'):
        assert part in words


def test_words_from_the_wire_cannot_become_markup():
    evil = '<script>alert(1)</script><img src=x>'
    source = SimpleNamespace(
        name=evil, age_s=0.0, fresh=True, engaged=False, reason=evil, refused=0
    )
    hostile = mux(text=evil, gates=[gate(evil, reason=evil, detail=evil, fix=evil)])
    hostile.message.sources = [source]
    health = SimpleNamespace(
        battery_percent=1.0, battery_voltage=1.0, temperature_c=1.0,
        base_ready=False, base_reason=evil, faults=[evil],
    )  # fmt: skip
    view = replace(EMPTY, mux=hostile, health=Stream('health', evil, health, 0.0))
    for page in (html.top(view, 0), html.side(view, 0)):
        assert evil in Words(page).words
        assert not {'script', 'img'} & set(Words(page).tags)


def test_each_update_differs_so_that_the_browser_knows_it_is_alive():
    view = replace(EMPTY, mux=mux())
    pages = [[html.top(view, t), html.side(view, t), html.bars(BODY, view, t)] for t in (1, 2)]
    assert all(a != b for a, b in zip(*pages, strict=True))


def test_a_bar_for_every_dimension_and_grey_when_old():
    joints = SimpleNamespace(name=['torso_joint1'], position=[0.5])
    fresh = replace(EMPTY, joints=Stream('joints', 'joint_states', joints, 0.0))
    page = html.bars(BODY, fresh, 0)
    assert page.count('class="bar"') == BODY.size
    assert 'torso 10.50' in Words(page).words.replace('\n', '')
    assert page.count('<tr class="old">') == 3  # the base, whose odometry was never heard
    old = replace(fresh, joints=replace(fresh.joints, age_s=1.0))
    assert html.bars(BODY, old, 0).count('<tr class="old">') == BODY.size


def test_measured_in_the_units_of_the_body():
    twist = SimpleNamespace(linear=SimpleNamespace(x=0.1, y=-0.2), angular=SimpleNamespace(z=0.3))
    odom = SimpleNamespace(twist=SimpleNamespace(twist=twist))
    values = measured(BODY, {'left_gripper_finger_joint1': 0.025}, odom)
    assert values[BODY.index('left_gripper')] == pytest.approx(0.5)
    assert values[BODY.mask(Kind.VELOCITY)].tolist() == [0.1, -0.2, 0.3]
    assert np.isnan(values).sum() == BODY.size - 4


def test_a_command_for_another_body_or_an_idle_one_drives_no_joint():
    values = list(range(BODY.size))
    other = SimpleNamespace(layout_id=BODY.layout_id + 1, engaged=True, values=values)
    assert np.isnan(commanded(BODY, other)).all()
    idle = SimpleNamespace(layout_id=BODY.layout_id, engaged=False, values=values)
    shown = np.isfinite(commanded(BODY, idle))
    assert shown.tolist() == BODY.mask(Kind.VELOCITY).tolist()
    assert np.isnan(commanded(BODY, None)).all()


def test_broken_positions_are_left_out():
    message = SimpleNamespace(name=['a', 'b', 'c'], position=[math.nan, 1.0])
    assert positions(message) == {'b': 1.0}


def test_the_heading_of_an_odometry():
    pose = SimpleNamespace(
        position=SimpleNamespace(x=1.0, y=2.0),
        orientation=SimpleNamespace(x=0.0, y=0.0, z=math.sin(0.6), w=math.cos(0.6)),
    )
    odom = SimpleNamespace(pose=SimpleNamespace(pose=pose))
    assert planar(odom) == pytest.approx((1.0, 2.0, 1.2))
    pose.position.x = math.nan
    assert planar(odom) == (0.0, 0.0, 0.0)


def test_a_base_at_rest_has_no_sign():
    twist = SimpleNamespace(
        linear=SimpleNamespace(x=-0.001, y=0.0), angular=SimpleNamespace(z=-0.0)
    )
    odom = SimpleNamespace(twist=SimpleNamespace(twist=twist))
    view = replace(EMPTY, odom=Stream('odom', 'odom', odom, 0.0))
    assert '-0.00' not in Words(html.bars(BODY, view, 0)).words


def recorder(**changes):
    values = {
        'state': 1, 'episode_id': 'e1', 'task': 'pen_insert', 'kind': 'expert', 'frames': 52,
        'duration_s': 5.2, 'rate_hz': 10.0, 'late_ticks': 0, 'dropped': 0, 'free_gb': 90.0,
        'missing': [], 'stage': 1, 'scores': [0.5], 'healthy': True, 'text': 'recording e1',
        'fix': '',
    }  # fmt: skip
    return Stream('recorder', 'recorder/status', SimpleNamespace(**values | changes), 0.0)


def test_a_task_in_the_twin_shows_the_score_of_every_stage():
    assert 'Task' not in side()
    values = [
        SimpleNamespace(key=key, value=value)
        for key, value in (
            ('success', 'false'),
            ('Grasp the <b>pen', '1'),
            ('Grasp the <b>pen since_s', '12.5'),
            ('Insert it', '0.5'),
        )
    ]
    task = Stream('task', 'sim_robot/score', SimpleNamespace(values=values), 300.0)
    words = side(task=task)
    for part in ('Task', 'successfalse', 'Grasp the <b>pen1', 'Insert it0.5'):
        assert part in words
    assert '12.5' not in words


def test_a_graph_without_a_recorder_shows_none():
    assert 'Recorder' not in side()
    assert 'recorder' not in side()


def test_the_recorder_shows_episode_frames_and_stage():
    words = side(recorder=recorder())
    for part in ('recording e1', '52 in 5 s, 10.00 Hz', '1 next; marked 0.5', '90.0 GB free'):
        assert part in words


def test_a_recorder_in_trouble_says_what_and_what_to_do_and_is_escaped():
    sick = recorder(
        healthy=False, text='<b>disk full', fix='make room', missing=['head_color'], dropped=3
    )
    words = side(recorder=sick)
    assert 'FAULT: <b>disk full; make room' in words
    assert 'head_color' in words
    assert '3 lost' in words


def test_a_policy_is_shown_with_its_words_or_its_silence_and_absent_without_one():
    assert 'Policy' not in side()
    pairs = {'policy': 'waver', 'prompt': '<b>wave', 'rate_hz': '10.0', 'latency_p99_ms': '12.5'}
    values = [SimpleNamespace(key=key, value=value) for key, value in pairs.items()]
    said = SimpleNamespace(message='head_color was never heard', values=values)
    words = side(policy=Stream('policy', 'policy/status', said, 0.1))
    for part in ('Policy', 'waverhead_color was never heard', '<b>wave', '10.0 Hz, p99 12.5 ms'):
        assert part in words
