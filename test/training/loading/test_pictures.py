# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images come from a file that was decoded once, whole or not at all; history stays in its run."""

from dataclasses import replace
from pathlib import Path
import threading

import cv2
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.policy.seen import seen_picture
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.opening import open_corpus
from hvd_training.data.loading.pictures import open_pictures
from hvd_training.data.loading.recordings import run_starts
from hvd_training.data.loading.row_file import RowFile
from hvd_training.data.reader import DatasetReader
from test.training.learning_data import Numbers
from test.training.learning_data import dataset as numbers_only
from test.training.sight_data import Sights, dataset

CONFIG = DataConfig(horizon=3, observe=('state', 'rgb.head'), validation=0.0)
STARTS = np.array([0, 2, 5, 6])


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp('sights') / 'd', [Sights(i, 5) for i in range(2)])


def test_images_are_decoded_once_and_are_those_of_the_videos(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = open_corpus([str(data)], CONFIG)
    assert 'decoding d: head, 32x32: 2 of 2 episodes' in capsys.readouterr().err
    monkeypatch.setattr(DatasetReader, 'pictures', None)  # nobody decodes a second time
    again = open_corpus([str(data)], CONFIG)
    assert capsys.readouterr().err == ''
    rows, reader = np.array([7, 2, 9]), DatasetReader(data)
    for one in (corpus, again):
        batch = one.chunks(rows)
        seen = batch.observation['rgb.head'].numpy()
        assert seen.dtype == np.uint8
        assert (seen == np.stack([reader.image(int(row), 'head') for row in rows])).all()
    follows = corpus.chunks(rows).next_observation['rgb.head'].numpy()
    assert (follows == np.stack([reader.image(row, 'head') for row in (9, 4, 9)])).all()


@pytest.mark.parametrize('cached', [True, False])
def test_images_have_the_size_that_was_asked_for_and_keep_their_shape(
    data: Path, cached: bool
) -> None:
    config = replace(CONFIG, image_height=16, image_width=24, image_cache=cached)
    corpus = open_corpus([str(data)], config)
    assert corpus.picture_sizes == {'head': (16, 24)}
    seen = corpus.chunks(np.array([4])).observation['rgb.head'][0].numpy()
    image = DatasetReader(data).image(4, 'head')
    assert not seen[:, :4].any() and not seen[:, 20:].any(), 'black where nothing was seen'
    wanted = image.reshape(16, 2, 16, 2, 3).mean(axis=(1, 3))
    assert np.abs(seen[:, 4:20] - wanted).max() <= 1


def test_a_picture_is_fitted_alike_where_a_policy_acts() -> None:
    picture = np.random.default_rng(0).integers(256, size=(30, 40, 3), dtype=np.uint8)
    assert seen_picture(picture, (30, 40)) is picture
    larger = seen_picture(picture, (60, 90))
    assert larger.shape == (60, 90, 3)
    assert not larger[:, :5].any() and not larger[:, 85:].any()
    usual = cv2.resize(picture, (80, 60), interpolation=cv2.INTER_LINEAR)
    assert (larger[:, 5:85] == usual).all()


def test_other_videos_of_the_same_numbers_are_decoded_anew(data: Path) -> None:
    reader = DatasetReader(data)
    before = np.array(open_pictures(reader, 'head', CONFIG)[0])
    path = reader.data.clip(0, 'head').path
    whole = path.read_bytes()
    try:
        path.write_bytes(whole + b'\0' * 8)
        names = {p.name for p in (reader.folder / 'images').glob('*.npy')}
        open_pictures(reader, 'head', CONFIG)
        assert {p.name for p in (reader.folder / 'images').glob('*.npy')} - names
    finally:
        path.write_bytes(whole)
    assert (before == open_pictures(reader, 'head', CONFIG)[0]).all()


def rows_of(episode: int) -> list[np.ndarray]:
    return [np.full((2, 2), row) for row in range(STARTS[episode], STARTS[episode + 1])]


def test_a_file_that_was_interrupted_is_gone_on_with(tmp_path: Path) -> None:
    file = RowFile(tmp_path / 'rows.npy', (2, 2), np.uint8, STARTS)

    def breaks(episode: int) -> list[np.ndarray]:
        if episode == 1:
            raise ContractMismatch('a video is damaged')
        return rows_of(episode)

    with pytest.raises(ContractMismatch, match='damaged'):
        file.open(breaks, 1, lambda done, count: None)
    assert not file.path.exists(), 'a file has its name only once it is whole'
    with file.path.with_suffix('.done').open('a') as marks:
        marks.write('2')  # torn: of this line nobody knows whether it was 2 or 20
    asked: list[int] = []
    told: list[tuple[int, int]] = []

    def counted(episode: int) -> list[np.ndarray]:
        asked.append(episode)
        return rows_of(episode)

    found = file.open(counted, 1, lambda done, count: told.append((done, count)))
    assert asked == [1, 2]
    assert told == [(2, 3), (3, 3)]
    assert (found == np.arange(6)[:, None, None]).all()
    assert {p.name for p in tmp_path.iterdir()} == {'rows.npy', '.lock'}


@pytest.mark.parametrize('wrong', [1, 4])
def test_an_episode_of_another_length_never_becomes_a_file(tmp_path: Path, wrong: int) -> None:
    file = RowFile(tmp_path / 'rows.npy', (), np.uint8, STARTS)
    with pytest.raises(ValueError, match='zip'):
        file.open(lambda episode: [np.uint8(1)] * wrong, 1, lambda done, count: None)
    assert not file.path.exists()


def test_of_two_that_want_a_file_one_makes_it(tmp_path: Path) -> None:
    file, asked = RowFile(tmp_path / 'rows.npy', (2, 2), np.uint8, STARTS), []
    begun, go_on = threading.Event(), threading.Event()

    def slow(episode: int) -> list[np.ndarray]:
        asked.append(episode)
        begun.set()
        go_on.wait(10)
        return rows_of(episode)

    def ask() -> None:
        file.open(slow, 1, lambda done, count: None)

    first, second = threading.Thread(target=ask), threading.Thread(target=ask)
    first.start()
    begun.wait(10)
    second.start()
    go_on.set()
    first.join(10)
    second.join(10)
    assert asked == [0, 1, 2]
    assert (np.load(file.path) == np.arange(6)[:, None, None]).all()


def test_history_is_oldest_first_and_begins_with_the_first_moment_repeated(data: Path) -> None:
    corpus = open_corpus([str(data)], replace(CONFIG, history=3))
    one = open_corpus([str(data)], CONFIG)
    batch = corpus.chunks(np.array([5, 6, 9]))
    assert batch.observation['state'].shape == (3, 3, 2)
    assert batch.observation['rgb.head'].shape == (3, 3, 32, 32, 3)
    for key in ('state', 'rgb.head'):
        for when, rows in (
            ('observation', [[5, 5, 5], [5, 5, 6], [7, 8, 9]]),
            ('next_observation', [[6, 7, 8], [7, 8, 9], [7, 8, 9]]),
        ):
            single = one.chunks(np.array(rows).ravel()).observation[key].numpy()
            found = getattr(batch, when)[key].numpy()
            assert (found == single.reshape(found.shape)).all(), (key, when)
    assert (batch.actions == one.chunks(np.array([5, 6, 9])).actions).all()


def test_history_does_not_look_behind_a_pause(tmp_path: Path) -> None:
    root = numbers_only(tmp_path / 'd', [Numbers(0, 8), Numbers(1, 9, gap_before=5)])
    corpus = open_corpus([str(root)], replace(CONFIG, observe=('state',)))
    assert run_starts(corpus.parts[0]).tolist() == [0] * 8 + [8] * 5 + [13] * 4


def test_images_of_two_sizes_are_refused_until_one_is_chosen(data: Path, tmp_path: Path) -> None:
    other = dataset(tmp_path / 'o', [Sights(7, 5, size=(32, 48))], like=data)
    with pytest.raises(ContractMismatch, match='32x32 pixels in .* 48x32 in .*image_height'):
        open_corpus([str(data), str(other)], CONFIG)
    config = replace(CONFIG, image_height=16, image_width=16)
    assert open_corpus([str(data), str(other)], config).picture_sizes == {'head': (16, 16)}


def test_a_camera_that_is_not_there_and_half_a_size_are_refused(data: Path) -> None:
    with pytest.raises(ConfigError, match="no camera 'haed'; did you mean 'head'"):
        open_corpus([str(data)], replace(CONFIG, observe=('rgb.haed',)))
    with pytest.raises(ConfigError, match='give both'):
        replace(CONFIG, image_height=16)


def test_a_dataset_that_can_not_be_written_to_says_what_to_do(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **more: object) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('hvd_training.data.loading.row_file.open_memmap', full)
    config = replace(CONFIG, image_height=8, image_width=8)
    with pytest.raises(ConfigError, match='No space left.*--data.image_cache no'):
        open_corpus([str(data)], config)
