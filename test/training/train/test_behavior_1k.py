# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The preset of BEHAVIOR-1K trains on a dataset in its layout: 23 numbers of the R1 Pro."""

from dataclasses import dataclass, replace
import json
from pathlib import Path

import numpy as np

from hvd_ros.cli.main import main
from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.policy.observation import Observation
from hvd_ros.core.robot.description import load_body
from hvd_training.train.loading import load_policy
from test.training.learning_data import Numbers, dataset

BODY = load_body('r1pro')
# Otherwise as the preset has it; so small that it takes a second.
FEW = ['--run.steps', '3', '--run.log_every', '1', '--data.validation', '0', '--run.batch_size',
       '8', '--run.tensorboard', 'no']  # fmt: skip


@dataclass(frozen=True)
class R1Pro(Numbers):
    """An episode of that body, in numbers of chance."""

    @property
    def facts(self):
        return replace(
            super().facts, robot='r1pro', layout_id=hex_id(BODY.layout_id), names=BODY.names
        )

    @property
    def state_names(self) -> tuple[str, ...]:
        return tuple(f'{name}.position' for name in BODY.names)

    def raw(self):
        rng = np.random.default_rng(self.number)
        values = rng.normal(size=(self.frames, BODY.size)).cumsum(axis=0)
        clip = np.zeros(values.shape, np.uint8)
        return replace(
            super().raw(), state=values, action=values, position=values, asked=values, clip=clip
        )


def test_both_phases_of_the_preset_train_on_its_layout(tmp_path: Path) -> None:
    episodes = [R1Pro(i, 24, 'expert' if i % 3 else 'rollout', good=bool(i % 3)) for i in range(6)]
    data = str(dataset(tmp_path / 'd', episodes))
    words = [data, '--preset', 'b1k-hvd', *FEW]
    value = [*words, '--out', str(tmp_path / 'v'), '--value.width', '32']
    assert main(['train-value', *value]) == 0
    policy = [*words, '--value', str(tmp_path / 'v'), '--out', str(tmp_path / 'p')]
    assert main(['train-policy', *policy, '--policy.width', '32']) == 0
    about = json.loads((tmp_path / 'p' / 'run.json').read_text())
    # Table 11: [0-2], [3-6], [7-22].
    assert list(about['groups'].values()) == [[*range(3)], [*range(3, 7)], [*range(7, 23)]]
    config = json.loads((tmp_path / 'p' / 'config.json').read_text())
    assert (config['data']['rewards'], config['data']['horizon']) == ('success', 20)
    actor = load_policy(tmp_path / 'p', BODY)
    actor.reset(0, episodes[0].prompt)
    assert actor.act(Observation(0, np.zeros(2 * BODY.size))).shape == (20, 23)
