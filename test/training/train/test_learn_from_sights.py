# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""From images and clouds that the twin made to a value and a policy that look at them."""

from collections.abc import Mapping
from dataclasses import replace
import json
from pathlib import Path
import shutil

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
import torch

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.policy.policy import checked_chunk
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.state import StateLayout
from hvd_ros.core.tasks import load_task
from hvd_training.data.loading.opening import open_corpus
from hvd_training.networks.multimodal.eyes import Frozen
from hvd_training.networks.pi0.siglip import VisionTower
from hvd_training.networks.pi0.sizes import Siglip
from hvd_training.train import checkpoint
from hvd_training.train.config import PolicyTrain, ValueTrain
from hvd_training.train.loading import load_policy
from hvd_training.train.phase1 import train_value
from hvd_training.train.phase2 import train_policy
from hvd_training.train.presets import preset
from hvd_training.train.value_run import open_value
from test.episode_maker import cloud_of, color_of
from test.training import twin_data

PROMPT = load_task(twin_data.TASK).prompt
OBSERVE = ('rgb.head', 'rgb.left_wrist', 'cloud', 'prompt', 'state')
ENCODER = {'kind': 'tokens', 'width': 16, 'depth': 1, 'mlp': 16, 'heads': 2, 'head_dim': 4,
           'side': 16}  # fmt: skip
CHANGES = {'crop': 0.1, 'shift': 0.1, 'brightness': 0.2, 'saturation': 0.2,
           'cloud_jitter_m': 0.01, 'cloud_grey': 0.3, 'drop_camera': 0.3, 'drop_cloud': 0.2,
           'noise': 0.01}  # fmt: skip


@pytest.fixture(scope='module')
def data(twin: Path) -> str:
    return str(twin)


def value_config(steps: int = 2, **encoder: object) -> ValueTrain:
    made = preset('tiny-hvd').value
    assert made is not None
    return replace(
        made,
        data=replace(
            made.data, observe=OBSERVE, cloud_points=300, image_height=24, image_width=32,
            validation=0.0,
        ),
        value=made.value.but(decoder='8-16-4'),
        run=replace(made.run, steps=steps, batch_size=4, log_every=1, save_every=2, keep=9),
        augment=replace(made.augment, **({} if 'eyes' in encoder else CHANGES)),
        encoder=replace(made.encoder, **(ENCODER | encoder)),
    )  # fmt: skip


def policy_config(objective: str = 'hvd', steps: int = 2, **data: object) -> PolicyTrain:
    made, value = preset('tiny-hvd').policy.named(None, objective), value_config(steps)
    return replace(
        made,
        data=replace(value.data, **data),
        run=value.run,
        optim=replace(made.optim, schedule='constant', warmup=1),
        augment=value.augment,
        policy=replace(made.policy, picture_side=16, picture_width=8, cloud_width=8),
    )


@pytest.fixture(scope='module')
def runs(data: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a value `v` and a policy `p`, both after two steps of HVD."""
    place = tmp_path_factory.mktemp('runs')
    train_value([data], value_config(), place / 'v')
    train_policy([data], policy_config(), place / 'p', place / 'v', say=print)
    return place


def seen(**changes: object) -> Observation:
    names = StateLayout(load_body('r1')).names
    images = {name: color_of(3, number) for number, name in enumerate(('head', 'left_wrist'))}
    usual: dict[str, object] = {'images': images, 'cloud': cloud_of(3)}
    return Observation(0, np.linspace(-0.2, 0.2, len(names)), **(usual | changes))


def tensors(run: Path) -> Mapping[str, torch.Tensor]:
    folder = checkpoint.required(run).folder
    found = {f'{p.name}:{k}': v for p in folder.glob('*.safetensors')
             for k, v in load_file(p).items()}  # fmt: skip
    assert found
    return found


def test_both_phases_learn_two_steps_of_hvd_from_images_clouds_words_and_state(
    data: str, runs: Path
) -> None:
    for run in ('v', 'p'):
        rows = [json.loads(line) for line in (runs / run / 'metrics.jsonl').open()]
        assert [row['step'] for row in rows] == [1, 2]
        assert all(np.isfinite([v for v in row.values() if isinstance(v, float)]).all()
                   for row in rows)  # fmt: skip
        about = json.loads((runs / run / 'run.json').read_text())
        assert about['pictures'] == {'head': [24, 32], 'left_wrist': [24, 32]}
    batch = open_corpus([data], value_config().data).chunks(np.arange(4))
    assert batch.observation['rgb.head'].float().std() > 5, 'the twin saw something'
    assert batch.observation['cloud'][..., :3].std() > 0.1
    weights = open_value(runs / 'v').learner.weights(batch)
    assert weights.shape == (4, 3)
    assert torch.isfinite(weights).all()


def test_a_policy_acts_on_what_cameras_show_fitted_as_it_learnt(data: str, runs: Path) -> None:
    body = load_body('r1')
    policy = load_policy(runs / 'p', body)
    assert policy.needs == {Modality.STATE, Modality.CLOUD, Modality.RGB}
    assert policy.cameras == ('head', 'left_wrist')
    policy.reset(0, PROMPT)
    chunk = checked_chunk(policy, policy.act(seen()), body)
    policy.reset(0, PROMPT)
    dark = dict.fromkeys(policy.cameras, np.zeros((50, 70, 3), np.uint8))
    other = checked_chunk(policy, policy.act(seen(images=dark)), body)
    assert not np.allclose(chunk, other), 'it looks at images, of any size'


def test_a_camera_or_a_cloud_that_is_missing_and_a_new_prompt_are_named(runs: Path) -> None:
    policy = load_policy(runs / 'p', load_body('r1'))
    with pytest.raises(ConfigError, match="never learnt 'insert the pan'"):
        policy.reset(0, 'insert the pan')
    policy.reset(0, PROMPT)
    only = {'left_wrist': color_of(3, 1)}
    with pytest.raises(ConfigError, match="camera 'head', which shows nothing.*left_wrist"):
        policy.act(seen(images=only))
    with pytest.raises(ConfigError, match='looks at a cloud, and none was given'):
        policy.act(seen(cloud=None))
    # Nothing in sight is not a cloud that is missing.
    nothing = np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8)
    assert np.isfinite(policy.act(seen(cloud=nothing))).all()


def test_a_cloud_that_is_shorter_has_its_first_points_again(data: str, runs: Path) -> None:
    batch = open_corpus([data], value_config().data).chunks(np.arange(2))
    cloud = batch.observation['cloud']
    assert cloud.shape == (2, 300, 6)
    assert torch.equal(cloud[:, 256:], cloud[:, :44])
    # The largest of each feature is the same, so a value does not notice.
    once = batch.observation | {'cloud': cloud[:, :256]}
    model = open_value(runs / 'v').learner.model
    torch.testing.assert_close(model.v(once), model.v(batch.observation))


def test_changing_what_is_seen_does_not_keep_a_run_from_going_on_bit_for_bit(
    data: str, runs: Path, tmp_path: Path
) -> None:
    train_value([data], value_config(4), tmp_path / 'v')
    shutil.copytree(runs / 'v', tmp_path / 'parts')
    train_value([data], value_config(4), tmp_path / 'parts', resume=True)
    train_policy([data], policy_config(steps=4), tmp_path / 'p', runs / 'v')
    shutil.copytree(runs / 'p', tmp_path / 'q')
    train_policy([data], policy_config(steps=4), tmp_path / 'q', runs / 'v', resume=True)
    for whole, parts in (('v', 'parts'), ('p', 'q')):
        first, second = tensors(tmp_path / whole), tensors(tmp_path / parts)
        assert first.keys() == second.keys()
        assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_value_of_other_image_sizes_is_refused(data: str, runs: Path, tmp_path: Path) -> None:
    config = policy_config(image_height=16, image_width=16)
    with pytest.raises(ContractMismatch, match='another pictures.*--data.image_height'):
        train_policy([data], config, tmp_path / 'p', runs / 'v')


def test_a_policy_may_look_back_while_its_value_sees_the_newest(
    data: str, runs: Path, tmp_path: Path
) -> None:
    train_policy([data], policy_config(history=2), tmp_path / 'p', runs / 'v', say=print)
    first = load_file(tmp_path / 'p' / 'model.safetensors')
    one = load_file(runs / 'p' / 'model.safetensors')
    name = 'encoder.first.weight'
    states = len(StateLayout(load_body('r1')).names)
    assert first[name].shape[1] - one[name].shape[1] == states + 2 * 8


def test_frozen_eyes_look_at_every_image_once_and_not_again_while_learning(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    tower = VisionTower(Siglip(width=64, mlp=16, depth=1, heads=1, image=14, patch=7))
    path = tmp_path / 'siglip.safetensors'
    save_file({f'vision_model.{n}': p for n, p in tower.state_dict().items()}, path)
    config = value_config(eyes='siglip', weights=str(path), grid=2)
    looks: list[int] = []
    look = Frozen.__call__

    def counted(self: Frozen, pictures: torch.Tensor) -> torch.Tensor:
        looks.append(len(pictures))
        return look(self, pictures)

    monkeypatch.setattr(Frozen, '__call__', counted)
    train_value([data], config, tmp_path / 'v')
    frames = open_corpus([data], config.data).offsets[-1]
    assert sum(looks) == 2 * frames, 'two cameras'
    train_policy([data], policy_config(), tmp_path / 'p', tmp_path / 'v', say=print)
    assert sum(looks) == 2 * frames, 'weighing finds what was kept'
    kept = open_value(tmp_path / 'v')
    assert not any('tower' in name for name in load_file(tmp_path / 'v' / 'model.safetensors'))
    # Without the file of features the same comes of the images themselves.
    batch = open_corpus([data], config.data).chunks(np.arange(3))
    assert batch.observation['rgb.head'].dtype == torch.uint8
    table = next((tmp_path / 'v' / 'weights').iterdir())
    torch.testing.assert_close(
        kept.learner.weights(batch)[:, 0] / kept.learner.weights(batch)[0, 0],
        load_file(table)['weights'][:3, 0] / load_file(table)['weights'][0, 0],
        rtol=2e-3, atol=1e-4,
    )  # fmt: skip
    save_file({f'vision_model.{n}': p + 1 for n, p in tower.state_dict().items()}, path)
    with pytest.raises(ContractMismatch, match='other weights.*bring those back'):
        open_value(tmp_path / 'v')
    path.unlink()
    with pytest.raises(ContractMismatch, match='is not there; the value looks at images'):
        open_value(tmp_path / 'v')


def test_images_are_not_changed_where_they_were_looked_at_before() -> None:
    with pytest.raises(ConfigError, match='keep_features has looked at them before'):
        replace(
            value_config(eyes='siglip', weights='w'), augment=value_config().augment
        )  # fmt: skip
