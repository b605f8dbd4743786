# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parity: the frame in the episode equals the one built from the same messages, bit for bit."""

from dataclasses import replace
import hashlib

import pytest

from hvd_ros.core.episodes.frame import frame_to_cdr
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.rebuild import rebuild, recorded_streams
from hvd_ros.core.episodes.streams import streams_for
from hvd_ros.core.errors import ContractMismatch, EpisodeError
from test import episode_maker as maker


@pytest.mark.parametrize('kind', ['expert', 'rollout'])
def test_recorded_frame_equals_rebuilt_frame_bit_for_bit(tmp_path, kind):
    episode = Episode.open(maker.make_episode(tmp_path, frames=20, kind=kind, seed=4))
    pairs = list(rebuild(episode, maker.body()))
    assert [frame.index for _, frame in pairs] == list(range(20))
    for recorded, frame in pairs:
        assert (
            hashlib.sha256(recorded.cdr).digest() == hashlib.sha256(frame_to_cdr(frame)).digest()
        )


def test_rebuilding_is_not_a_copy_of_what_was_recorded(tmp_path, monkeypatch):
    """A builder that were changed would give other frames: they do come from the messages."""
    episode = Episode.open(maker.make_episode(tmp_path, frames=3, cameras=(), cloud=False))
    body = maker.body()
    monkeypatch.setattr(type(body), 'values_of', lambda self, joints: self.poses['home'].copy())
    assert all(r.cdr != frame_to_cdr(f) for r, f in rebuild(episode, body))


def test_another_body_is_refused(tmp_path):
    episode = Episode.open(maker.make_episode(tmp_path, frames=2, cameras=(), cloud=False))
    other = replace(maker.body(), groups=tuple(reversed(maker.body().groups)))
    with pytest.raises(ContractMismatch, match='load the robot description'):
        next(rebuild(episode, other))


def test_streams_are_those_of_the_recording(tmp_path):
    episode = Episode.open(maker.make_episode(tmp_path, frames=2, cameras=('head',), cloud=False))
    assert recorded_streams(episode.meta) == streams_for(('head',), False)
    odd = replace(episode.meta, streams={'smell': {'topic': '/smell', 'kind': 'x'}})
    with pytest.raises(EpisodeError, match="no stream 'smell'"):
        recorded_streams(odd)
