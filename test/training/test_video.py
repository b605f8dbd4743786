# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import av
from made_source import MadeSource, brightness
import numpy as np
import pytest

from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_training.data.lerobot import video
from hvd_training.data.lerobot.video import Encoder, VideoConfig

SIZE = (48, 64)


def encode(path, frames, number=0, codec='h264', fps=10):
    source = MadeSource(number)
    encoder = Encoder(path, SIZE, fps, VideoConfig(codec, crf=5))
    for frame in range(frames):
        encoder.add(source.jpeg('left_wrist', frame))
    encoder.finish()
    return encoder


def greys(path):
    return [float(image.mean()) for image in video.decode_all(path)]


@pytest.mark.parametrize('codec', ['h264', 'av1'])
@pytest.mark.parametrize('fps', [10, 30])
def test_every_image_is_a_frame_at_exactly_its_time(tmp_path, codec, fps):
    encode(tmp_path / 'a.mp4', 13, codec=codec, fps=fps)
    seen = video.probe(tmp_path / 'a.mp4', fps)
    assert (seen.frames, seen.height, seen.width, seen.exact) == (13, *SIZE, True)
    assert seen.codec == codec


@pytest.mark.parametrize('codec', ['h264', 'av1'])
def test_pixels_come_back_as_they_were_black_and_white_too(tmp_path, codec):
    encode(tmp_path / 'a.mp4', 12, codec=codec)
    wanted = [brightness(0, frame) for frame in range(12)]
    np.testing.assert_allclose(greys(tmp_path / 'a.mp4'), wanted, atol=2)


@pytest.mark.parametrize('codec', ['h264', 'av1'])
def test_joined_videos_keep_every_frame_and_its_time_and_cut_gives_them_back(tmp_path, codec):
    parts = [tmp_path / f'{i}.mp4' for i in range(3)]
    lengths = (7, 12, 5)
    for i, path in enumerate(parts):
        encode(path, lengths[i], number=i, codec=codec)
    assert video.join(parts, tmp_path / 'all.mp4', 10) == list(lengths)
    seen = video.probe(tmp_path / 'all.mp4', 10)
    assert (seen.frames, seen.exact) == (24, True)
    assert greys(tmp_path / 'all.mp4') == [grey for path in parts for grey in greys(path)]
    video.cut(tmp_path / 'all.mp4', 7, 12, tmp_path / 'cut.mp4', 10)
    assert video.probe(tmp_path / 'cut.mp4', 10).exact
    assert greys(tmp_path / 'cut.mp4') == greys(parts[1])


@pytest.mark.parametrize('codec', ['h264', 'av1'])
def test_every_second_frame_is_a_key_frame_and_no_other(tmp_path, codec):
    path = encode(tmp_path / 'a.mp4', 9, codec=codec).path
    with av.open(str(path)) as source:
        keys = [p.is_keyframe for p in source.demux(video=0) if p.size]
    assert keys == [True, False] * 4 + [True]


def test_only_videos_with_one_header_count_as_alike(tmp_path):
    a = encode(tmp_path / 'a.mp4', 3).path
    b = encode(tmp_path / 'b.mp4', 9, number=2).path
    c = encode(tmp_path / 'c.mp4', 3, codec='av1').path
    assert video.codec_parameters(a) == video.codec_parameters(b)
    assert video.codec_parameters(a) != video.codec_parameters(c)


def test_cutting_where_no_key_frame_is_and_behind_the_end_are_refused(tmp_path):
    path = encode(tmp_path / 'a.mp4', 8, codec='av1').path
    with pytest.raises(ContractMismatch, match='frame 3 is no key frame'):
        video.cut(path, 3, 2, tmp_path / 'b.mp4', 10)
    with pytest.raises(ContractMismatch, match='has 2 of the 4 frames from 6'):
        video.cut(path, 6, 4, tmp_path / 'b.mp4', 10)


def test_a_torn_image_and_another_size_are_named(tmp_path):
    encoder = Encoder(tmp_path / 'head.mp4', SIZE, 10, VideoConfig())
    encoder.add(MadeSource().jpeg('head', 0))
    with pytest.raises(ContractMismatch, match='head: image 1 is no whole JPEG'):
        encoder.add(b'not a picture')
    other = MadeSource(size=(60, 80)).jpeg('head', 0)
    with pytest.raises(ContractMismatch, match='head: image 1 is 80x60, not 64x48'):
        encoder.add(other)
    encoder.close()
    encoder.close()


def test_statistics_of_the_pixels_are_those_of_numpy(tmp_path):
    encoder = encode(tmp_path / 'a.mp4', 12)
    values = np.concatenate([i.reshape(-1, 3) for i in video.decode_all(tmp_path / 'a.mp4')]) / 255
    found = encoder.stats.as_lerobot()
    np.testing.assert_allclose(np.ravel(found['mean']), values.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(np.ravel(found['std']), values.std(axis=0), atol=0.01)
    for name, q in (('q01', 0.01), ('q50', 0.5), ('q99', 0.99)):
        np.testing.assert_allclose(np.ravel(found[name]), np.quantile(values, q, 0), atol=0.02)
    assert found['count'] == [12]
    assert np.shape(found['mean']) == (3, 1, 1)


def test_a_long_episode_is_sampled_evenly_and_bounded(tmp_path):
    encoder = Encoder(tmp_path / 'a.mp4', SIZE, 10, VideoConfig())
    jpeg = MadeSource().jpeg('head', 0)
    for _ in range(450):
        encoder.add(jpeg)
    encoder.finish()
    assert 50 <= encoder.stats.images <= 100


def test_an_unknown_codec_is_corrected():
    with pytest.raises(ConfigError, match="did you mean 'h264'"):
        VideoConfig('h265')
