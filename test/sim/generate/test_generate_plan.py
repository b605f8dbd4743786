# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Shares become whole numbers that add up; every episode has its own name and seed."""

from collections import Counter
from dataclasses import replace

import pytest

from hvd_ros.core.errors import ConfigError
from hvd_ros.sim.generate.mixes import MIXES, Mix, counts, load_mix
from hvd_ros.sim.generate.plan import MOST_ATTEMPTS, Plan
from hvd_ros.sim.generate.tape import Shows
from hvd_ros.sim.seeds import purpose_of
from hvd_ros.sim.tasks.catalogue import TASKS


def test_wb50_has_the_shares_of_the_paper():
    assert counts(load_mix('wb50'), 1000) == {'expert': 437, 'suboptimal': 146, 'rollout': 417}
    assert counts(load_mix('wb50'), 500) == {'expert': 219, 'suboptimal': 73, 'rollout': 208}


@pytest.mark.parametrize('name', MIXES)
@pytest.mark.parametrize('episodes', [1, 2, 3, 7, 10, 99, 500])
def test_numbers_add_up_and_are_within_one_of_their_share(name, episodes):
    found = counts(MIXES[name], episodes)
    assert sum(found.values()) == episodes
    for kind, share in MIXES[name].shares().items():
        assert abs(found[kind] - share * episodes) < 1


def test_teleop_is_wb50_without_its_rollouts():
    teleop, wb50 = load_mix('teleop'), load_mix('wb50')
    assert teleop.expert / teleop.suboptimal == pytest.approx(wb50.expert / wb50.suboptimal, 0.01)
    assert all(sum(mix.shares().values()) == pytest.approx(1) for mix in MIXES.values())


def test_five_hundred_are_a_hundred_of_every_task_and_every_kind_is_spread_over_them():
    jobs = Plan('wb50', 500).jobs()
    assert Counter(job.task for job in jobs) == dict.fromkeys(TASKS, 100)
    for kind, count in counts(load_mix('wb50'), 500).items():
        of_task = Counter(job.task for job in jobs if job.kind == kind)
        assert sum(of_task.values()) == count
        assert max(of_task.values()) - min(of_task.values()) <= 1


def test_people_have_a_manner_and_every_fourth_imperfect_episode_is_repaired():
    jobs = Plan('wb50', 500).jobs()
    assert Counter(j.manner for j in jobs if j.kind == 'suboptimal') == {
        'imperfect': 55,
        'correction': 18,
    }
    assert {j.manner for j in jobs if j.kind == 'expert'} == {'expert'}
    assert {j.manner for j in jobs if j.kind == 'rollout'} == {''}
    assert Mix(suboptimal=1.0).correction_every == 4


def test_no_two_attempts_share_a_seed_and_none_is_for_choosing_or_testing():
    plan = Plan('wb50', 500, seed=3)
    seeds = [plan.seed_of(n, attempt) for n in range(500) for attempt in range(MOST_ATTEMPTS)]
    assert len(set(seeds)) == len(seeds)
    assert {purpose_of(seed) for seed in seeds} == {'generation'}


def test_seeds_and_names_follow_from_the_plan_alone():
    one, same, other = Plan('wb50', 20, seed=1), Plan('wb50', 20, seed=1), Plan('wb50', 20, seed=2)
    assert one.jobs() == same.jobs()
    assert [one.seed_of(n) for n in range(20)] == [same.seed_of(n) for n in range(20)]
    assert {job.episode_id for job in one.jobs()}.isdisjoint(j.episode_id for j in other.jobs())
    assert one.seed_of(0) != other.seed_of(0)


@pytest.mark.parametrize(
    'change',
    [
        {'setting': 'pose'},
        {'policy': 'a:b'},
        {'policy_sha256': '00'},
        {'tasks': ('pen_insert',)},
        {'shows': Shows(cameras=True)},
        {'episodes': 21},
    ],
)
def test_whatever_changes_a_number_changes_the_names(change):
    plan = Plan('wb50', 20)
    assert replace(plan, **change).digest != plan.digest


@pytest.mark.parametrize(
    ('wrong', 'said'),
    [
        ({'mix': 'wb5'}, "mix 'wb5': did you mean 'wb50'"),
        ({'episodes': 0}, '0 episodes: allowed are 1 to'),
        ({'episodes': -3}, '-3 episodes'),
        ({'episodes': 10**6}, '1000000 episodes: allowed are 1 to 50000'),
        ({'tasks': ('pen_insrt',)}, "did you mean 'pen_insert'"),
        ({'tasks': ()}, 'name at least one'),
        ({'tasks': ('pen_insert', 'pen_insert')}, 'each once'),
        ({'setting': 'pose2'}, "did you mean 'pose'"),
        ({'seed': -1}, 'seed -1'),
        ({'robot': 'r2'}, "unknown robot 'r2'"),
        ({'episodes': 6}, "6 episodes of mix 'wb50': trash_dispose would have rollouts"),
        ({'mix': 'rollouts'}, 'no experts to learn from; name who plays with --policy'),
        ({'episodes': 1, 'mix': 'imperfect', 'policy': ''}, None),
        ({'mix': 'rollouts', 'policy': 'neighbours:x'}, None),
    ],
)
def test_what_can_not_be_made_is_refused_with_the_way_out(wrong, said):
    how = {'mix': 'wb50', 'episodes': 10} | wrong
    if said is None:
        assert Plan(**how).jobs()
        return
    with pytest.raises(ConfigError) as refused:
        Plan(**how)
    assert said in str(refused.value)
