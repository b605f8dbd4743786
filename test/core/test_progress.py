# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0

import io

import pytest

from hvd_ros.core.progress import Progress, clock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_says_how_far_how_fast_and_when():
    progress = Progress('convert', 4, 400, Terminal())
    progress.add(100)
    line = progress.line(progress._start + 10)
    assert '25%' in line
    assert '1/4 episodes' in line
    assert '10 frames/s' in line
    assert 'ETA 0:30' in line


def test_where_frames_are_an_estimate_the_speed_is_that_of_episodes():
    progress = Progress('generate', 4, 400, Terminal(), rough=True)
    progress.add(100, kept=True)
    progress.add(100)
    line = progress.line(progress._start + 10)
    assert '6 episodes/min' in line
    assert 'frames' not in line
    assert 'ETA 0:20' in line


def test_what_was_kept_from_before_says_nothing_about_the_speed():
    progress = Progress('convert', 4, 400, Terminal())
    progress.add(300, kept=True)
    assert 'ETA --:--' in progress.line(progress._start + 10)
    progress.add(50)
    assert 'ETA 0:10' in progress.line(progress._start + 10)


def test_a_terminal_gets_one_line_and_a_file_no_flood():
    screen, file = Terminal(), io.StringIO()
    for out in (screen, file):
        with Progress('convert', 50, 50, out) as progress:
            for _ in range(50):
                progress.add(1)
    assert screen.getvalue().count('\n') == 1
    assert '50/50' in screen.getvalue()
    assert file.getvalue() == ''


@pytest.mark.parametrize(('seconds', 'text'), [(0, '0:00'), (65, '1:05'), (3661, '1:01:01')])
def test_times_read_like_a_clock(seconds, text):
    assert clock(seconds) == text
