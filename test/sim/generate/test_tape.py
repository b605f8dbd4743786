# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What was played is what the recorder's files give back, number by number."""

import json

import numpy as np
import pytest

from hvd_ros.core.episodes.actions import action_at, chunks
from hvd_ros.core.episodes.frame import frame_to_cdr
from hvd_ros.core.episodes.meta import load_meta
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.rebuild import rebuild
from hvd_ros.core.episodes.verify import verify
from hvd_ros.core.errors import EpisodeError
from hvd_ros.core.labels.labels import SIMULATOR
from hvd_ros.core.mux.command import Clip, Mode, Source
from hvd_ros.core.policy.observation import Modality
from hvd_ros.sim.generate import tape as tape_module
from hvd_ros.sim.generate.players import play
from hvd_ros.sim.generate.tape import Credits, Shows, Tape, clipped
from test.sim.generate.conftest import wandering

STEPS = 12


class Witness:
    """Writes down what an env is like at each step, beside the tape."""

    def __init__(self, env):
        self.env, self.rows = env, []

    def watch(self, moves):
        for asked in moves:
            self.look(asked)
            yield asked

    def look(self, asked=None):
        seen = self.env.observe({Modality.STATE, Modality.SIM_STATE})
        row = {
            'position': self.env.position,
            'velocity': self.env.velocity,
            'state': seen.state,
            'sim_state': seen.sim_state,
            'base': self.env.data.qpos[:3].copy(),
        }
        if asked is not None:
            row |= {'asked': asked.copy(), 'sent': self.env.bounded(asked)}
        self.rows.append(row)

    def column(self, name):
        return np.array([row[name] for row in self.rows if name in row])


def filmed(env, root, credits=None, shows=None, steps=STEPS):
    env.reset(5)
    witness = Witness(env)
    tape = Tape(env, root, credits or Credits('made', 'expert', 'nobody', Source.TELEOP), shows
                or Shows())  # fmt: skip
    result = play(env, witness.watch(wandering(env, steps)), tape)
    witness.look()
    return tape.keep(result), witness, result


@pytest.fixture(scope='module')
def played(env, tmp_path_factory):
    return filmed(env, tmp_path_factory.mktemp('root'))


def test_frames_hold_what_was_measured_asked_and_sent_at_every_step(played):
    folder, witness, _ = played
    with Episode.open(folder) as episode:
        table = episode.table()
        names, sim_state = episode.sim_state()
    assert table.frames == STEPS + 1
    np.testing.assert_allclose(table.position, witness.column('position'), rtol=0, atol=1e-15)
    np.testing.assert_array_equal(table.velocity, witness.column('velocity'))
    np.testing.assert_array_equal(table.asked[:-1], witness.column('asked'))
    np.testing.assert_array_equal(table.sent[:-1], witness.column('sent'))
    np.testing.assert_array_equal(sim_state, witness.column('sim_state'))
    assert names == witness.env.sim_state_names


def test_the_action_of_a_frame_is_the_command_of_its_step(played, r1):
    """So a policy that copies it and is stepped as it answers does what was done."""
    folder, witness, _ = played
    with Episode.open(folder) as episode:
        table = episode.table()
    sent = witness.column('sent')
    np.testing.assert_allclose(action_at(table)[:-1], sent, rtol=0, atol=1e-15)
    values, valid = chunks(table, np.array([2]), 6)
    np.testing.assert_allclose(values[0], sent[2:8], rtol=0, atol=1e-15)
    assert valid.all()


def test_playing_the_actions_again_gives_the_same_states(played, env, r1):
    folder, witness, _ = played
    with Episode.open(folder) as episode:
        actions = action_at(episode.table())
    env.reset(5)
    for i, action in enumerate(actions[:-1]):
        np.testing.assert_allclose(env.position, witness.column('position')[i], atol=1e-9)
        env.step(action)
    np.testing.assert_allclose(env.position, witness.column('position')[-1], atol=1e-9)


def test_the_last_frame_sees_the_end_and_asks_for_nothing_new(played):
    folder, witness, _ = played
    with Episode.open(folder) as episode:
        table = episode.table()
        assert len(table.trace_ns) == STEPS
    np.testing.assert_array_equal(table.sent[-1], table.sent[-2])
    np.testing.assert_allclose(table.position[-1], witness.column('position')[-1], atol=1e-15)


def test_whoever_reads_episodes_finds_nothing_wrong_and_the_same_frames(played, r1):
    folder, _, _ = played
    assert verify(folder) == []
    with Episode.open(folder) as episode:
        again = list(rebuild(episode, r1))
    assert len(again) == STEPS + 1
    for recorded, frame in again:
        assert frame_to_cdr(frame) == recorded.cdr


def test_stamps_are_even_and_everything_of_a_step_has_one(played):
    folder, _, _ = played
    with Episode.open(folder) as episode:
        table = episode.table()
    assert (np.diff(table.stamp_ns) == tape_module.PERIOD_NS).all()
    for stream in ('joints', 'odom', 'sim_state'):
        assert (table.ages[stream] == 0).all()
        np.testing.assert_array_equal(table.stamps[stream], table.stamp_ns)
    assert (table.ages['trace'][:-1] == 0).all()


def test_a_clip_says_why_a_number_was_sent_otherwise(played, r1):
    folder, _, _ = played
    with Episode.open(folder) as episode:
        clip = episode.table().clip
    assert clip[2, 0] & Clip.VELOCITY
    assert clip[2, 11] & Clip.POSITION
    assert clip[2, 7] & Clip.ACCELERATION
    limits = r1.limits
    middle = (limits.low + limits.high) / 2
    assert not clipped(r1, middle, middle).any()


def test_the_labels_are_the_scores_of_the_rubric_by_the_simulator(played):
    folder, _, result = played
    with Episode.open(folder) as episode:
        labels = episode.labels
    assert labels.authors == (SIMULATOR,)
    assert tuple(m.score for m in labels.resolved()) == result.scores
    assert tuple(m.frame for m in labels.resolved()) == result.stage_ends
    assert load_meta(folder).outcome == 'failure'  # nothing was picked up


def test_the_description_says_what_it_is_and_how_it_was_recorded(env, tmp_path):
    said = {'seed': 5, 'setting': 'usual', 'manner': 'imperfect: drift 0.50'}
    credits = Credits('one', 'suboptimal', 'scripted', Source.TELEOP, simulation=said)
    folder, _, _ = filmed(env, tmp_path, credits)
    meta = load_meta(folder)
    assert (meta.task, meta.kind, meta.operator) == ('pen_insert', 'suboptimal', 'scripted')
    assert meta.prompt == env.prompt
    assert meta.simulation == said
    assert meta.healthy
    assert (meta.rate_hz, meta.frames) == (10.0, STEPS + 1)
    assert meta.duration_s == pytest.approx((STEPS + 1) / 10)
    assert meta.real_time_factor > 0
    assert json.loads((folder / 'episode.json').read_text())['software']['mujoco']


@pytest.mark.parametrize(
    ('source', 'mode'), [(Source.TELEOP, Mode.TELEOP), (Source.POLICY, Mode.POLICY)]
)
def test_who_commanded_is_in_every_frame(env, tmp_path, source, mode):
    folder, _, _ = filmed(env, tmp_path, Credits('one', 'rollout', 'x', source), steps=3)
    with Episode.open(folder) as episode:
        table = episode.table()
    assert (table.source == source).all()
    assert (table.mode == mode).all()
    assert not table.intervention.any()


def test_what_only_a_simulation_knows_can_be_left_out(env, tmp_path):
    folder, _, _ = filmed(env, tmp_path, shows=Shows(sim_state=False), steps=3)
    with Episode.open(folder) as episode:
        assert episode.sim_state() is None
        assert 'sim_state' not in episode.meta.streams


def test_a_slow_simulation_is_not_unhealthy(env, tmp_path, monkeypatch):
    times = iter(np.arange(0, 1e6, 100.0))
    monkeypatch.setattr(tape_module.time, 'monotonic', lambda: next(times))
    folder, _, _ = filmed(env, tmp_path, steps=3)
    meta = load_meta(folder)
    assert meta.real_time_factor < 0.5
    assert meta.healthy


def test_an_episode_is_never_written_over(env, tmp_path):
    filmed(env, tmp_path, steps=2)
    with pytest.raises(EpisodeError, match='exists already'):
        filmed(env, tmp_path, steps=2)


def test_a_disk_that_refuses_ends_the_episode_with_its_reason(env, tmp_path, monkeypatch):
    env.reset(5)
    tape = Tape(env, tmp_path, Credits('one', 'expert', 'x', Source.TELEOP), Shows())
    status = tape._recording.status
    broken = type(status)(error='write failed: no space left')
    monkeypatch.setattr(type(tape._recording), 'status', property(lambda self: broken))
    with pytest.raises(EpisodeError, match='one: write failed: no space left'):
        tape.moment(None)


def test_nothing_is_dropped_when_the_disk_is_slower_than_the_physics(env, tmp_path, monkeypatch):
    env.reset(5)
    tape = Tape(env, tmp_path, Credits('one', 'expert', 'x', Source.TELEOP), Shows())
    real, asked = type(tape._recording).status, []

    def status(self):
        found = real.fget(self)
        asked.append(1)
        full = type(found)(queued_bytes=tape_module._WAITING_BYTES + 1)
        return full if len(asked) < 4 else found

    monkeypatch.setattr(type(tape._recording), 'status', property(status))
    tape.moment(None)
    assert len(asked) >= 4


def test_an_operator_who_does_nothing_at_all_gives_no_episode(env, tmp_path):
    env.reset(5)
    tape = Tape(env, tmp_path, Credits('one', 'expert', 'x', Source.TELEOP), Shows())
    with pytest.raises(EpisodeError, match='before its first command'):
        play(env, iter(()), tape)
    tape.discard()
    assert list((tmp_path / 'pen_insert').iterdir()) == []
