# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clouds made again from an episode: the same steps as live, joints of the capture time."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.cloud import CloudBuilder, SceneConfig, View
from hvd_ros.core.vision.codec import encode_depth
from hvd_ros.core.vision.episode_clouds import EpisodeClouds
from hvd_ros.core.vision.mounts import nominal_mounts
from test import episode_maker

BODY = load_body('r1')
# The maker's pictures show no scene: what counts is that every point is used.
WIDE = SceneConfig(
    points=256, crop_low_m=[-9.0] * 3, crop_high_m=[9.0] * 3, near_m=0.0, far_m=9.0, spacing_m=0.0
)
FRAME = 12


@pytest.fixture(scope='module')
def episode(tmp_path_factory):
    root: Path = tmp_path_factory.mktemp('episodes')
    with Episode.open(episode_maker.make_episode(root, frames=20)) as opened:
        yield opened


@pytest.fixture(scope='module')
def clouds(episode):
    return EpisodeClouds(episode, BODY, CloudBuilder(BODY, nominal_mounts(BODY), WIDE))


def expected(episode, cameras, later_ns=0):
    """Build the cloud from the reader's images and the maker's closed form of the joints."""
    views = []
    for camera in cameras:
        captured_ns = int(episode.table().stamps[f'{camera}_color'][FRAME])
        values = episode_maker.position_at(captured_ns + later_ns)
        shown = np.array([bool(d.joint) for d in BODY.dimensions])
        depth = encode_depth(episode.depth(camera, FRAME))
        k = episode.meta.cameras[camera]
        color = episode.color(camera, FRAME)
        views.append(View(camera, color, depth, k, captured_ns, np.where(shown, values, 0.0)))
    return CloudBuilder(BODY, nominal_mounts(BODY), WIDE).build(views)


def test_a_frame_s_cloud_is_placed_by_the_joints_of_its_capture_time(episode, clouds):
    got, want = clouds.cloud(FRAME), expected(episode, episode.meta.cameras)
    assert got.cameras == want.cameras == ('head', 'left_wrist', 'right_wrist')
    assert got.captured_ns == want.captured_ns > 0
    # The maker's joints are curved between two samples 10 ms apart.
    np.testing.assert_allclose(got.xyz, want.xyz, atol=2e-3)
    np.testing.assert_array_equal(got.rgb, want.rgb)
    late = expected(episode, episode.meta.cameras, later_ns=100_000_000)
    assert np.abs(late.xyz - got.xyz).max() > 0.02


def test_some_cameras_of_an_episode(episode):
    builder = CloudBuilder(BODY, nominal_mounts(BODY), WIDE)
    assert EpisodeClouds(episode, BODY, builder, ['head']).cloud(FRAME).cameras == ('head',)


@pytest.mark.parametrize('missing', ['color', 'depth'])
def test_a_camera_without_a_picture_is_named(episode, clouds, monkeypatch, missing):
    whole = episode.sampled

    def sampled(stream, index):
        return None if stream == f'head_{missing}' else whole(stream, index)

    monkeypatch.setattr(episode, 'sampled', sampled)
    cloud = clouds.cloud(FRAME)
    assert cloud.cameras == ('left_wrist', 'right_wrist')
    assert 'no picture' in cloud.left_out['head']


def test_colour_and_depth_of_different_shots_are_no_picture(episode, clouds, monkeypatch):
    whole = episode.sampled

    def sampled(stream, index):
        return whole(stream, index - (stream == 'head_depth'))

    monkeypatch.setattr(episode, 'sampled', sampled)
    assert '0.100 s apart' in clouds.cloud(FRAME).left_out['head']


def test_a_picture_before_the_first_joint_state_is_left_out(episode):
    builder = CloudBuilder(BODY, nominal_mounts(BODY), dataclasses.replace(WIDE, points=64))
    clouds = EpisodeClouds(episode, BODY, builder)
    clouds._history = type(clouds._history)(BODY)
    cloud = clouds.cloud(FRAME)
    assert cloud.valid == 0
    assert all('no joint state' in text for text in cloud.left_out.values())
