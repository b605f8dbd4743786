# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whatever an operator asks for, the leader's own mapping makes out of some gesture."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

pytest.importorskip('mujoco')

from hvd_ros.core.errors import CommandRejected  # noqa: E402
from hvd_ros.core.leader.buttons import Action  # noqa: E402
from hvd_ros.core.leader.motors import LEADER_JOINTS  # noqa: E402
from hvd_ros.core.leader.teleop import Teleop, TeleopInput  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.sim.experts.manner import Fault, FaultKind, Manner  # noqa: E402
from hvd_ros.sim.experts.thumbs import TICKS, Thumbs  # noqa: E402
from hvd_ros.sim.task_env import STEP_S  # noqa: E402
from hvd_ros.sim.tasks.catalogue import TASKS  # noqa: E402

BODY = load_body('r1')
JOINTS = tuple(joint.name for joint in LEADER_JOINTS)
THUMBS = Thumbs(BODY)
SQUATS = {1: frozenset({'Down'}), -1: frozenset({'Up'}), 0: frozenset()}
TRIGGERS = {Action.GRIP_LEFT: 'ZL', Action.GRIP_RIGHT: 'ZR'}


class Person:
    """Hands and thumbs on the real mapping, ten ticks a control step."""

    def __init__(self, start):
        self._teleop = Teleop(BODY, JOINTS)
        self._arms = [BODY.index(name) for name in JOINTS]
        self._tick(start[self._arms], measured=start, engaged=False)
        self.asked = self._tick(start[self._arms], measured=start, dt_s=0.0)

    def make(self, gesture, measured):
        for tick in range(TICKS):
            squat = np.sign(gesture.squat) if tick < abs(gesture.squat) else 0
            events = gesture.triggers if tick == 0 else frozenset()
            pressed = SQUATS[int(squat)] | {TRIGGERS[action] for action in events}
            if gesture.turns:
                pressed |= {'LStick'}
            self.asked = self._tick(
                gesture.arms,
                measured,
                pressed=pressed,
                events=events,
                left_stick=gesture.left_stick,
                right_stick=gesture.right_stick,
            )
        return self.asked

    def _tick(self, arms, measured, dt_s=STEP_S / TICKS, engaged=True, **thumbs):
        rest = {
            'pressed': frozenset(),
            'events': frozenset(),
            'left_stick': (0, 0),
            'right_stick': (0, 0),
        }
        return self._teleop.step(
            TeleopInput(dt_s=dt_s, engaged=engaged, arms=arms, measured=measured, **rest | thumbs)
        )


def express(played):
    """Have the mapping make every command that was asked for; return the gestures."""
    person, gestures = Person(played.sent[0]), []
    for asked, measured in zip(played.asked, played.position, strict=False):
        gestures.append(THUMBS.gesture(person.asked, asked))
        made = person.make(gestures[-1], measured)
        np.testing.assert_allclose(made, asked, rtol=0, atol=2e-6)
    return gestures


@pytest.mark.parametrize('name', TASKS)
def test_every_step_of_an_expert_is_one_that_a_joylo_can_express(name, episode):
    gestures = express(episode(name))
    for gesture in gestures:
        assert np.hypot(*gesture.left_stick) <= 1 + 1e-6
        assert max(np.abs(gesture.right_stick)) <= 1
        assert abs(gesture.squat) <= TICKS
    used = ('squat', 'triggers', 'left_stick', 'right_stick')
    assert all(any(np.any(getattr(g, name) or 0) for g in gestures) for name in used)


BUNGLES = tuple(Fault(kind, 0.7) for kind in FaultKind if kind != 'giving_up')


@pytest.mark.parametrize(
    ('name', 'manner'),
    [
        ('wipe_board', Manner('imperfect', BUNGLES)),
        ('cup_upright', Manner('correction', (Fault('misgrasp', 1.0), Fault('drift', 1.0)))),
    ],
    ids=['imperfect', 'correction'],
)
def test_so_is_every_step_of_who_bungles_or_corrects(name, manner, episode):
    assert len(express(episode(name, manner))) > 50


def test_a_free_torso_does_what_no_joylo_can(episode):
    with pytest.raises(CommandRejected, match='no squat, lean and turn'):
        express(episode('pen_insert', free_torso=True))


START = BODY.pose('home')


def changed(**values):
    action = START.copy()
    for name, value in values.items():
        action[BODY.index(name)] += value
    return action


@pytest.mark.parametrize(
    ('values', 'names'),
    [
        ({'base_vx': 0.2, 'base_wz': 0.2}, 'left stick'),
        ({'base_vx': 0.25, 'base_vy': 0.25}, 'left stick'),
        ({'torso_joint1': 0.02}, 'torso'),
        ({'torso_joint3': 0.05}, 'torso'),
        ({'torso_joint4': 0.05}, 'torso'),
        ({'left_gripper': -0.4}, 'left_gripper'),
    ],
)
def test_what_no_gesture_makes_is_refused(values, names):
    with pytest.raises(CommandRejected, match=names):
        THUMBS.gesture(START, changed(**values))


def test_a_wish_to_drive_and_turn_is_refused():
    with pytest.raises(CommandRejected, match='drives or turns'):
        THUMBS.drive(np.zeros(3), np.array([0.1, 0.0, 0.1]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-0.05, 0.05), min_size=4, max_size=4),
    st.floats(-0.3, 0.3),
    st.booleans(),
)
def test_the_nearest_torso_and_any_speed_are_expressible(change, speed, turning):
    torso = BODY.indices('torso')
    action = START.copy()
    before = START[torso]
    action[torso] = THUMBS.pose_torso(before, before + np.array(change), before)
    twist = np.array([0, 0, speed] if turning else [speed, 0, 0])
    action[BODY.indices('base')] = THUMBS.drive(np.zeros(3), twist)
    person = Person(START)
    made = person.make(THUMBS.gesture(START, action), START)
    np.testing.assert_allclose(made, action, rtol=0, atol=2e-6)
