# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What `hvd trial` refuses before anything starts, and what it tells the graph."""

import argparse
from types import SimpleNamespace

import pytest

from hvd_ros.cli import main as cli
from hvd_ros.cli import trial
from hvd_ros.core.errors import ConfigError

POLICY = 'module:attribute'


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr('hvd_ros.cli.trials.keys.check_terminal', lambda: None)


def words(tmp_path, *more, policy=POLICY, task='pen_insert'):
    return ['trial', policy, '--task', task, '--start', str(tmp_path / 's.jpg'),
            '--result', str(tmp_path / 'r.json'), *more]  # fmt: skip


def arguments(tmp_path, *more):
    parser = argparse.ArgumentParser()
    trial.add_arguments(parser)
    return parser.parse_args(words(tmp_path, *more)[1:])


def test_without_a_terminal_it_says_so_and_nothing_else(tmp_path, capsys):
    assert cli.main(words(tmp_path)) == 2
    error = capsys.readouterr().err
    assert error.startswith('error: no terminal: ') and error.count('\n') == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ('task', 'more', 'text'),
    [
        ('pen_inset', (), "did you mean 'pen_insert'"),
        ('pen_insert', ('--pose', 'hoem'), "did you mean 'home'"),
        ('pen_insert', ('--robot', 'r2'), "'r2'"),
        ('pen_insert', ('--launch', 'policy:=other'), '--launch policy:=...: a trial sets'),
        ('pen_insert', ('--launch', 'transport'), 'write it as NAME:=VALUE'),
    ],
)
def test_what_is_asked_wrongly_starts_nothing(tmp_path, capsys, terminal, task, more, text):
    assert cli.main(words(tmp_path, *more, task=task)) == 2
    assert text in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_limit_is_that_of_the_task_and_a_labs_own_task_has_two_minutes():
    assert trial.limit_of('pen_insert') == 45.0
    assert trial.limit_of('stack_plates') == 120.0


def test_a_robot_runs_one_graph_for_every_policy_and_no_page_that_names_it(tmp_path, monkeypatch):
    pytest.importorskip('rclpy')
    from hvd_ros.nodes.policy import opening

    asked = []
    opened = SimpleNamespace(needs=frozenset())
    monkeypatch.setattr(opening, 'open_for_robot', lambda *a: asked.append(a) or opened)
    told = trial.deploy_arguments(arguments(tmp_path))
    assert told == {
        'policy': POLICY, 'task': 'pen_insert', 'robot': 'r1', 'hardware': 'real',
        'cameras': 'true', 'viewer': 'false',
    }  # fmt: skip
    assert asked[0][2] == 'real'  # which refuses what only a simulation knows


def test_a_rehearsal_lays_out_the_scene_of_its_seed_and_has_cameras(tmp_path, monkeypatch):
    pytest.importorskip('rclpy')
    from hvd_ros.nodes.policy import opening

    opened = SimpleNamespace(needs=frozenset())
    monkeypatch.setattr(opening, 'open_for_robot', lambda *a: opened)
    told = trial.deploy_arguments(arguments(tmp_path, '--hardware', 'sim', '--seed', '7'))
    assert (told['scene'], told['seed'], told['cameras']) == ('pen_insert', '7', 'true')
    assert (told['hardware'], told['viewer']) == ('sim', 'false')


def test_more_launch_arguments_are_passed_on():
    assert trial.checked_extra({'transport': 'rosbridge'}) == {'transport': 'rosbridge'}
    with pytest.raises(ConfigError, match='viewer'):
        trial.checked_extra({'viewer': 'true'})
