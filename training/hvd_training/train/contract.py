# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What all phases know of a corpus: which networks fit it, and what a run says about itself.

Anything that must agree between a value, a policy and the place where it acts is written here,
once, and compared here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.robot.body import Body
from hvd_ros.core.robot.description import load_body
from hvd_training import groups as groups_
from hvd_training.data.batch_names import CLOUD, PROMPT, SIM_STATE, STATE
from hvd_training.data.loading.corpus import Corpus
from hvd_training.data.loading.starts import Starts, thinned
from hvd_training.data.statistics.norm_stats import NormStats, Representation
from hvd_training.data.statistics.summary import as_lists
from hvd_training.groups import Groups
from hvd_training.networks.encoders import EncoderSpec
from hvd_training.policies.small import Shapes

_LOOKED_AT = 20_000  # rows that are looked through for numbers beyond the limit
# What two phases, and the place where a policy acts, must agree on.
_CONTRACT = (
    'layout_id', 'actions', 'state_names', 'sim_names', 'prompts', 'norm_sha256', 'horizon',
    'observe', 'normalise', 'limit', 'pictures',
)  # fmt: skip


@dataclass(frozen=True)
class Sizes:
    """How many numbers each part of an observation and an action has."""

    state: int
    sim_state: int
    prompts: int
    cloud: bool
    actions: int
    horizon: int
    history: int = 1
    cloud_points: int = 0
    cameras: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # height, width
    texts: tuple[str, ...] = ()  # the prompts as they are said
    groups: Groups | None = None  # of the body, whatever the value made of them

    def encoder(self, width: int) -> EncoderSpec:
        """Return an encoder for the value."""
        return EncoderSpec(
            state=self.state, sim_state=self.sim_state, prompts=self.prompts, cloud=self.cloud,
            cameras=self.cameras, width=width,
        )  # fmt: skip

    def shapes(self) -> Shapes:
        """Return what a policy is built for."""
        return Shapes(
            horizon=self.horizon, size=self.actions, state=self.state, sim_state=self.sim_state,
            prompts=self.prompts, cloud=self.cloud, history=self.history,
            cloud_points=self.cloud_points, cameras=self.cameras, texts=self.texts,
            groups=self.groups,
        )  # fmt: skip


def sizes_of(about: Mapping[str, Any]) -> Sizes:
    """Return the sizes that a run was made for."""
    observe = about['observe']
    return Sizes(
        state=len(about['state_names']) if STATE in observe else 0,
        sim_state=len(about['sim_names']) if SIM_STATE in observe else 0,
        prompts=len(about['prompts']) if PROMPT in observe else 0,
        cloud=CLOUD in observe,
        actions=len(about['actions']),
        horizon=about['horizon'],
        history=about.get('history', 1),
        cloud_points=about.get('cloud_points', 0) if CLOUD in observe else 0,
        cameras={camera: (h, w) for camera, (h, w) in about.get('pictures', {}).items()},
        texts=tuple(about['prompts']) if PROMPT in observe else (),
        groups=groups_.from_lists(about['body_groups']) if 'body_groups' in about else None,
    )


def describe(corpus: Corpus, starts: Starts, groups: Groups) -> dict[str, Any]:
    """Return what run.json says of the data."""
    first, config = corpus.parts[0], corpus.config
    body = body_of(first.robot)
    return {
        'robot': first.robot,
        'layout_id': first.layout_id,
        'limits_id': hex_id(body.limits_id) if body else '',
        'all_actions': list(first.action_names),
        'actions': list(corpus.names),
        'state_names': list(first.state_names),
        'sim_names': list(first.sim_names) if SIM_STATE in config.observe else [],
        'prompts': list(corpus.prompts),
        'tasks': {facts.prompt: facts.task for facts in corpus.facts},
        'groups': groups.as_json(),
        'body_groups': groups_for(corpus).as_json(),
        'horizon': config.horizon,
        'observe': list(config.observe),
        'normalise': config.normalise,
        'limit': config.limit,
        'cloud_points': config.cloud_points,
        'history': config.history,
        'pictures': {camera: list(size) for camera, size in corpus.picture_sizes.items()},
        'fps': first.facts[0].fps,
        'norm_sha256': first.stats.sha256,
        'datasets': [
            {
                'path': str(part.root.resolve()),
                'role': str(part.role),
                'content_sha256': part.content,
                'episodes': len(part.facts),
                'rows': part.rows,
            }
            for part in corpus.parts
        ],
        'held_out': sorted(
            {corpus.facts[e].episode_id for e in np.flatnonzero(starts.held_episodes)}
        ),
        'clipped_share': corpus.clipped(thinned(starts.every, _LOOKED_AT)),
        'demonstrations': int(corpus.is_expert.sum()),
    }


def refuse_other(mine: Mapping[str, Any], theirs: Mapping[str, Any], where: str) -> None:
    """Raise ContractMismatch unless two runs speak of the same numbers."""
    for key in _CONTRACT:
        # A run of before images could be looked at says nothing of them.
        ours, others = (about[key] if key != 'pictures' else about.get(key, {})
                        for about in (mine, theirs))  # fmt: skip
        if ours != others:
            cure = _CURE.get(key, 'train both on the same data, with the same --data fields')
            raise ContractMismatch(
                f'{where} was made with another {key} ({_short(others)}, here '
                f'{_short(ours)}); {cure}'
            )


def refuse_other_data(mine: Mapping[str, Any], theirs: Mapping[str, Any], where: str) -> None:
    """Raise ContractMismatch unless a run that is gone on with has the same data again."""
    now = [(one['content_sha256'], one['role']) for one in mine['datasets']]
    then = [(one['content_sha256'], one['role']) for one in theirs['datasets']]
    if now != then or mine['held_out'] != theirs['held_out']:
        raise ContractMismatch(
            f'{where} learnt from other data ({_paths(theirs)}); go on with those, as they were, '
            'or begin another run'
        )


def _paths(about: Mapping[str, Any]) -> str:
    return ', '.join(f'{one["role"]}:{one["path"]}' for one in about['datasets'])


_CURE = {
    'norm_sha256': 'normalise alike: `hvd dataset stats THIS --use THAT`, or train it again',
    'horizon': 'choose the same --data.horizon',
    'observe': 'choose the same --data.observe',
    'pictures': 'choose the same --data.image_height and --data.image_width',
}


def groups_for(corpus: Corpus) -> Groups:
    """Return the groups of the dimensions that are learnt, in hierarchy order."""
    robot = corpus.parts[0].robot
    body = body_of(robot)
    names = corpus.names
    if body is not None and set(names) <= set(body.names):
        of = {d.name: d.group for d in body.dimensions}
        lists = {g: [i for i, n in enumerate(names) if of.get(n) == g] for g in body.groups}
        return groups_.from_lists({group: own for group, own in lists.items() if own})
    if len(names) == len(groups_.ogbench_manipulation().of_dimension):
        return groups_.ogbench_manipulation()
    if len(names) == len(groups_.behavior_1k().of_dimension):
        return groups_.behavior_1k()
    return groups_.from_lists({'whole': range(len(names))})


def body_of(robot: str) -> Body | None:
    """Return the description of a robot, if there is one of that name."""
    if not robot:
        return None
    try:
        return load_body(robot)
    except ConfigError:
        return None


def stats_json(stats: NormStats) -> dict[str, Any]:
    """Return statistics as a run keeps them."""
    return {
        'layout_id': stats.layout_id,
        'representation': stats.representation.as_json(),
        'names': {key: list(names) for key, names in stats.names.items()},
        'still': {key: list(names) for key, names in stats.still.items()},
        'stats': {key: as_lists(one) for key, one in stats.stats.items()},
        'sha256': stats.sha256,
        'path': str(stats.path),
    }


def stats_from_json(data: Mapping[str, Any], where: Any) -> NormStats:
    """Read what stats_json wrote."""
    how = data['representation']
    return NormStats(
        data['layout_id'],
        Representation(how['action'], how['horizon'], tuple(how['delta'])),
        {key: tuple(names) for key, names in data['names'].items()},
        {
            key: {name: np.array(value) for name, value in one.items()}
            for key, one in data['stats'].items()
        },
        {key: tuple(names) for key, names in data['still'].items()},
        data['sha256'],
        where,
    )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else f'{text[:57]}...'
