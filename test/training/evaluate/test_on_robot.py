# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Trials of a person: who comes when, what counts, what is repeated, and what goes on later."""

import argparse
import json
import os
from pathlib import Path
import signal
import subprocess
import sys

import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_training.cli import evaluate as verb
from hvd_training.evaluate import identity, on_robot
from hvd_training.evaluate.evaluation import evaluate, methods_of, plan_of
from hvd_training.evaluate.in_graph import EpisodeLost, refuse_undeployable
from hvd_training.evaluate.on_robot import Bench, RobotDesk, in_turn, order_key
from hvd_training.evaluate.outcome import Ending
from hvd_training.evaluate.report import Setup
from hvd_training.evaluate.runner import Job, Plan, run
from hvd_training.evaluate.specs import Spec

A, B = Spec('module', 'one:A'), Spec('module', 'two:B')
SEEDS = (5, 6, 7, 8)
JOBS = [Job(s, 'pen_insert', 'usual', seed, 'r1', 'rays') for s in (A, B) for seed in SEEDS]
# In the place of `hvd`: notes its arguments, then does what the test says.
VERB = """
import json, pathlib, sys
words = dict(zip(sys.argv[3::2], sys.argv[4::2]))
with open('{diary}', 'a') as file: file.write(json.dumps(sys.argv[1:]) + chr(10))
result, turn = pathlib.Path(words['--result']), sum(1 for _ in open('{diary}'))
def write(**found):
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps(found))
scored = dict(counted=True, scores=[1.0], since_s=[2.04], duration_s=3.0, held=1)
"""


@pytest.fixture
def diary(tmp_path):
    return tmp_path / 'diary'


def standin(diary, code='write(**scored)'):
    return (sys.executable, '-S', '-c', VERB.replace('{diary}', str(diary)) + code)


def told(diary):
    return [json.loads(line) for line in diary.read_text().splitlines()]


def desk(tmp_path, diary, code='write(**scored)', **choices):
    return RobotDesk(Bench('real', tmp_path / 'out', **choices), JOBS, standin(diary, code))


def plan(tmp_path, hardware='real', seeds=SEEDS, specs=(A, B)):
    return Plan(specs, ('pen_insert',), ('usual',), seeds, bench=Bench(hardware, tmp_path))


def test_a_placement_is_finished_before_the_next_one_and_every_policy_has_its_turn():
    order = in_turn(JOBS, 'key')
    assert sorted(order, key=str) == sorted(JOBS, key=str)
    pairs = [order[i : i + 2] for i in range(0, len(order), 2)]
    assert [{job.seed for job in pair} for pair in pairs] == [{seed} for seed in SEEDS]
    # Of each two placements one begins with A.
    firsts = [pair[0].spec for pair in pairs]
    assert sorted(map(str, firsts[:2])) == sorted(map(str, firsts[2:])) == ['one:A', 'two:B']


def test_the_order_is_kept_in_the_folder_and_another_folder_has_another(tmp_path):
    key = order_key(tmp_path / 'out')
    assert order_key(tmp_path / 'out') == key != order_key(tmp_path / 'other')
    (tmp_path / 'out' / 'order.json').write_text('{')
    with pytest.raises(ConfigError, match='damaged'):
        order_key(tmp_path / 'out')


def test_the_scores_of_a_person_become_an_outcome(tmp_path, diary):
    outcome = desk(tmp_path, diary, limit_s=30.0, launch=('transport:=rosbridge',)).play(JOBS[2])
    assert (outcome.ending, outcome.scores, outcome.stage_ends) == (Ending.PLAYED, (1.0,), (20,))
    assert (outcome.seed, outcome.duration_s) == (7, 3.0)
    (words,) = told(diary)
    assert words[:2] == ['trial', 'one:A']
    assert words[words.index('--number') + 1 : words.index('--number') + 4] == ['3', '--of', '8']
    assert words[words.index('--start') + 1].endswith('out/starts/pen_insert/usual.7.jpg')
    assert words[-4:] == ['--limit', '30.0', '--launch', 'transport:=rosbridge']


def test_what_does_not_count_is_repeated_at_once(tmp_path, diary):
    said = []
    made = desk(tmp_path, diary, 'write(counted=False) if turn < 3 else write(**scored)')
    made.say = said.append
    assert made.play(JOBS[0]).strict
    assert len(told(diary)) == 3 and said == ['trial 1 is repeated'] * 2


def test_an_old_result_is_never_taken_for_a_new_one(tmp_path, diary):
    desk(tmp_path, diary).play(JOBS[0])
    with pytest.raises(EpisodeLost, match='trial 1 of 8 has no score'):
        desk(tmp_path, diary, 'pass').play(JOBS[0])


def test_what_went_wrong_is_told_without_a_name_and_ctrl_c_counts_nothing(tmp_path, diary):
    with pytest.raises(EpisodeLost) as lost:
        desk(tmp_path, diary, 'sys.exit(1)').play(JOBS[0])
    assert 'one' not in str(lost.value) and 'A' not in str(lost.value)
    with pytest.raises(KeyboardInterrupt):
        desk(tmp_path, diary, 'sys.exit(130)').play(JOBS[0])


def test_ctrl_c_is_the_verbs_to_answer_and_it_is_waited_for():
    slow = 'import time\ntry: print(flush=True); time.sleep(20)\n'
    slow += 'except KeyboardInterrupt: time.sleep(1.0); raise SystemExit(130)'
    code = 'from hvd_training.evaluate.on_robot import _with_terminal as w; import sys\n'
    code += f'sys.exit(w([sys.executable, "-S", "-c", {slow!r}]))'
    # A group of its own, as a terminal has one for what runs in front.
    desk = subprocess.Popen(
        [sys.executable, '-c', code], stdout=subprocess.PIPE, start_new_session=True
    )
    assert desk.stdout is not None
    desk.stdout.readline()
    os.killpg(desk.pid, signal.SIGINT)
    assert desk.wait(20) == 130


def at_once(monkeypatch, last=99):
    """Score everything without a process; leave after so many. Returns what was asked."""
    asked = []

    def try_one(command):
        asked.append(command)
        if len(asked) > last:
            return 130
        path = Path(command[command.index('--result') + 1])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({'counted': True, 'scores': [1.0], 'since_s': [2.0],
                                    'duration_s': 3.0, 'held': 0}))  # fmt: skip
        return 0

    monkeypatch.setattr(on_robot, '_with_terminal', try_one)
    return asked


def test_the_same_command_goes_on_where_somebody_left(tmp_path, monkeypatch):
    begun = at_once(monkeypatch, last=3)
    with pytest.raises(KeyboardInterrupt):
        run(plan(tmp_path), tmp_path / 'episodes')
    gone_on = at_once(monkeypatch)
    found = run(plan(tmp_path), tmp_path / 'episodes')
    assert [o.seed for o in found[A]] == [o.seed for o in found[B]] == list(SEEDS)
    numbers = [words[words.index('--number') + 1] for words in [*begun, *gone_on]]
    assert numbers == ['1', '2', '3', '4', '4', '5', '6', '7', '8']  # the fourth twice
    expected = [str(job.spec) for job in in_turn(JOBS, order_key(tmp_path))]
    asked = [words[words.index('trial') + 1] for words in [*begun, *gone_on]]
    assert asked == [*expected[:4], *expected[3:]]
    more = at_once(monkeypatch)
    run(plan(tmp_path, seeds=(*SEEDS, 9)), tmp_path / 'episodes')
    assert len(more) == 2


def test_trials_rehearsals_and_simulated_episodes_are_never_mixed_up(tmp_path, monkeypatch):
    ways = [
        plan(tmp_path), plan(tmp_path, 'sim'), Plan((A,), ('pen_insert',), ('usual',), (1,)),
        Plan((A,), ('pen_insert',), ('usual',), (1,), graph=True),
    ]  # fmt: skip
    assert len({way.where for way in ways}) == 4
    # And an edited simulation does not cost a day at the robot.
    before = identity.real_world_id(load_body('r1'), 'pen_insert', ways[0].where)
    monkeypatch.setattr(identity, '_WORLD', ('seeds.py',))
    assert identity.real_world_id(load_body('r1'), 'pen_insert', ways[0].where) == before


def test_the_report_says_who_scored_and_names_the_policies_again(tmp_path, monkeypatch):
    at_once(monkeypatch)
    here = 'test.training.evaluate.scripted_env'
    methods = methods_of(['nothing', f'{here}:Chunks'], [])
    bench = Bench('real', tmp_path / 'out')
    made = plan_of(methods, tasks=('pen_insert',), settings=('usual',), seeds=SEEDS, bench=bench)
    monkeypatch.setattr('hvd_training.evaluate.evaluation.refuse_unplayable', lambda *a: None)
    whole = evaluate(Setup(made, methods, 'test'), tmp_path / 'out')
    assert whole['setup']['played'].startswith('on the robot, in random order, scored by a person')
    assert all(cell['figures']['strict']['mean'] == 1.0 for cell in whole['cells'])
    assert 'on the robot' in (tmp_path / 'out' / 'report.html').read_text()


def test_operators_processes_and_privileged_policies_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"'expert' does not run .* with --robot"):
        refuse_undeployable([Spec('expert')], 1, '--robot')
    with pytest.raises(ConfigError, match='one by one'):
        refuse_undeployable([A], 2, '--robot')


@pytest.mark.parametrize(
    ('words', 'text'),
    [
        (['--robot'], 'no terminal'),
        (['--robot', '--graph'], 'choose one'),
        (['--hardware', 'sim'], 'of use only with --robot'),
        (['--limit', '9', '--launch', 'a:=b'], '--limit, --launch: of use only with --robot'),
    ],
)
def test_options_that_do_not_go_together(tmp_path, words, text):
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    args = parser.parse_args(['nothing', '--out', str(tmp_path / 'x'), *words])
    with pytest.raises(ConfigError, match=text):
        verb.run(args)
    assert not (tmp_path / 'x').exists()


def test_while_trials_go_on_nobody_hears_a_name(capsys):
    tally = verb.Tally(8, blind=True)
    outcome = on_robot.Outcome('pen_insert', 'usual', 5, Ending.PLAYED, (1.0,))
    tally.add(JOBS[0], outcome, True)
    tally.add(JOBS[1], outcome, False)
    said = capsys.readouterr()
    assert said.out + said.err == 'trial 2 of 8 is counted\n'
