# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a policy sees live and what is made of the recording are the same bits."""

import numpy as np
import pytest

from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.live_observation import Glancer, NotSeen, Senses, recorded_observation
from hvd_ros.core.policy.observation import Modality
from hvd_ros.core.robot.state import StateLayout
from test.episode_maker import body, make_episode, position_at, tick_ns, velocity_at

EVERYTHING = tuple(Modality)
SENSORS = (Modality.STATE, Modality.RGB, Modality.DEPTH, Modality.CLOUD)
FRAMES = 5


@pytest.fixture(scope='module')
def episode(tmp_path_factory):
    folder = make_episode(
        tmp_path_factory.mktemp('live'), frames=FRAMES, sim_state=('a', 'b', 'c')
    )
    with Episode.open(folder) as opened:
        yield opened


def glances(episode, senses):
    """Feed the messages of a bag as a node would, and look at every recorded tick."""
    names = {stream.recorded_topic: stream.name for stream in senses.streams}
    glancer, pending = Glancer(body(), senses.streams), list(episode.messages(set(names)))
    for at_ns in episode.table().stamp_ns:
        while pending and pending[0].log_ns <= at_ns:
            m = pending.pop(0)
            glancer.put(names[m.topic], m.publish_ns, m.log_ns, m.cdr)
        yield glancer.glance(int(at_ns))


def test_the_observation_of_a_recorded_frame_is_that_of_the_live_messages_bit_for_bit(episode):
    senses = Senses(body(), EVERYTHING)
    seen = 0
    for index, glance in enumerate(glances(episode, senses)):
        frame = glance.frame
        live = senses.observe(
            frame.stamp_ns, frame.position, frame.velocity, glance.data, 'as told'
        )
        disk = recorded_observation(episode, senses, index, 'as told')
        assert live.stamp_ns == disk.stamp_ns and live.prompt == disk.prompt
        assert live.state.tobytes() == disk.state.tobytes()
        assert live.sim_state.tobytes() == disk.sim_state.tobytes()
        assert live.images.keys() == disk.images.keys() == set(episode.meta.cameras)
        for camera in live.images:
            assert np.array_equal(live.images[camera], disk.images[camera])
            assert np.array_equal(live.depth_mm[camera], disk.depth_mm[camera])
            assert np.array_equal(live.depth_mm[camera], episode.depth(camera, index))
        assert all(np.array_equal(a, b) for a, b in zip(live.cloud, disk.cloud, strict=True))
        assert all(
            np.array_equal(a, b) for a, b in zip(live.cloud, episode.cloud(index), strict=True)
        )
        seen += 1
    assert seen == FRAMES


def test_the_state_is_what_was_measured_at_the_newest_message_before_the_tick(episode):
    senses = Senses(body(), (Modality.STATE,))
    at = tick_ns(3) - 4_000_000  # as the maker stamps the last joints before a tick
    wanted = StateLayout(body()).state(position_at(at), velocity_at(at))
    seen = recorded_observation(episode, senses, 3)
    assert seen.state == pytest.approx(wanted, abs=1e-12)
    assert seen.prompt == episode.meta.prompt
    assert not seen.images and seen.cloud is None and seen.sim_state is None


def test_only_what_is_needed_is_listened_to():
    assert [s.name for s in Senses(body(), (Modality.STATE,)).streams] == ['joints', 'odom']
    one = Senses(body(), (Modality.RGB,), ('head',))
    assert [s.name for s in one.streams] == ['joints', 'odom', 'head_color']
    assert one.needed['head_color'] is Modality.RGB


def test_a_camera_that_is_none_is_refused_with_the_closest_name():
    with pytest.raises(ConfigError, match="did you mean 'left_wrist'"):
        Senses(body(), (Modality.RGB,), ('left_wirst',))


@pytest.mark.parametrize(
    ('gone', 'message'),
    [
        ('right_wrist_color', 'right_wrist_color was never heard.*cameras:=true'),
        ('cloud', 'cloud was never heard.*cloud:=true'),
        ('sim_state', 'sim_state was never heard.*scene:=TASK'),
        ('joints', r"'left_arm_joint1\S*' is not known"),
        ('odom', r"'base_vx\S*' is not known.*odom"),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(episode, gone, message):
    senses = Senses(body(), EVERYTHING)
    names = {s.recorded_topic: s.name for s in senses.streams if s.name != gone}
    glancer = Glancer(body(), senses.streams)
    for m in episode.messages(set(names)):
        glancer.put(names[m.topic], m.publish_ns, m.log_ns, m.cdr)
    glance = glancer.glance(int(episode.table().stamp_ns[-1]))
    frame = glance.frame
    with pytest.raises(NotSeen, match=message):
        senses.observe(frame.stamp_ns, frame.position, frame.velocity, glance.data, '')
