# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bundle acts: by its seed, on what its manifest names; what it did not learn holds still."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.policy.bundle import Inputs, Manifest, Sampler, Step, observed_names
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.policy import checked_chunk
from hvd_ros.core.robot.body import Kind
from hvd_ros.core.robot.description import load_body
from hvd_ros.runtime.bundle_policy import BundlePolicy

BODY = load_body('r1')
NAMES = observed_names(BODY)
LEARNT = (5, 2)  # in the order of the chunk, not that of the body


class Fake:
    """A graph made of a function."""

    def __init__(self, inputs: tuple[str, ...], say: Any) -> None:
        self.inputs, self._say, self._held = inputs, say, {}
        self.seen: list[Mapping[str, Any]] = []

    def hold(self, feeds: Mapping[str, Any]) -> None:
        self._held = dict(feeds)

    def run(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        assert set(feeds) | set(self._held) == set(self.inputs)
        self.seen.append(dict(feeds))
        return self._say(self._held | dict(feeds))


def manifest(**changes: Any) -> Manifest:
    made = Manifest(
        name='pen', robot='r1', layout_id='', dimensions=BODY.names,
        learnt=tuple(BODY.names[i] for i in LEARNT), ranges={}, prompts=('pen', 'cup'),
        inputs=Inputs(state=(NAMES[4], NAMES[1])), horizon=3, execute=2, step_s=0.1,
        sampler=Sampler(noise=(1, 3, 2)), graphs={},
    )  # fmt: skip
    return replace(made, **changes)


def policy(made: Manifest | None = None, inputs: tuple[str, ...] = ('noise',)) -> BundlePolicy:
    graph = Fake(inputs, lambda feed: {'chunk': feed['noise']})
    return BundlePolicy(made or manifest(), {'whole': graph}, BODY, 2)


def seen(**changes: Any) -> Observation:
    return replace(Observation(0, np.arange(len(NAMES), dtype=float)), **changes)


def graph_of(acting: BundlePolicy) -> Any:
    return acting._backends['whole']


def test_the_same_seed_gives_the_same_actions_and_another_one_others() -> None:
    acting = policy()
    chunks = []
    for seed in (3, 3, 4):
        acting.reset(seed, 'pen')
        chunks.append(np.stack([acting.act(seen()), acting.act(seen())]))
    assert np.array_equal(chunks[0], chunks[1])
    assert not np.array_equal(chunks[0], chunks[2])
    assert not np.array_equal(chunks[0][0], chunks[0][1])


def test_what_was_learnt_finds_its_dimension_and_the_rest_holds_still() -> None:
    acting = policy()
    acting.reset(0, 'pen')
    chunk = checked_chunk(acting, acting.act(seen()), BODY)
    noise = graph_of(acting).seen[0]['noise'][0]
    assert np.allclose(chunk[:, LEARNT], noise)
    for i, dimension in enumerate(BODY.dimensions):
        if i not in LEARNT:
            still = 0.0 if dimension.kind is Kind.VELOCITY else NAMES.index(
                f'{dimension.name}.position'
            )  # fmt: skip
            assert (chunk[:, i] == still).all(), dimension.name


def test_a_graph_gets_its_inputs_by_name_and_nothing_else() -> None:
    inputs = Inputs(
        state=(NAMES[4], NAMES[1]), cloud_points=4, cameras={'head': (2, 3)}, prompt=True
    )
    acting = policy(manifest(inputs=inputs), ('noise', 'state', 'cloud', 'rgb.head', 'prompt'))
    assert acting.needs == {Modality.STATE, Modality.CLOUD, Modality.RGB}
    assert acting.cameras == ('head',)
    acting.reset(0, 'cup')
    xyz, rgb = np.arange(9.0, dtype=np.float32).reshape(3, 3), np.full((3, 3), 255, np.uint8)
    picture = np.full((2, 3, 3), 7, np.uint8)
    acting.act(seen(cloud=(xyz, rgb), images={'head': picture, 'left_wrist': picture}))
    feed = graph_of(acting).seen[0]
    assert feed['state'].tolist() == [[4.0, 1.0]]
    assert feed['cloud'].shape == (1, 4, 6)
    assert feed['cloud'][0, 3].tolist() == [0.0, 1.0, 2.0, 1.0, 1.0, 1.0]  # the first one again
    assert np.array_equal(feed['rgb.head'], picture[None])
    assert feed['prompt'].tolist() == [1]


def test_pictures_are_fitted_as_they_were_where_it_learnt() -> None:
    acting = policy(manifest(inputs=Inputs(cameras={'head': (4, 4)})), ('noise', 'rgb.head'))
    acting.reset(0, 'pen')
    acting.act(seen(images={'head': np.full((4, 8, 3), 9, np.uint8)}))
    fed = graph_of(acting).seen[0]['rgb.head']
    assert fed.shape == (1, 4, 4, 3)
    assert fed[0, :, 0, 0].tolist() == [0, 9, 9, 0]


def test_numbers_of_a_task_stand_among_those_of_all_tasks() -> None:
    names = {'pen': ('a', 'c'), 'cup': ('b',)}
    inputs = Inputs(sim_state=('a', 'b', 'c'), sim_state_of=names)
    acting = policy(manifest(inputs=inputs), ('noise', 'sim_state'))
    assert Modality.SIM_STATE in acting.needs
    for prompt, given, wanted in (('pen', [1, 2], [1, 0, 2]), ('cup', [5], [0, 5, 0])):
        acting.reset(0, prompt)
        acting.act(seen(sim_state=np.array(given)))
        assert graph_of(acting).seen[-1]['sim_state'].tolist() == [wanted]
    with pytest.raises(ContractMismatch, match='learnt with 1 numbers of sim_state, given are 2'):
        acting.act(seen(sim_state=np.array([1.0, 2.0])))


@pytest.mark.parametrize(
    ('inputs', 'given', 'said'),
    [
        (Inputs(sim_state=('a',)), {}, 'it can not act on a robot'),
        (Inputs(cloud_points=4), {}, 'a cloud; start the cloud node'),
        (Inputs(cameras={'head': (2, 3)}), {}, "the camera 'head'; given are none"),
    ],
)
def test_what_is_not_shown_is_named(inputs: Inputs, given: dict[str, Any], said: str) -> None:
    acting = policy(manifest(inputs=inputs))
    acting.reset(0, 'pen')
    with pytest.raises(ContractMismatch, match=said):
        acting.act(seen(**given))


def test_a_task_that_it_never_learnt_is_refused() -> None:
    with pytest.raises(ConfigError, match="never learnt 'cap'; did you mean 'cup'"):
        policy().reset(0, 'cap')


def test_steps_of_a_sampler_are_those_of_the_manifest_after_one_context() -> None:
    """A velocity of context - x, by Euler: closed form (1 - h)^n on the way to the context."""
    steps = tuple(Step(1 - i / 4, 1.0, 0.25) for i in range(4))
    sampler = Sampler('encode_step', (1, 3, 2), steps)
    encode = Fake(('state',), lambda feed: {'goal': feed['state'][:, None, :1]})
    step = Fake(('goal', 'x', 'time'), lambda feed: {'prediction': feed['goal'] - feed['x']})
    finish = Fake(('x', 'state'), lambda feed: {'chunk': feed['x'] * 10})
    made = manifest(sampler=sampler, inputs=Inputs(state=(NAMES[4],)))
    backends = {'encode': encode, 'step': step, 'finish': finish}
    acting = BundlePolicy(made, backends, BODY, 2)
    acting.reset(0, 'pen')
    noise = np.random.default_rng(0).standard_normal((1, 3, 2)).astype(np.float32)
    chunk = acting.act(seen())
    wanted = 10 * (4.0 + (noise[0] - 4.0) * 0.75**4)
    assert np.allclose(chunk[:, LEARNT], wanted, atol=1e-4)
    assert len(encode.seen) == 1
    assert [float(one['time'][0]) for one in step.seen] == [1.0, 0.75, 0.5, 0.25]
    del backends['finish']
    acting = BundlePolicy(made, backends, BODY, 2)
    acting.reset(0, 'pen')
    assert np.allclose(acting.act(seen())[:, LEARNT], wanted / 10, atol=1e-5)
