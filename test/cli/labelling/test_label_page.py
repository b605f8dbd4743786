# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The labeller's page in a real browser, driven by keys alone."""

import json
import os
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.labels.file import load_labels, save_labels
from hvd_ros.core.labels.labels import Mark, labels_from_marks
from hvd_ros.core.vision.codec import decode_color
from test.cli.labelling.annotator import Annotator
from test.nodes.chromium import Chromium

FRAMES = 60
pytestmark = [pytest.mark.browser, pytest.mark.xdist_group('label_page')]


@pytest.fixture(scope='module')
def browser(tmp_path_factory):
    browser = Chromium(tmp_path_factory.mktemp('chromium'), 'about:blank', gl=False)
    yield browser
    browser.close()


@pytest.fixture
def anna(browser, server):
    annotator = Annotator(browser)
    annotator.visit(server.port)
    return annotator


def marks(folder):
    labels = load_labels(folder)
    return [(m.author, m.stage, m.frame, m.score) for m in labels.marks] if labels else []


def test_an_episode_is_labelled_from_first_to_last_key_and_the_next_one_opens(anna, folders):
    anna.go(12)
    anna.press('1')
    anna.go(31)
    anna.press('5')
    anna.press('End', '0', 'Enter')
    anna.until('hvd.state.index === 1 && hvd.state.playing')
    anna.saved()
    assert marks(folders[0]) == [
        ('anna', 0, 12, 1.0), ('anna', 1, 31, 0.5), ('anna', 2, FRAMES - 1, 0.0),
    ]  # fmt: skip
    assert load_labels(folders[0]).finished == ('anna',)
    assert marks(folders[1]) == []
    anna.press('Enter')
    anna.saved()
    assert 'All episodes are done' in anna.browser.text()
    assert load_labels(folders[1]).finished == ('anna',)


def test_undo_takes_back_marks_one_by_one_and_also_what_was_done_in_an_earlier_episode(
    anna, folders
):
    anna.go(12)
    anna.press('1')
    anna.go(30)
    anna.press('1', 'z')
    anna.saved()
    assert marks(folders[0]) == [('anna', 0, 12, 1.0)]
    assert anna.see('hvd.state.stage') == 1
    anna.press('Enter')
    anna.until('hvd.state.index === 1')
    anna.press('z')
    anna.until('hvd.state.index === 0 && !hvd.state.finished')
    anna.saved()
    assert load_labels(folders[0]).finished == ()
    anna.press('z')
    anna.saved()
    assert marks(folders[0]) == []
    anna.press('z')  # nothing left
    assert anna.see('hvd.state.frame') == 12


def test_a_mark_taken_away_and_a_stage_chosen_by_hand(anna, folders):
    anna.go(12)
    anna.press('Tab', '1')
    anna.saved()
    assert marks(folders[0]) == [('anna', 1, 12, 1.0)]
    anna.press('Tab', 'Tab', 'Backspace')
    anna.saved()
    assert marks(folders[0]) == []
    anna.press('Tab', shift=True)
    assert anna.see('hvd.state.stage') == 0


def test_a_key_that_lies_down_scores_once(anna, folders):
    anna.press('1')
    anna.press('1', '1', repeat=True)
    anna.saved()
    assert [stage for _, stage, _, _ in marks(folders[0])] == [0]


def test_what_the_rules_refuse_is_said_and_taken_back(anna, folders):
    anna.go(30)
    anna.press('1')
    anna.go(20)
    anna.press('1')
    anna.until("document.body.innerText.includes('stage 1 can not end at frame 20')")
    anna.until('hvd.state.mine.length === 1')
    assert marks(folders[0]) == [('anna', 0, 30, 1.0)]
    anna.press('z')
    anna.saved()
    assert marks(folders[0]) == []


def test_jumps_lead_to_likely_ends_and_to_the_marks_of_others(browser, server, folders):
    episode = Episode.open(folders[0])
    live = [Mark(25, 0, 1.0, 'operator'), Mark(44, 1, 0.5, 'operator')]
    save_labels(folders[0], labels_from_marks(episode.meta.episode_id, 'wipe_board', FRAMES, live))
    anna = Annotator(browser)
    anna.visit(server.port)
    stops = {event['frame'] for event in anna.see('hvd.state.view.events')} | {25, 44}
    anna.press('Home')
    seen = []
    for _ in stops:
        anna.press('n')
        seen.append(anna.see('hvd.state.frame'))
    assert seen == sorted(stops - {0})[: len(seen)] or seen == sorted(stops)
    assert 'operator: 1 at 2.5 s' in browser.text()
    anna.press('o')
    assert 'operator: 1' not in browser.text()


def test_two_annotators_on_one_page_stand_side_by_side(anna, folders):
    anna.press('1')
    anna.saved()
    anna.press('u')
    anna.until("document.getElementById('user').open")
    anna.see("document.getElementById('username').value = ''")
    anna.browser.call('Input.insertText', text='ben')
    anna.press('Enter')
    anna.until("hvd.state.author === 'ben' && hvd.state.mine.length === 0")
    anna.go(5)
    anna.press('5')
    anna.saved()
    assert [row[0] for row in marks(folders[0])] == ['anna', 'ben']
    text = anna.browser.text()
    assert 'anna: 1 at' in text
    assert 'ben: 0.5 at 0.5 s' in text


def test_the_three_views_show_the_recorded_images_of_one_frame(anna, folders):
    anna.go(37)
    anna.until('hvd.state.shown === 37')
    episode = Episode.open(folders[0])
    for n, camera in enumerate(episode.meta.cameras):
        width, height, *_ = shape = anna.see(
            f"(c => [c.width, c.height, ...c.getContext('2d').getImageData(0, 0, c.width, "
            f"c.height).data])(document.querySelectorAll('#views canvas')[{n}])"
        )
        pixels = np.reshape(shape[2:], (height, width, 4))[..., :3]
        recorded = decode_color(episode.color(camera, 37))
        # Two JPEG decoders differ by rounding, two neighbouring frames by 3.
        assert np.abs(pixels - recorded.astype(int)).mean() < 1.5, camera


def test_it_plays_to_the_end_at_the_chosen_speed_and_stops(anna):
    anna.press('+', 'Home', ' ')
    anna.until(f'!hvd.state.playing && hvd.state.shown === {FRAMES - 1}')
    assert 'paused at 8x' in anna.browser.text()
    anna.press('-', '-', '-', '-', '-')
    assert 'paused at 0.5x' in anna.browser.text()


def test_it_asks_nothing_of_any_other_machine_and_follows_its_own_policy(anna, server):
    names = anna.see("performance.getEntriesByType('resource').map(entry => entry.name)")
    assert len(names) >= 5
    assert all(name.startswith(f'http://127.0.0.1:{server.port}/') for name in names)


def test_a_damaged_file_is_said_and_the_next_episode_can_be_labelled(browser, server, folders):
    (folders[0] / 'labels.json').write_text('{half')
    annotator = Annotator(browser)
    browser.call('Page.navigate', url=f'http://127.0.0.1:{server.port}/')
    annotator.until("document.body && document.body.innerText.includes('mend it or move it away')")
    annotator.press('1')  # must not score anything
    annotator.press('PageDown')
    annotator.until('hvd.state.index === 1 && hvd.state.shown >= 0')
    annotator.press(' ', '1')
    annotator.saved()
    assert (folders[0] / 'labels.json').read_text() == '{half'
    assert len(marks(folders[1])) == 1


def start(folders, port):
    process = subprocess.Popen(
        [sys.executable, '-m', 'hvd_ros.cli.main', 'label', *map(str, folders), '--no-browser',
         '--author', 'anna', '--port', str(port)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert f'2 episodes at http://127.0.0.1:{port}/' in process.stdout.readline()
    return process


def test_a_killed_server_has_lost_nothing_and_a_new_one_gets_what_was_marked_meanwhile(
    browser, folders
):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    process = start(folders, port)
    try:
        anna = Annotator(browser)
        anna.visit(port)
        anna.go(12)
        anna.press('1')
        anna.saved()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
        assert marks(folders[0]) == [('anna', 0, 12, 1.0)]
        anna.go(30)
        anna.press('5')
        anna.until("document.getElementById('saved').textContent.startsWith('NOT SAVED')")
        process = start(folders, port)
        anna.saved()
        assert marks(folders[0])[1] == ('anna', 1, 30, 0.5)
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    assert json.loads((folders[0] / 'labels.json').read_text())['kind'] == 'hvd_ros/labels'
