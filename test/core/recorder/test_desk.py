# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The recorder without ROS: what it writes."""

import numpy as np

from hvd_ros.core.episodes.frame import FrameBuilder, frame_from_cdr, frame_to_cdr
from hvd_ros.core.episodes.reader import Episode, list_episodes
from hvd_ros.core.episodes.stage_marks import marks_in
from hvd_ros.core.episodes.streams import FRAMES_TOPIC, MARKS_TOPIC
from hvd_ros.core.mux.command import Source
from hvd_ros.core.recorder.desk import REFUSAL_NS
from hvd_ros.core.recorder.session import Order, Phase
from test.core.recorder.desk_rig import STREAMS, WALL_NS, saved
from test.episode_maker import PERIOD_NS, body, color_of


def test_an_episode_from_start_to_save(rig):
    name = rig.start()
    rig.ticks(20)
    with saved(rig) as episode:
        meta, table = episode.meta, episode.table()
        assert (meta.episode_id, meta.task, meta.operator, meta.kind) == (
            name, 'pen_insert', 'ann', 'expert',
        )  # fmt: skip
        assert 'pen' in meta.prompt
        assert meta.healthy, meta.notes
        assert (meta.frames, meta.rate_hz, meta.drops) == (20, 10.0, 0)
        assert meta.cadence['streams']['joints']['rate_hz'] == 100.0
        assert meta.cameras['head'].width == 64
        assert meta.layout_id == f'{body().layout_id:016x}'
        assert meta.duration_s == 2.0
        assert np.array_equal(np.diff(table.stamp_ns), np.full(19, PERIOD_NS))
        assert np.isfinite(table.sent).all()
        assert episode.color('head', 0) is not None
    assert rig.desk.session.phase is Phase.IDLE
    assert rig.told[-1] == (f'saved {name}', False)


def test_every_message_of_a_state_stream_and_the_newest_image_of_each_tick(rig):
    rig.start()
    rig.ticks(10)
    with saved(rig) as episode:
        counts = {}
        for message in episode.messages():
            counts[message.topic] = counts.get(message.topic, 0) + 1
            assert (
                any(a.data == message.cdr for a in rig.arrivals) or message.topic == FRAMES_TOPIC
            )
    assert counts['/joint_states'] == counts['/recorded/mux/trace'] == 100
    assert counts['/camera/head/color/image_raw/compressed'] == counts[FRAMES_TOPIC] == 10
    assert not any(topic.startswith(('/mux', '/teleop', '/command')) for topic in counts)


def test_the_frame_in_the_bag_is_the_frame_rebuilt_from_the_bag_bit_for_bit(rig):
    rig.start()
    rig.ticks(7)
    rig.ask('pause')
    rig.ticks(5)
    rig.ask('pause')
    rig.silent = {'head_color'}
    rig.ticks(7)
    with saved(rig) as episode:
        streams = {stream.recorded_topic: stream.name for stream in STREAMS}
        messages = list(episode.messages())
    builder = FrameBuilder(body(), STREAMS)
    for m in messages:
        if m.topic in streams:
            builder.put(streams[m.topic], m.publish_ns, m.log_ns, m.cdr)
    frames = [bytes(m.cdr) for m in messages if m.topic == FRAMES_TOPIC]
    assert len(frames) == 14
    for index, data in enumerate(frames):
        rebuilt = builder.build(frame_from_cdr(data).stamp_ns, index)
        assert frame_to_cdr(rebuilt) == data


def test_a_broken_message_costs_its_frame_and_is_said(rig):
    rig.start()
    rig.ticks(3)
    rig.frozen['trace'] = lambda stamp, data: (stamp, data[:60])
    rig.ticks(1)
    assert rig.desk.troubles
    del rig.frozen['trace']
    rig.ticks(3)
    with saved(rig) as episode:
        assert episode.meta.drops == 1
        assert not episode.meta.healthy
        assert episode.meta.frames >= 5


def test_a_takeover_from_a_policy_is_an_intervention_in_frames_and_meta(rig):
    rig.source = Source.POLICY
    rig.ticks(2)
    assert rig.ask('start', order=Order(kind='rollout')).granted
    rig.ticks(6)
    rig.source = Source.TELEOP
    rig.ticks(4)
    rig.source = Source.POLICY
    rig.ticks(3)
    rig.source = Source.TELEOP
    rig.ticks(2)
    with saved(rig) as episode:
        taken = episode.table().intervention
        assert list(taken) == [False] * 6 + [True] * 4 + [False] * 3 + [True] * 2
        assert episode.meta.kind == 'rollout'
        assert episode.meta.cadence['interventions'] == 2
        assert episode.meta.cadence['intervention_frames'] == 6


def test_teleoperation_without_a_policy_is_no_intervention(rig):
    rig.start()
    rig.ticks(5)
    with saved(rig) as episode:
        assert not episode.table().intervention.any()


def test_stage_marks_go_into_the_bag_and_become_labels_when_saved(rig):
    rig.ticks(2)
    assert rig.ask('start', order=Order(task='wipe_board')).granted
    rig.ticks(3)
    assert rig.ask('mark', score=0.5).granted
    rig.ticks(4)
    assert rig.ask('mark', score=0.0).granted
    assert rig.ask('undo').granted
    assert rig.ask('mark', score=1.0).granted
    with saved(rig) as episode:
        marks = [(m.frame, m.stage, m.score, m.author) for m in episode.labels.marks]
        assert marks == [(2, 0, 0.5, 'operator'), (6, 1, 1.0, 'operator')]
        in_bag = list(episode.messages({MARKS_TOPIC}))
        assert [(m.frame, m.stage, m.score) for m in marks_in(episode.bag)] == [
            row[:3] for row in marks
        ]
    assert len(in_bag) == 4


def test_an_episode_without_marks_has_no_labels_of_its_own(rig):
    rig.start()
    rig.ticks(3)
    with saved(rig) as episode:
        assert not (episode.folder / 'labels.json').exists()
        assert episode.meta.outcome == ''


def test_a_stopped_episode_that_nobody_saved_is_kept_and_says_so(rig):
    name = rig.start()
    rig.ticks(5)
    rig.ask('stop')
    rig.desk.close(rig.now_ns)
    (folder,) = list_episodes(rig.desk._config.root)
    with Episode.open(folder) as episode:
        assert episode.meta.episode_id == name
        assert not episode.meta.healthy
        assert any('nobody saved it' in note for note in episode.meta.notes)
        assert episode.table().frames == 5


def test_a_discarded_episode_leaves_nothing_and_the_next_one_starts(rig):
    rig.start()
    rig.ticks(2)
    rig.ask('stop')
    assert rig.ask('discard').granted
    assert list_episodes(rig.desk._config.root) == []
    assert rig.desk.session.episode_id == ''
    rig.ticks(1)
    assert rig.ask('start').granted


def test_two_episodes_never_share_a_name_and_the_first_is_untouched(rig):
    rig.start()
    rig.ticks(2)
    rig.ask('stop')
    rig.ask('save')
    (first,) = list_episodes(rig.desk._config.root)
    before = {p.name: p.read_bytes() for p in first.iterdir()}
    rig.ticks(2)
    assert rig.ask('start').granted
    rig.ticks(2)
    rig.ask('stop')
    rig.ask('save')
    assert len(list_episodes(rig.desk._config.root)) == 2
    assert {p.name: p.read_bytes() for p in first.iterdir()} == before


def test_bag_times_are_the_wall_time_of_the_start_and_what_the_steady_clock_says(rig):
    rig.start()
    start_wall = WALL_NS + rig.index
    # The wall clock may jump now as it likes: nobody asks it again.
    rig.ticks(5)
    with saved(rig) as episode:
        stamps = episode.table().stamp_ns
        assert list(stamps) == [start_wall + (i + 1) * PERIOD_NS for i in range(5)]
        logs = [m.log_ns for m in episode.messages({'/joint_states'})]
        assert logs == sorted(logs)


def test_a_refusal_is_shown_for_a_while_and_then_forgotten(rig):
    rig.ticks(2)
    rig.ask('save')
    assert rig.desk.said(rig.now_ns)[0] == 'no stopped episode to save'
    assert rig.desk.said(rig.now_ns + REFUSAL_NS) == ('', '')


def test_images_are_kept_as_the_camera_encoded_them(rig):
    rig.start()
    rig.ticks(2)
    with saved(rig) as episode:
        import cv2

        jpeg = np.frombuffer(episode.color('head', 0), np.uint8)
        seen = cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        assert np.abs(seen.astype(int) - color_of(rig.index - 1, 0)).max() <= 3
