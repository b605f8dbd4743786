# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A person, a mux and a policy: who holds the robot when, and what nobody gives back by itself."""

from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy')

from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from hvd_msgs.msg import MuxStatus  # noqa: E402
from hvd_msgs.srv import SetMode  # noqa: E402

from hvd_ros.cli.trials import rollout  # noqa: E402
from hvd_ros.cli.trials.conduct import _result  # noqa: E402
from hvd_ros.core.mux.command import Mode  # noqa: E402
from hvd_ros.core.tasks import load_task  # noqa: E402
from hvd_ros.core.trials.sheet import Phase  # noqa: E402

pytestmark = pytest.mark.ros
TASK = load_task('pen_insert')


class World:
    """Keyboard, graph and session in one; a step of the script a turn: a key, or what happens."""

    def __init__(self, monkeypatch, *script):
        self.script, self.asked, self.topics, self.now_s = list(script), [], {}, 100.0
        self.grants, self.dead, self.key = True, '', ''
        monkeypatch.setattr(rollout, 'Keys', lambda: self)
        monkeypatch.setattr(rollout, 'time', SimpleNamespace(monotonic=lambda: self.now_s))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def take(self):
        key, self.key = self.key, ''
        return key

    def collect(self, kind, topic, qos):
        return self.topics.setdefault(topic, [])

    def ended(self):
        return self.dead

    def log(self, name):
        return f'/logs/{name}.log'

    def spin(self, seconds):
        self.now_s += 1.0
        if not self.script:
            pytest.fail('nothing more happens')
        step = self.script.pop(0)
        if isinstance(step, str):
            self.key = step
        elif step is not None:
            step(self)

    def call(self, kind, name, request, **choices):
        self.asked.append(request.mode)
        granted = self.grants or request.mode == 'hold'
        return SetMode.Response(success=granted, message='' if granted else 'hold L or R')

    def play(self, limit_s=45.0, deadman=True):
        self.rollout = rollout.Rollout(self, self, TASK, deadman)
        return self.rollout.play(limit_s)


def ready(world):
    world.topics['policy/status'].append(DiagnosticStatus(message='ready'))


def says(*modes):
    return lambda world: world.topics['mux/status'].extend(MuxStatus(mode=m) for m in modes)


def interrupted(world):
    raise KeyboardInterrupt


def dies(world):
    world.dead = 'policy'


def grant(yes):
    return lambda world: setattr(world, 'grants', yes)


def test_from_the_start_to_the_confirmed_score(monkeypatch, capsys):
    world = World(monkeypatch, ready, None, '\n', says(Mode.POLICY, Mode.POLICY), '1', '\n')
    sheet = world.play()
    assert (sheet.phase, sheet.scores, world.asked) == (Phase.DONE, (1.0,), ['policy', 'hold'])
    assert _result(sheet, 0)['counted'] is True
    said = capsys.readouterr().out
    assert 'hold L or R all along; Enter: the policy starts' in said
    assert '[5]  The pen is grasped but' in said and 'the robot is held' in said


def test_a_hold_is_told_and_only_enter_gives_the_policy_the_robot_back(monkeypatch, capsys):
    before = []
    world = World(
        monkeypatch, ready, '\n', says(Mode.HOLD), None, says(Mode.HOLD), None,
        lambda world: before.extend(world.asked), '\n', says(Mode.POLICY), ' ', '0', '\n',
    )  # fmt: skip
    sheet = world.play(deadman=False)
    assert before == ['policy']
    assert world.asked == ['policy', 'policy', 'hold'] and world.rollout.held == 1
    assert sheet.scores == (0.0,)
    said = capsys.readouterr().out
    assert said.count('Enter: the policy goes on') == 1 and 'hold L or R all along' not in said


def test_one_old_word_of_the_mux_is_no_hold(monkeypatch):
    world = World(monkeypatch, ready, '\n', says(Mode.HOLD), says(Mode.POLICY), 'x')
    sheet = world.play()
    assert (world.rollout.held, world.asked) == (0, ['policy', 'hold'])
    assert sheet.phase is Phase.VOID and _result(sheet, 0) == {'counted': False}


def test_a_refusal_is_told_with_its_reason_and_asked_again_by_a_person(monkeypatch, capsys):
    world = World(monkeypatch, ready, grant(False), '\n', *[None] * 6, grant(True), '\n', 'x')
    world.play()
    assert 'refused: hold L or R' in capsys.readouterr().out
    assert world.asked[-2:] == ['policy', 'hold']


def test_the_time_of_the_task_holds_the_robot(monkeypatch, capsys):
    world = World(monkeypatch, ready, '\n', *[None] * 12, '0', '\n')
    sheet = world.play(limit_s=10.0)
    assert (sheet.duration_s, world.asked) == (10.0, ['policy', 'hold'])
    assert 'the 10 s are over' in capsys.readouterr().out


@pytest.mark.parametrize(('end', 'error'), [(interrupted, KeyboardInterrupt),
                                            (dies, rollout.TrialLost)])  # fmt: skip
def test_however_it_ends_the_robot_is_held(monkeypatch, end, error):
    world = World(monkeypatch, ready, '\n', None, end)
    with pytest.raises(error) as left:
        world.play()
    assert world.asked == ['policy', 'hold']
    assert 'module' not in str(left.value)


def test_nobody_is_asked_to_hold_a_robot_that_was_never_given_away(monkeypatch):
    world = World(monkeypatch, ready, None, interrupted)
    with pytest.raises(KeyboardInterrupt):
        world.play()
    assert world.asked == []
