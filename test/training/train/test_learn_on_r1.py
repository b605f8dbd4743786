# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From episodes of the R1 to a policy that commands it: groups, relative joints, ids, clouds."""

from dataclasses import replace
import json
from pathlib import Path

import numpy as np
import pytest

from hvd_ros.cli.main import main
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.policy import checked_chunk
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.state import StateLayout
from hvd_ros.sim.sim_state import names_of
from hvd_ros.sim.tasks.catalogue import load_sim_task
from hvd_training.data.convert import Choice, Plan, convert
from hvd_training.data.unit import UnitConfig
from hvd_training.train.loading import _sim_columns, load_policy
from hvd_training.train.phase2 import train_policy
from hvd_training.train.presets import preset
from test.episode_maker import cloud_of, make_episode

PROMPT = 'insert the pen into the pen case'
SEEN = ['--data.observe', 'state,cloud,prompt', '--data.cloud_points', '32',
        '--data.validation', '0']  # fmt: skip


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp('r1')
    for seed, (kind, outcome) in enumerate([('expert', 'success'), ('rollout', 'failure')]):
        make_episode(place / 'episodes', frames=16, cameras=(), kind=kind, seed=seed,
                     outcome=outcome, marks=[(15, 0, float(outcome == 'success'))])  # fmt: skip
    out = place / 'data'
    convert(Choice((place / 'episodes',)), Plan(out, 'v3.0', UnitConfig(), ()), tell=print)
    assert main(['dataset', 'stats', str(out), '--delta', '--horizon', '4']) == 0
    return out


def seen_by(row: int) -> Observation:
    body = load_body('r1')
    layout = StateLayout(body)
    state = np.linspace(-0.2, 0.2, len(layout.names)) + row
    return Observation(0, state, cloud=cloud_of(row))


def test_both_phases_know_the_groups_of_the_body_and_the_policy_commands_all_of_it(
    data: Path, tmp_path: Path
) -> None:
    words = [str(data), '--preset', 'tiny-hvd', *SEEN]
    assert main(['train-value', *words, '--out', str(tmp_path / 'v')]) == 0
    assert main(
        ['train-policy', *words, '--value', str(tmp_path / 'v'), '--out', str(tmp_path / 'p')]
    ) == 0  # fmt: skip
    about = json.loads((tmp_path / 'p' / 'run.json').read_text())
    assert [len(own) for own in about['groups'].values()] == [3, 4, 14]
    assert list(about['groups']) == ['base', 'torso', 'arm']
    body = load_body('r1')
    assert int(about['layout_id'], 16) == body.layout_id
    assert int(about['limits_id'], 16) == body.limits_id
    policy = load_policy(tmp_path / 'p', body)
    assert policy.needs == {Modality.STATE, Modality.CLOUD}
    policy.reset(0, PROMPT)
    chunk = checked_chunk(policy, policy.act(seen_by(0)), body)
    assert chunk.shape == (4, 21)
    reports = [json.loads(line) for line in (tmp_path / 'v' / 'metrics.jsonl').open()]
    assert {'u_mean/base', 'u_mean/torso', 'u_mean/arm'} <= reports[-1].keys()


def test_relative_joints_follow_the_state_and_openings_and_speeds_do_not(
    data: Path, tmp_path: Path
) -> None:
    made = preset('tiny-bc').policy
    # The network sees a prompt only, so whatever changes with the state is the origin of chunks.
    config = replace(made, data=replace(made.data, observe=('prompt',), validation=0.0))
    train_policy([str(data)], config, tmp_path / 'p')
    body = load_body('r1')
    policy = load_policy(tmp_path / 'p', body)
    chunks = []
    for row in (0, 1):
        policy.reset(0, PROMPT)
        chunks.append(policy.act(seen_by(row)))
    moved = np.array([d.kind == 'position' for d in body.dimensions])
    assert np.allclose((chunks[1] - chunks[0])[:, moved], 1.0, atol=1e-4)
    assert np.allclose((chunks[1] - chunks[0])[:, ~moved], 0.0, atol=1e-6)


def test_numbers_of_a_task_find_their_place_among_those_of_all_tasks_that_were_learnt() -> None:
    pen, cup = (names_of(load_sim_task(task)) for task in ('pen_insert', 'cup_upright'))
    both = list(dict.fromkeys((*pen, *cup)))
    about = {'sim_names': both, 'tasks': {'pen': 'pen_insert', 'cup': 'cup_upright', 'x': 'made'}}
    for prompt, names in (('pen', pen), ('cup', cup)):
        assert [both[i] for i in _sim_columns(about, prompt)] == list(names)
    assert _sim_columns(about, 'x') == list(range(len(both)))


def test_one_arm_alone_is_seven_numbers_and_everything_else_holds_still(
    data: Path, tmp_path: Path
) -> None:
    made = preset('fig1-arm-only').policy
    tiny = preset('tiny-bc').policy
    config = replace(
        tiny, data=replace(tiny.data, dimensions=made.data.dimensions, validation=0.0)
    )
    train_policy([str(data)], config, tmp_path / 'p')
    body = load_body('r1')
    about = json.loads((tmp_path / 'p' / 'run.json').read_text())
    assert len(about['actions']) == 7
    policy = load_policy(tmp_path / 'p', body)
    policy.reset(0, PROMPT)
    seen = seen_by(0)
    chunk = policy.act(seen)
    names = StateLayout(body).names
    for i, dimension in enumerate(body.dimensions):
        if dimension.name in about['actions']:
            continue
        here = seen.state[names.index(f'{dimension.name}.position')]
        wanted = 0.0 if dimension.kind == 'velocity' else here
        assert np.allclose(chunk[:, i], wanted, atol=1e-6), dimension.name
