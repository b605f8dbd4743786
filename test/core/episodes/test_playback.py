# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A replay hands out what was recorded: all of it, in order, at its distances."""

import numpy as np
import pytest

from hvd_ros.core.bag.file import Recorded
from hvd_ros.core.episodes.playback import Playback, Targets
from hvd_ros.core.errors import ConfigError


def recorded(*log_ns: int) -> list[Recorded]:
    return [Recorded('/a', 'std_msgs/msg/Empty', ns, ns, b'') for ns in log_ns]


def test_everything_comes_once_and_not_before_its_time() -> None:
    playback = Playback(recorded(10, 20, 20, 35), 0)
    assert [m.log_ns for m in playback.until(9)] == []
    assert [m.log_ns for m in playback.until(20)] == [10, 20, 20]
    assert not playback.ended
    assert [m.log_ns for m in playback.until(1000)] == [35]
    assert playback.ended


def test_a_late_start_passes_over_what_lies_before() -> None:
    assert [m.log_ns for m in Playback(recorded(10, 20, 35), 20).until(99)] == [20, 35]


def test_the_target_in_force_is_the_last_one_sent() -> None:
    stamps = np.array([10, 20, 30, 40])
    sent = np.array([[np.nan, 0.0], [1.0, 2.0], [np.nan, 5.0], [3.0, 4.0]])
    targets = Targets(stamps, sent)
    assert targets.at(5).tolist() == [1.0, 2.0], 'before the first, the first'
    assert targets.at(20).tolist() == [1.0, 2.0]
    assert targets.at(39).tolist() == [1.0, 2.0], 'a tick that sent nothing repeats the last'
    assert targets.at(40).tolist() == targets.at(10**9).tolist() == [3.0, 4.0]


def test_an_episode_in_which_nothing_was_sent_drives_nothing() -> None:
    with pytest.raises(ConfigError, match='nothing was sent'):
        Targets(np.array([1]), np.array([[np.nan]]))
