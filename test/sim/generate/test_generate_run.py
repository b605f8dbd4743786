# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A plan becomes the same numbers in any number of processes, and goes on where it was cut off."""

from collections import Counter
import fcntl
import json
import os
import shutil

import pytest

from hvd_ros.core.bag.index import Bag
from hvd_ros.core.episodes.meta import load_meta
from hvd_ros.core.episodes.reader import Episode, list_episodes
from hvd_ros.core.episodes.verify import verify_all
from hvd_ros.core.errors import ConfigError, ContractMismatch, EpisodeError
from hvd_ros.core.pool import WorkerDied
from hvd_ros.sim.generate import making, run
from hvd_ros.sim.generate.plan import Plan
from hvd_ros.sim.generate.run import FITTED, PLAN, generate
from hvd_ros.sim.policies.neighbours import load_neighbours
from hvd_ros.sim.robot import SimulationBroken
from hvd_ros.sim.tasks.pen_insert import PenInsert

HERE = 'test.sim.generate.quick_policy'
PEN = ('pen_insert',)


def short(monkeypatch, limit_s=1.0):
    """Let episodes of this process end early."""
    monkeypatch.setattr(PenInsert, 'limit_s', limit_s)


def content(root):
    """Return every message by file; how they lie in chunks is up to the disk."""
    found = {}
    for path in root.glob('*/*/*.mcap'):
        messages = Bag(path).messages()
        found[path.name] = sorted((m.topic, m.log_ns, m.publish_ns, m.cdr) for m in messages)
    return found


@pytest.fixture(scope='module')
def mixed(tmp_path_factory):
    """Return a plan of two experts and two rollouts of their own policy, and its folder."""
    root = tmp_path_factory.mktemp('out') / 'mixed'
    plan, told = Plan('wb50', 4, PEN, seed=1), []
    with pytest.MonkeyPatch.context() as monkeypatch:
        short(monkeypatch, 19.0)  # enough for an expert
        report = generate(plan, root, 1, told.append)
    return plan, root, report, told


def test_the_episodes_are_those_of_the_plan_whole_and_labelled(mixed):
    plan, root, report, _ = mixed
    folders = list_episodes(root)
    assert {f.name for f in folders} == {job.episode_id for job in plan.jobs()}
    assert verify_all(folders) == []
    metas = {f.name: load_meta(f) for f in folders}
    assert Counter(m.kind for m in metas.values()) == {'expert': 2, 'rollout': 2}
    for job in plan.jobs():
        meta = metas[job.episode_id]
        assert meta.simulation['seed'] == plan.seed_of(job.number)
        assert meta.healthy
        with Episode.open(root / job.task / job.episode_id) as episode:
            assert len(episode.labels.resolved()) == len(episode.labels.stages)
        if job.kind == 'expert':
            assert (meta.outcome, meta.simulation['manner']) == ('success', 'expert')
    assert len(report.made) == 4


def test_two_processes_make_the_same_messages_as_one(tmp_path):
    # Of a seed whose two operators give up halfway.
    plan = Plan('imperfect', 2, ('pen_insert', 'cup_upright'), seed=30)
    for workers in (1, 2):
        generate(plan, tmp_path / str(workers), workers, print)
    assert len(content(tmp_path / '1')) == 2
    assert content(tmp_path / '2') == content(tmp_path / '1')


def test_the_rollouts_are_those_of_a_policy_of_the_experts(mixed):
    _, root, _, _ = mixed
    policy = load_neighbours(root / FITTED)
    frames = sum(load_meta(f).frames for f in list_episodes(root) if load_meta(f).kind == 'expert')
    (memory,) = policy.memories.values()
    assert len(memory.action) == frames
    assert {load_meta(f).operator for f in list_episodes(root)} == {
        'scripted expert',
        'neighbours',
    }


def test_what_is_there_is_kept_and_what_is_missing_is_made_the_same(mixed, tmp_path):
    plan, root, _, _ = mixed
    again = shutil.copytree(root, tmp_path / 'again')
    before = content(again)
    lost = again / 'pen_insert' / plan.jobs()[0].episode_id
    shutil.rmtree(lost)
    torn = lost.with_name(lost.name + '.partial')
    torn.mkdir()
    (torn / 'half').write_text('of a process that was killed')
    report = generate(plan, again, 1, print)
    assert Counter(m.kept for m in report.made) == {True: 3, False: 1}
    assert content(again) == before
    assert not torn.exists()


def test_the_report_counts_kinds_and_outcomes(mixed):
    _, _, _, told = mixed
    assert told[0].split()[:3] == ['expert', '2', 'episodes']
    assert '2 success, 0 partial, 0 failure' in told[0]
    assert told[1].startswith('rollout')


def test_any_policy_object_can_play_the_rollouts(tmp_path, monkeypatch):
    short(monkeypatch)
    plan = Plan('rollouts', 2, PEN, policy=f'{HERE}:Still')
    generate(plan, tmp_path / 'out', 1, print)
    for folder in list_episodes(tmp_path / 'out'):
        with Episode.open(folder) as episode:
            assert episode.meta.operator == 'still'
            assert episode.meta.simulation['policy'] == f'{HERE}:Still'
            # Four steps of each answer are carried out, then it is asked again.
            swing = episode.table().asked[:8, 0]
        assert len(set(swing[:4])) == len(set(swing[4:])) == 1
        assert swing[0] != swing[4]


def test_a_rollout_that_is_stuck_ends_as_a_person_would_end_it(tmp_path):
    plan = Plan('rollouts', 1, PEN, policy=f'{HERE}:Frozen')
    report = generate(plan, tmp_path / 'out', 1, print)
    assert report.made[0].outcome == 'failure'
    assert 50 < report.made[0].frames < 80  # of the 450 that the task allows
    moving = Plan('rollouts', 1, PEN, policy=f'{HERE}:Turning')
    with pytest.MonkeyPatch.context() as monkeypatch:
        short(monkeypatch, 7.0)
        assert generate(moving, tmp_path / 'moving', 1, print).made[0].frames == 71


def test_physics_that_blew_up_is_made_again_and_told(tmp_path, monkeypatch):
    short(monkeypatch)
    plan, real, calls = Plan('rollouts', 1, PEN, policy=f'{HERE}:Still'), making.TaskEnv.step, []

    def step(env, action):
        calls.append(1)
        if len(calls) == 4:
            raise SimulationBroken(f'seed {env._seed}: the physics broke')
        return real(env, action)

    monkeypatch.setattr(making.TaskEnv, 'step', step)
    told = []
    report = generate(plan, tmp_path / 'out', 1, told.append)
    assert told[-1] == f'made again: seed {plan.seed_of(0)}: the physics broke'
    assert report.made[0].again
    (folder,) = list_episodes(tmp_path / 'out')
    assert load_meta(folder).simulation['seed'] == plan.seed_of(0, 1)
    assert list((tmp_path / 'out').glob('*/*.partial')) == []


def test_an_expert_that_fails_is_no_demonstration(tmp_path, monkeypatch):
    short(monkeypatch)
    monkeypatch.setattr(making, 'MOST_ATTEMPTS', 2)
    with pytest.raises(EpisodeError, match='2 attempts at pen_insert gave no episode; the last'):
        generate(Plan('experts', 1, PEN), tmp_path / 'out', 1, print)
    assert list_episodes(tmp_path / 'out') == []


def test_a_killed_worker_ends_in_one_line_and_the_rest_is_kept(mixed, tmp_path):
    plan = Plan('rollouts', 3, PEN, policy=f'{HERE}:Deadly')
    with pytest.raises(WorkerDied) as died:
        generate(plan, tmp_path / 'out', 2, print)
    assert str(died.value) == (
        'a worker died (out of memory?); what is done is kept: run the same command again, with '
        'fewer --workers if memory is short'
    )
    assert list((tmp_path / 'out').glob('*/*.partial'))


def test_ctrl_c_says_what_is_there_and_leaves_no_half_episode(tmp_path, monkeypatch):
    short(monkeypatch)
    real, calls = making.TaskEnv.step, []

    def step(env, action):
        calls.append(1)
        if len(calls) == 14:  # in the second episode
            raise KeyboardInterrupt
        return real(env, action)

    monkeypatch.setattr(making.TaskEnv, 'step', step)
    plan, told = Plan('rollouts', 2, PEN, policy=f'{HERE}:Still'), []
    with pytest.raises(KeyboardInterrupt):
        generate(plan, tmp_path / 'out', 1, told.append)
    assert told == [f'cut off: 1 of 2 episodes are there; {run._AGAIN}']
    assert list((tmp_path / 'out').glob('*/*.partial')) == []
    assert len(list_episodes(tmp_path / 'out')) == 1


@pytest.mark.parametrize(
    ('name', 'error', 'said'),
    [
        ('Foreign', ContractMismatch, 'is of a body with layout 0000000000000007'),
        ('nothing', ContractMismatch, 'is no policy: it has no name, needs'),
        ('Absent', ConfigError, "no attribute 'Absent'"),
    ],
)
def test_a_policy_that_can_not_play_is_refused_before_anything_is_made(
    tmp_path, name, error, said
):
    with pytest.raises(error, match=said):
        generate(Plan('rollouts', 2, PEN, policy=f'{HERE}:{name}'), tmp_path / 'out', 1, print)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    ('name', 'said'),
    [
        ('Diverged', "policy 'still': step 0 of its chunk is nan"),
        ('Confused', "policy 'still' failed: IndexError: list index out of range"),
    ],
)
def test_a_policy_that_answers_nonsense_leaves_no_episode(tmp_path, name, said):
    plan = Plan('rollouts', 1, PEN, policy=f'{HERE}:{name}')
    with pytest.raises(ContractMismatch, match=said):
        generate(plan, tmp_path / 'out', 1, print)
    assert list((tmp_path / 'out').glob('pen_insert/*')) == []


def test_a_folder_that_holds_other_things_is_left_alone(tmp_path):
    (tmp_path / 'mine').write_text('precious')
    with pytest.raises(ConfigError, match='holds other things'):
        generate(Plan('experts', 1, PEN), tmp_path, 1, print)
    assert [p.name for p in tmp_path.iterdir()] == ['mine']


@pytest.mark.parametrize(
    ('other', 'said'),
    [({'seed': 2}, 'seed = 1, not 2'), ({'episodes': 5}, 'episodes = 4, not 5')],
)
def test_a_folder_of_another_plan_is_refused_with_the_difference(mixed, other, said):
    _, root, _, _ = mixed
    how = {'mix': 'wb50', 'episodes': 4, 'tasks': PEN, 'seed': 1} | other
    with pytest.raises(ConfigError) as refused:
        generate(Plan(**how), root, 1, print)
    assert said in str(refused.value)


def test_a_damaged_plan_is_named(mixed, tmp_path):
    (tmp_path / PLAN).write_text('{')
    with pytest.raises(ConfigError, match='generate.json: not readable'):
        generate(Plan('experts', 1, PEN), tmp_path, 1, print)


def test_two_runs_do_not_share_a_folder(mixed):
    plan, root, _, _ = mixed
    handle = os.open(root, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(EpisodeError, match='another run generates here'):
            generate(plan, root, 1, print)
    finally:
        os.close(handle)


def test_the_plan_lies_in_the_folder_for_people_to_read(mixed):
    _, root, _, _ = mixed
    said = json.loads((root / PLAN).read_text())
    assert (said['mix'], said['episodes'], said['seed']) == ('wb50', 4, 1)
