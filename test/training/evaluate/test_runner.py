# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The same seeds for everybody, results that stay, and failures that stop only their policy."""

import dataclasses
import json
import subprocess
import sys

import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.tasks.pen_insert import PenInsert
from hvd_training.evaluate import identity, runner
from hvd_training.evaluate.cache import Cache
from hvd_training.evaluate.outcome import Ending, Outcome, outcome_from
from hvd_training.evaluate.runner import EvaluationBroken, Plan, refuse_unplayable, run
from hvd_training.evaluate.specs import Spec, parse

HERE = 'test.training.evaluate.scripted_env'
SEEDS = (2_000_000, 2_000_001, 2_000_002)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(PenInsert, 'limit_s', 0.5)
    # Somebody may be at work on the simulation while the tests run.
    monkeypatch.setattr(identity, '_WORLD', ('seeds.py',))


def plan(*specs, **choices):
    made = {'tasks': ('pen_insert',), 'settings': ('usual',), 'seeds': SEEDS, **choices}
    return Plan(specs=tuple(map(parse, specs)), **made)


def played(told):
    return [(str(job.spec), outcome.seed) for job, outcome, known in told if not known]


def test_every_policy_plays_the_same_seeds_in_every_setting(tmp_path):
    found = run(plan('nothing', 'random', settings=('usual', 'pose')), tmp_path)
    for outcomes in found.values():
        assert [(o.setting, o.seed) for o in outcomes] == [
            (setting, seed) for setting in ('usual', 'pose') for seed in SEEDS
        ]
        assert all(o.ending is Ending.PLAYED for o in outcomes)


def test_what_was_played_is_not_played_again(tmp_path):
    told = []
    first = run(plan('nothing'), tmp_path, lambda *a: told.append(a))
    assert len(played(told)) == 3
    told.clear()
    again = run(plan('nothing', seeds=(*SEEDS, 2_000_003)), tmp_path, lambda *a: told.append(a))
    assert played(told) == [('nothing', 2_000_003)]
    assert again[Spec('nothing')][:3] == first[Spec('nothing')]


def test_a_line_that_a_crash_tore_is_played_again_and_harms_no_other(tmp_path):
    run(plan('nothing'), tmp_path)
    (path,) = tmp_path.rglob('*.jsonl')
    path.write_bytes(path.read_bytes()[:-30])
    told = []
    run(plan('nothing'), tmp_path, lambda *a: told.append(a))
    assert played(told) == [('nothing', SEEDS[-1])]
    told.clear()
    run(plan('nothing'), tmp_path, lambda *a: told.append(a))
    assert not played(told)


def test_a_changed_policy_and_a_changed_world_are_played_anew(tmp_path, monkeypatch):
    body, outcome = load_body('r1'), Outcome('pen_insert', 'usual', 1, Ending.PLAYED, (1.0,))
    Cache(tmp_path, body).add('one', outcome)
    assert Cache(tmp_path, body).read('one', 'pen_insert', 'usual') == {1: outcome}
    assert not Cache(tmp_path, body).read('two', 'pen_insert', 'usual')
    assert not Cache(tmp_path, body, cloud='rays').read('one', 'pen_insert', 'usual')
    assert not Cache(tmp_path, load_body('r1pro')).read('one', 'pen_insert', 'usual')
    assert not Cache(tmp_path, body).read('one', 'pen_insert', 'region')
    before = Plan((), (), (), (), graph=True).where
    monkeypatch.setattr(identity, '_GRAPH', ('core/mux',))
    assert Plan((), (), (), (), graph=True).where != before
    assert Plan((), (), (), ()).where == 'depth'
    monkeypatch.setattr(identity, '_WORLD', (*identity._WORLD, 'fault_dial.py'))
    assert not Cache(tmp_path, body).read('one', 'pen_insert', 'usual')


def test_a_retrained_run_is_another_policy_and_a_longer_diary_is_not(tmp_path):
    path = tmp_path / 'run'
    (path / 'checkpoints').mkdir(parents=True)
    (path / 'model.safetensors').write_bytes(b'weights')
    before = identity.content_id(Spec('run', str(path)))
    (path / 'metrics.jsonl').write_text('{}')
    (path / 'checkpoints' / 'last.safetensors').write_bytes(b'more')
    assert identity.content_id(Spec('run', str(path))) == before
    (path / 'model.safetensors').write_bytes(b'other weights')
    assert identity.content_id(Spec('run', str(path))) != before


def test_a_folder_without_a_policy_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='holds no policy'):
        identity.content_id(Spec('run', str(tmp_path)))


def test_a_policy_that_fails_is_not_played_further_and_tried_again_next_time(tmp_path):
    bad = f'{HERE}:Raises'
    told = []
    found = run(plan(bad, 'nothing'), tmp_path, lambda *a: told.append(a))
    (outcome,) = found[parse(bad)]
    assert outcome.ending is Ending.POLICY_ERROR
    assert 'no gradient today' in outcome.error
    assert len(found[Spec('nothing')]) == 3
    told.clear()
    run(plan(bad), tmp_path, lambda *a: told.append(a))
    assert played(told) == [(bad, SEEDS[0])]


@pytest.mark.parametrize(
    ('spec', 'error', 'text'),
    [
        (f'{HERE}:OtherBody', ContractMismatch, '--robot'),
        (f'{HERE}:Nobody', ConfigError, "can not be opened: AttributeError.*'Nobody'"),
        (f'{HERE}:BODY', ConfigError, 'can not be opened'),
    ],
)
def test_what_can_not_play_is_said_before_the_first_episode(spec, error, text):
    with pytest.raises(error, match=text):
        refuse_unplayable(plan('nothing', spec), load_body('r1'))


def test_privileged_policies_are_refused_when_only_sensors_count():
    with pytest.raises(ConfigError, match="'expert' looks at sim_state"):
        refuse_unplayable(plan('expert', sensors_only=True), load_body('r1'))
    refuse_unplayable(plan('nothing', sensors_only=True), load_body('r1'))


def test_processes_find_what_one_does(tmp_path):
    bad = f'{HERE}:Raises'
    (one,) = run(plan(bad), tmp_path / 'one')[parse(bad)]
    found = run(plan(bad, workers=2, seeds=SEEDS[:1]), tmp_path / 'two')
    assert [(o.seed, o.calls, o.error) for o in found[parse(bad)]] == [
        (one.seed, one.calls, one.error)
    ]


def test_a_worker_that_dies_is_named_with_its_episodes(tmp_path):
    with pytest.raises(EvaluationBroken, match=rf'played .*Ends in pen_insert, usual, {SEEDS[0]}'):
        run(plan(f'{HERE}:Ends', workers=2, seeds=SEEDS[:1]), tmp_path)


def test_a_worker_keeps_one_policy_and_one_scene(monkeypatch):
    made = []
    monkeypatch.setattr(runner, 'load', lambda spec, body: made.append(spec))
    desk = runner.Desk()
    jobs = [runner.Job(parse(s), 'pen_insert', 'usual', 1, 'r1', 'depth') for s in
            ('nothing', 'nothing', 'random', 'nothing')]  # fmt: skip
    for job in jobs:
        desk.player(job)
    assert [str(spec) for spec in made] == ['nothing', 'random', 'nothing']


def test_an_outcome_survives_the_trip_through_a_file():
    whole = Outcome(
        'wipe_board', 'pose', 7, Ending.PLAYED, (1.0, 0.5, 0.0), (3, 9, 20), 2.0, 4, 0.1
    )
    assert outcome_from(json.loads(json.dumps(whole.as_json()))) == whole
    torn = {**whole.as_json(), 'scores': []}
    with pytest.raises(ValueError, match='exactly when'):
        outcome_from(torn)
    assert dataclasses.replace(whole, scores=(1.0, 1.0, 1.0)).strict


@pytest.mark.parametrize(
    ('text', 'words'),
    [
        ('exprt', "did you mean 'expert'"),
        ('expert:x', 'valid: expert'),
        ('run:', "nothing at ''"),
        ('run:/no/such/run', "nothing at '/no/such/run'"),
        ('rnu:runs', "did you mean 'run'"),
        ('bundle:best', "nothing at 'best'"),
        ('no_such_module:Policy', "module 'no_such_module'"),
        ('', 'valid: expert'),
    ],
)
def test_what_is_no_policy_is_refused_with_what_it_could_be(text, words):
    with pytest.raises(ConfigError) as refused:
        parse(text)
    assert words in str(refused.value)


def test_a_policy_of_the_working_folder_is_found(tmp_path):
    (tmp_path / 'mine.py').write_text('class Best: name = "best"\n')
    code = "from hvd_training.evaluate.specs import parse; print(parse('mine:Best'))"
    done = subprocess.run(
        [sys.executable, '-P', '-c', code], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.stdout == 'mine:Best\n', done.stderr


def test_a_damaged_file_of_neighbours_is_one_clear_error(tmp_path):
    path = tmp_path / 'pen.npz'
    path.write_bytes(b'PK not really')
    with pytest.raises(ConfigError, match='not a policy of neighbours'):
        refuse_unplayable(plan(f'neighbours:{path}'), load_body('r1'))
