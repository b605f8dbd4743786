# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The policy of neighbours against closed forms: what it saw it does, what is linear it finds."""

from dataclasses import replace
import json

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch, EpisodeError
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.policy import checked_chunk, is_privileged
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.state import StateLayout
from hvd_ros.sim.policies.neighbours import (
    Memory,
    Neighbours,
    NeighboursConfig,
    fit_neighbours,
    load_neighbours,
    save_neighbours,
)
from hvd_ros.sim.policies.opening import open_policy
from test.episode_maker import make_episode

BODY = load_body('r1')
STATES = len(StateLayout(BODY).names)
SIM = ('pen.base.x', 'pen.left.x')
PROMPT = 'insert the pen'


def remembered(episodes=6, frames=10, seed=0, act=None):
    """Return a memory in which actions follow from what was seen by `act`."""
    rng = np.random.default_rng(seed)
    state = rng.normal(size=(episodes * frames, STATES))
    sim_state = rng.normal(size=(episodes * frames, len(SIM)))
    action = rng.normal(size=(len(state), BODY.size)) if act is None else act(state, sim_state)
    left = np.tile(np.arange(frames, 0, -1), episodes)
    return Memory(PROMPT, state, sim_state, action, left, SIM)


def policy(memory, **how):
    made = Neighbours([memory], 'r1', BODY.layout_id, NeighboursConfig(**how))
    made.reset(0, PROMPT)
    return made


def seen(memory, row):
    return Observation(0, memory.state[row], sim_state=memory.sim_state[row], prompt=PROMPT)


def test_with_one_neighbour_it_repeats_what_was_done_in_that_very_frame():
    memory = remembered()
    made = policy(memory, episodes=1)
    for row in (0, 11, 32):
        np.testing.assert_allclose(
            made.act(seen(memory, row))[:8], memory.action[row : row + 8], atol=1e-12
        )


def test_behind_the_end_of_an_episode_the_last_command_is_held():
    memory = remembered()
    chunk = policy(memory, episodes=1).act(seen(memory, 17))  # three frames are left
    np.testing.assert_allclose(chunk[:3], memory.action[17:20], atol=1e-12)
    np.testing.assert_allclose(chunk[3:], np.tile(memory.action[19], (7, 1)), atol=1e-12)


def test_what_follows_linearly_from_what_is_seen_is_found_between_the_memories():
    """Two numbers are known to matter; six episodes determine a plane through them."""
    slope = np.random.default_rng(1).normal(size=(2, BODY.size))
    still = remembered(episodes=6, frames=1, act=lambda state, sim: 0.3 + sim @ slope)
    still = replace(still, state=np.zeros_like(still.state))
    made = policy(still, episodes=6, ridge=1e-9, execute=1, margin=10.0)
    middle = still.sim_state.mean(axis=0) + 0.1
    answer = made.act(Observation(0, np.zeros(STATES), sim_state=middle, prompt=PROMPT))
    np.testing.assert_allclose(answer[0], 0.3 + middle @ slope, atol=1e-5)


def test_a_heavy_ridge_is_the_mean_and_the_fit_never_leaves_what_was_done():
    memory = remembered(episodes=6, frames=1)
    far = Observation(0, memory.state[0] + 50.0, sim_state=memory.sim_state[0], prompt=PROMPT)
    wild = policy(memory, execute=1, ridge=1e-6, margin=0.05).act(far)[0]
    assert (wild <= memory.action.max(axis=0) + 0.05 + 1e-12).all()
    assert (wild >= memory.action.min(axis=0) - 0.05 - 1e-12).all()
    tame = policy(memory, execute=1, ridge=1e9).act(far)[0]
    np.testing.assert_allclose(tame, memory.action.mean(axis=0), atol=0.05)


def test_every_episode_is_asked_for_its_one_most_similar_frame():
    memory = remembered(episodes=3, frames=5)
    made = policy(memory, episodes=3)
    look = made._looks[PROMPT]
    near, far = look._nearest(np.r_[memory.state[7], memory.sim_state[7]] * look._scale)
    assert sorted(row // 5 for row in near) == [0, 1, 2]
    assert (near[0], far[0]) == (7, pytest.approx(0.0, abs=1e-2))
    assert (np.diff(far) >= 0).all()


def test_its_answers_are_chunks_that_a_body_can_do_and_it_is_privileged():
    memory = remembered()
    made = policy(memory)
    assert checked_chunk(made, made.act(seen(memory, 3)), BODY).shape == (10, BODY.size)
    assert is_privileged(made)
    with pytest.raises(ContractMismatch, match='needs sim_state'):
        made.act(Observation(0, memory.state[0], prompt=PROMPT))


def test_a_task_that_it_has_no_memory_of_is_named():
    with pytest.raises(ConfigError, match="no memory of 'insert the pan': did you mean 'insert"):
        policy(remembered()).reset(0, 'insert the pan')


def test_saved_and_read_again_it_does_the_same(tmp_path):
    memory = remembered()
    made = policy(memory, episodes=2, ridge=0.5)
    again = load_neighbours(save_neighbours(tmp_path / 'n.npz', made))
    again.reset(9, PROMPT)
    assert (again.layout_id, again.robot, again.config) == (BODY.layout_id, 'r1', made.config)
    np.testing.assert_array_equal(again.act(seen(memory, 4)), made.act(seen(memory, 4)))
    opened = open_policy(f'neighbours:{tmp_path / "n.npz"}', BODY)
    assert opened.name == 'neighbours'
    assert [p.name for p in tmp_path.iterdir()] == ['n.npz']


def test_it_is_of_one_body(tmp_path):
    save_neighbours(tmp_path / 'n.npz', policy(remembered()))
    with pytest.raises(ContractMismatch, match='is of a body with layout'):
        open_policy(f'neighbours:{tmp_path / "n.npz"}', load_body('r1pro'))


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04half', b'{"no": 1}'])
def test_a_file_that_is_no_policy_is_named(tmp_path, content):
    (tmp_path / 'n.npz').write_bytes(content)
    with pytest.raises(ConfigError, match='n.npz: not a policy of neighbours'):
        load_neighbours(tmp_path / 'n.npz')


@pytest.mark.parametrize(
    'about', [{'schema': 2}, {'schema': 1, 'tasks': [], 'config': {'near': 1}}, [1]]
)
def test_a_file_of_another_version_is_named(tmp_path, about):
    np.savez(tmp_path / 'n.npz', about=np.frombuffer(json.dumps(about).encode(), np.uint8))
    with pytest.raises(ConfigError, match='not a policy of neighbours'):
        load_neighbours(tmp_path / 'n.npz')


def test_a_file_can_not_bring_code_along(tmp_path):
    np.savez(tmp_path / 'n.npz', about=np.array([{'code': 1}], dtype=object))
    with pytest.raises(ConfigError, match='allow_pickle'):
        load_neighbours(tmp_path / 'n.npz')


def test_it_remembers_recorded_episodes_frame_by_frame(tmp_path):
    how = {'frames': 6, 'cameras': (), 'cloud': False, 'sim_state': SIM}
    folders = [make_episode(tmp_path, seed=i, **how) for i in range(2)]
    made = fit_neighbours(folders)
    (memory,) = made.memories.values()
    assert memory.state.shape == (12, STATES)
    assert memory.sim_names == SIM
    assert memory.left.tolist() == [6, 5, 4, 3, 2, 1] * 2
    assert Modality.SIM_STATE in made.needs


def test_episodes_that_it_can_not_learn_from_are_named(tmp_path):
    how = {'frames': 3, 'cameras': (), 'cloud': False}
    blind = make_episode(tmp_path, seed=1, **how)
    with pytest.raises(EpisodeError, match='the state of the simulation was not recorded'):
        fit_neighbours([blind])
    one = make_episode(tmp_path, seed=2, sim_state=SIM, **how)
    other = make_episode(tmp_path, seed=3, sim_state=SIM[::-1], **how)
    with pytest.raises(ContractMismatch, match='differ in what the simulation told'):
        fit_neighbours([one, other])
    with pytest.raises(ContractMismatch, match='0 episodes of 0 bodies'):
        fit_neighbours([])
