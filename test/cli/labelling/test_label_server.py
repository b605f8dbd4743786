# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The labeller's server: recorded bytes out, marks onto disk, and nobody else let in."""

import http.client
import json

import pytest

from hvd_ros.cli.labelling.desk import MOST_FRAMES, Desk
from hvd_ros.cli.labelling.server import KINDS, PAGE, LabelServer
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.labels.file import load_labels
from test.episode_maker import make_episode

FRAMES = 20


def ask(server, path, method='GET', body=None, **headers):
    connection = http.client.HTTPConnection('127.0.0.1', server.port, timeout=20)
    headers = {name.replace('_', '-'): value for name, value in headers.items()}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer, data


def put(server, wish, index=0, **headers):
    body = wish if isinstance(wish, (str, bytes)) else json.dumps(wish)
    headers.setdefault('Content_Type', 'application/json')
    return ask(server, f'/api/episodes/{index}/labels', 'PUT', body, **headers)


def wish(*rows, author='anna', finished=False):
    marks = [{'frame': f, 'stage': n, 'score': s} for f, n, s in rows]
    return {'author': author, 'finished': finished, 'marks': marks}


def test_frames_are_the_recorded_bytes(server, folders):
    answer, data = ask(server, '/api/episodes/0/frames/5/3')
    assert answer.status == 200
    size = int.from_bytes(data[:4], 'big')
    head, rest = json.loads(data[4 : 4 + size]), data[4 + size :]
    episode = Episode.open(folders[0])
    expected = [episode.color(c, n) or b'' for n in (5, 6, 7) for c in head['cameras']]
    assert head['first'] == 5
    assert head['cameras'] == list(episode.meta.cameras)
    assert head['sizes'] == [len(image) for image in expected]
    assert rest == b''.join(expected)
    assert rest[:2] == b'\xff\xd8'


@pytest.mark.parametrize(('first', 'count', 'got'), [(18, 16, 2), (20, 16, 0), (0, 999, FRAMES)])
def test_frames_beyond_the_end_are_left_out(server, first, count, got):
    _, data = ask(server, f'/api/episodes/0/frames/{first}/{count}')
    head = json.loads(data[4 : 4 + int.from_bytes(data[:4], 'big')])
    assert len(head['sizes']) == got * len(head['cameras'])
    assert got <= MOST_FRAMES


def test_a_view_has_prompt_rubric_hints_and_length(server, folders):
    view = json.loads(ask(server, '/api/episodes/1?author=anna')[1])
    meta = Episode.open(folders[1]).meta
    assert view['episode'] == meta.episode_id
    assert view['prompt'] == meta.prompt
    assert view['frames'] == meta.frames
    assert [len(stage['rubric']) for stage in view['stages']] == [3, 3, 3]
    assert view['events'][-1] == {'frame': FRAMES - 1, 'what': 'end'}
    assert [strip['name'] for strip in view['strips']] == [
        'left gripper', 'right gripper', 'base speed',
    ]  # fmt: skip
    assert {len(strip['measured']) for strip in view['strips']} == {FRAMES}
    assert view['rewards'] == [-0.001] * FRAMES


def test_a_mark_is_on_disk_when_the_answer_comes(server, folders):
    answer, data = put(server, wish((7, 0, 0.5), finished=True))
    assert answer.status == 200
    said = json.loads(data)
    assert said['resolved'] == [[7, 0, 0.5, 'anna']]
    assert said['rewards'][7] == 0.5
    labels = load_labels(folders[0])
    assert [(m.frame, m.stage, m.score, m.author) for m in labels.marks] == [(7, 0, 0.5, 'anna')]
    assert labels.marks[0].at
    assert labels.finished == ('anna',)
    listing = json.loads(ask(server, '/api/episodes')[1])
    assert [row['finished'] for row in listing['episodes']] == [['anna'], []]


def test_two_annotators_leave_each_other_alone(server, folders):
    put(server, wish((7, 0, 0.5)))
    put(server, wish((9, 0, 1), author='ben'))
    put(server, wish(author='anna'))
    assert [m.author for m in load_labels(folders[0]).marks] == ['ben']


@pytest.mark.parametrize(
    ('said', 'words'),
    [
        (wish((FRAMES, 0, 1)), b'beyond the end'),
        (wish((1, 3, 1)), b'is unknown; allowed: 0 to 2'),
        (wish((1, 0, 0.4)), b'allowed: 0, 0.5 and 1'),
        (wish((9, 0, 1), (5, 1, 1)), b'stage 1 can not end at frame 5'),
        (wish((1, 0, 1), author='operator'), b'label under your own name'),
        (wish((1, 0, 1), author='simulator'), b'label under your own name'),
        (wish((1, 0, 1), author='a\n'), b'printable'),
        (wish(('1', 0, 1)), b'are numbers'),
        ({'author': 'anna', 'finished': False, 'marks': [7]}, b'not a mark'),
        ({'author': 'anna', 'marks': []}, b'finished: true or false'),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_written(server, folders, said, words):
    answer, data = put(server, said)
    assert answer.status == 409
    assert words in data
    assert load_labels(folders[0]) is None


def test_a_damaged_file_is_said_and_kept(server, folders):
    (folders[0] / 'labels.json').write_text('{half')
    assert b'mend it or move it away' in ask(server, '/api/episodes/0')[1]
    assert put(server, wish((1, 0, 1)))[0].status == 409
    assert 'mend it' in json.loads(ask(server, '/api/episodes')[1])['episodes'][0]['error']
    assert (folders[0] / 'labels.json').read_text() == '{half'


@pytest.mark.parametrize('origin', ['http://evil.example', 'null', 'http://127.0.0.1:1'])
def test_a_page_of_another_site_can_not_write(server, folders, origin):
    assert put(server, wish((1, 0, 1)), Origin=origin)[0].status == 403
    assert load_labels(folders[0]) is None
    own = f'http://127.0.0.1:{server.port}'
    assert put(server, wish((1, 0, 1)), Origin=own)[0].status == 200


@pytest.mark.parametrize('path', ['/', '/api/episodes', '/api/episodes/0/frames/0/1'])
def test_another_name_for_this_machine_gets_nothing(server, path):
    answer, data = ask(server, path, Host=f'rebound.example:{server.port}')
    assert answer.status == 403
    assert b'anna' not in data


def test_a_form_of_another_site_can_not_pass_as_json(server):
    assert put(server, wish((1, 0, 1)), Content_Type='text/plain')[0].status == 415
    assert put(server, '{"author"')[0].status == 400
    assert put(server, '[]')[0].status == 400
    assert put(server, b'', Content_Length='2000000')[0].status == 413


@pytest.mark.parametrize(
    'path',
    ['/../server.py', '/..%2fserver.py', '/page/index.html', '/%2e%2e/desk.py', '//etc/passwd',
     '/etc/passwd', '/api/episodes/0/frames/../../x', '/__init__.py', '/.'],
)  # fmt: skip
def test_no_path_leads_out_of_the_page(server, path):
    assert ask(server, path)[0].status == 404


@pytest.mark.parametrize('index', [2, 999999])
def test_an_episode_that_is_not_on_the_desk_is_refused(server, index):
    assert ask(server, f'/api/episodes/{index}')[0].status == 409


def test_a_task_without_a_rubric_is_said_with_what_to_do(tmp_path):
    folder = make_episode(tmp_path, task='juggle', frames=3, cloud=False, cameras=())
    with pytest.raises(ConfigError, match=r'describe a new one in .*/tasks/juggle.yaml'):
        Desk([folder]).view(0, 'anna')


@pytest.mark.parametrize('host', ['0.0.0.0', '192.168.1.5', '', '::', 'example.org'])
def test_it_listens_on_loopback_only(host):
    with pytest.raises(ConfigError, match='does not listen'):
        LabelServer(Desk([]), 'anna', host=host)


def test_a_port_in_use_is_said(server):
    with pytest.raises(ConfigError, match='use --port'):
        LabelServer(Desk([]), 'anna', server.port)


def test_the_page_is_complete_and_asks_nothing_of_the_network(server):
    answer, _ = ask(server, '/')
    assert "default-src 'none'" in answer.headers['Content-Security-Policy']
    assert 'Access-Control-Allow-Origin' not in answer.headers
    for file in PAGE.iterdir():
        assert file.suffix in KINDS, file
        assert ask(server, f'/{file.name}')[1] == file.read_bytes()
        text = file.read_text(encoding='utf-8')
        assert '//' not in text.replace('// ', '').replace('http://', '') or file.suffix == '.js'
        assert 'http:' not in text
        assert 'https:' not in text
