# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the recorder refuses to begin, and with which words."""

import pytest

from hvd_ros.core.recorder.session import Order, Phase
from test.core.recorder.desk_rig import Rig


@pytest.mark.parametrize('stream', ['head_color', 'right_wrist_depth', 'joints', 'trace', 'cloud'])
def test_a_start_without_a_required_stream_is_refused_with_the_fix(rig, stream):
    rig.silent = {stream}
    rig.ticks(3)
    answer = rig.ask('start')
    assert not answer.granted
    assert f'{stream} was never heard' in answer.text
    assert answer.fix
    rig.silent = set()
    rig.ticks(3)
    assert rig.ask('start').granted


def test_a_start_without_an_optional_stream_is_granted(rig):
    rig.ticks(3)
    assert 'chunk' not in rig.desk.missing
    assert rig.ask('start').granted


def test_a_start_with_another_body_is_refused(rig):
    rig.layout_id ^= 1
    rig.ticks(2)
    answer = rig.ask('start')
    assert not answer.granted
    assert 'drives layout' in answer.text
    assert 'robot:=' in answer.fix


def test_a_start_with_too_little_room_is_refused_with_the_figures(rig):
    rig.ticks(2)
    rig.free = 500_000
    answer = rig.ask('start')
    assert not answer.granted
    assert '0.00 GB free' in answer.text
    assert 'floor 0.001 GB' in answer.text
    assert 'make room' in answer.fix


def test_a_start_where_nothing_can_be_written_is_refused_and_leaves_nothing(tmp_path):
    (tmp_path / 'episodes').write_text('a file, where a folder should be')
    rig = Rig(tmp_path / 'episodes')
    rig.ticks(2)
    answer = rig.ask('start')
    assert not answer.granted
    assert 'can not be written' in answer.text
    assert rig.desk.session.phase is Phase.IDLE
    assert rig.desk.recording is None


def test_an_unknown_task_is_refused_with_the_closest_one(rig):
    rig.ticks(2)
    answer = rig.ask('start', order=Order(task='pen_insrt'))
    assert not answer.granted
    assert "did you mean 'pen_insert'" in answer.text


def test_the_prompt_of_another_task_is_its_own(tmp_path):
    rig = Rig(tmp_path, order=Order('pen_insert', 'my words', 'ann', 'expert'))
    rig.ticks(2)
    assert rig.ask('start', order=Order(task='wipe_board', kind='suboptimal')).granted
    order = rig.desk.session.order
    assert (order.task, order.kind, order.operator) == ('wipe_board', 'suboptimal', 'ann')
    assert 'my words' not in order.prompt
    rig.desk.close(0)
