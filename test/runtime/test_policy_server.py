# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A policy elsewhere acts as one here; whatever fails is one sentence, within its deadline."""

from contextlib import contextmanager
import json
import socket
import threading
import time
import urllib.request

import numpy as np
import pytest

pytest.importorskip('msgpack')
websockets = pytest.importorskip('websockets')

from websockets.sync.client import connect  # noqa: E402
from websockets.sync.server import serve  # noqa: E402

from hvd_ros.cli.main import main  # noqa: E402
from hvd_ros.core.errors import ConfigError, ContractMismatch, HvdError  # noqa: E402
from hvd_ros.core.policy.observation import Modality, Observation  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.runtime import client, protocol, server  # noqa: E402
from hvd_ros.runtime.client import ServerGone, open_remote  # noqa: E402
from test.runtime.serving import BODY, STATE, Echo, serving, url_of  # noqa: E402

SEEN = Observation(7, STATE, prompt='pen')


def test_a_policy_elsewhere_answers_as_it_would_here():
    policy = Echo(Modality.RGB)
    with serving(policy) as there:
        remote = open_remote(url_of(there), BODY)
        assert (remote.name, remote.execute, remote.bundle_id) == ('echo', 2, 'b1')
        assert remote.needs == policy.needs and remote.prompts == policy.prompts
        assert remote.layout_id == BODY.layout_id
        remote.reset(3, 'pen')
        image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
        chunk = remote.act(Observation(7, STATE, images={'head': image}, prompt='pen'))
        assert np.array_equal(chunk, Echo().act(SEEN))
        remote.act(Observation(8, STATE))
        assert policy.resets == [(3, 'pen')], 'a reset counts, whatever a question says'
        assert np.array_equal(policy.asked[0].images['head'], image)
        remote.close()


def test_one_client_at_a_time_and_the_next_when_it_left():
    with serving(Echo()) as there:
        first = open_remote(url_of(there), BODY)
        with pytest.raises(ServerGone, match="'echo' serves another client"):
            open_remote(url_of(there), BODY)
        first.close()
        end = time.monotonic() + 5
        while True:
            try:
                open_remote(url_of(there), BODY).close()
                break
            except ServerGone:
                assert time.monotonic() < end


@pytest.mark.parametrize('error', [RuntimeError('the card\nfell off'), ConfigError('no camera')])
def test_a_policy_that_raises_is_told_in_one_line_and_asked_again(error):
    policy = Echo()
    with serving(policy) as there:
        remote = open_remote(url_of(there), BODY)
        policy.fail = error
        with pytest.raises(HvdError, match='refuses: .*(the card fell off|no camera)') as caught:
            remote.act(SEEN)
        assert '\n' not in str(caught.value)
        policy.fail = None
        assert len(remote.act(SEEN)) == 3
        remote.close()


def test_a_chunk_that_no_body_can_do_is_refused_where_it_is_made():
    policy = Echo()
    policy.act = lambda observation: np.full((3, BODY.size), np.nan)
    with serving(policy) as there:
        remote = open_remote(url_of(there), BODY)
        with pytest.raises(HvdError, match='step 0 of its chunk is nan'):
            remote.act(SEEN)
        remote.close()


def test_a_server_that_hangs_costs_its_deadline_and_no_late_answer_is_taken():
    policy = Echo()
    with serving(policy) as there:
        remote = open_remote(url_of(there), BODY, answer_s=0.3)
        policy.hang.clear()
        began = time.monotonic()
        with pytest.raises(ServerGone, match=r'did not answer within 0\.3 s; the robot holds'):
            remote.act(SEEN)
        assert time.monotonic() - began < 3.0
        policy.hang.set()
        other = Observation(8, STATE + 1, prompt='pen')
        end = time.monotonic() + 5
        while True:
            try:
                chunk = remote.act(other)
                break
            except ServerGone:  # its thread has not let go of the seat yet
                assert time.monotonic() < end
        assert np.array_equal(chunk, Echo().act(other))
        remote.close()


def test_a_server_that_is_gone_and_back_goes_on_with_the_episode():
    policy, again = Echo(), Echo()
    with serving(policy) as there:
        remote = open_remote(url_of(there), BODY)
        remote.reset(5, 'cup')
        remote.act(SEEN)
        port = there.port
    for _ in range(2):
        with pytest.raises(ServerGone, match='hvd serve BUNDLE') as caught:
            remote.act(SEEN)
        assert '\n' not in str(caught.value)
    with serving(again, port):
        remote.act(Observation(9, STATE, prompt='cup'))
        assert again.resets == [(5, 'cup')]
        remote.close()


def test_another_policy_in_its_place_is_refused():
    policy = Echo()
    with serving(policy) as there:
        remote = open_remote(url_of(there), BODY)
        port = there.port
    with pytest.raises(ServerGone):
        remote.act(SEEN)
    other = Echo()
    other.bundle_id = 'b2'
    with serving(other, port):
        with pytest.raises(ContractMismatch, match="another policy .bundle_id 'b2', before 'b1'"):
            remote.act(SEEN)
        assert not other.asked


def test_a_policy_of_another_body_is_refused():
    of_another = pytest.raises(ContractMismatch, match="serves a policy of 'r1pro' with layout")
    with serving(Echo(), body=load_body('r1pro')) as there, of_another:
        open_remote(url_of(there), BODY)


def test_a_token_keeps_others_out(monkeypatch):
    with serving(Echo(), token='secret') as there:
        for wrong in ('', 'guess'):
            monkeypatch.setenv(protocol.TOKEN, wrong)
            with pytest.raises(ConfigError, match='wants a token; set HVD_POLICY_TOKEN'):
                open_remote(url_of(there), BODY)
        monkeypatch.setenv(protocol.TOKEN, 'secret')
        open_remote(url_of(there), BODY).close()


@pytest.mark.parametrize('host', ['0.0.0.0', '192.168.1.2', '::', 'robot.local'])
def test_only_loopback_needs_no_token(host):
    with pytest.raises(ConfigError, match='needs a token'):
        server.check_host(host, '')
    server.check_host(host, 'secret')


@pytest.mark.parametrize('host', ['127.0.0.1', '::1', 'localhost', '127.8.8.8'])
def test_loopback_needs_none(host):
    server.check_host(host, '')


def test_a_page_in_a_browser_is_not_let_in_and_health_is_told():
    with serving(Echo()) as there:
        with pytest.raises(websockets.exceptions.InvalidStatus, match='403'):
            connect(url_of(there), origin='http://example.com')
        health = urllib.request.urlopen(f'http://127.0.0.1:{there.port}/healthz', timeout=5)
        assert health.read() == b'OK\n'


def test_a_client_of_openpi_gets_metadata_first_and_its_answer_without_a_reset():
    policy = Echo()
    with serving(policy) as there, connect(url_of(there), compression=None) as link:
        about = protocol.unpack(link.recv(timeout=5))
        assert about['dimensions'] == list(BODY.names)
        for prompt in ('pen', 'pen', 'cup'):
            link.send(protocol.pack({'state': STATE, 'prompt': prompt}))
            answer = protocol.unpack(link.recv(timeout=5))
        assert answer['actions'].shape == (3, BODY.size)
        assert answer['policy_timing']['infer_ms'] >= 0
        assert {'infer_ms', 'prev_total_ms'} <= answer['server_timing'].keys()
        assert policy.resets == [(0, 'pen'), (0, 'cup')]


@pytest.mark.parametrize(
    ('data', 'said'),
    [
        ('text', 'a question is binary'),
        (b'\xc1', 'no message in msgpack'),
        (protocol.pack({'prompt': 'pen'}), "'state' is no array"),
        (protocol.pack({'reset': {'seed': -1, 'prompt': 'pen'}}), 'seed -1'),
        (protocol.pack({'reset': 3}), "'reset' is a map"),
    ],
)
def test_a_bad_question_is_answered_by_text_and_the_server_goes_on(data, said):
    with serving(Echo()) as there, connect(url_of(there), compression=None) as link:
        link.recv(timeout=5)
        link.send(data)
        answer = link.recv(timeout=5)
        assert isinstance(answer, str) and said in answer
        link.send(protocol.pack({'state': STATE, 'prompt': 'pen'}))
        assert isinstance(link.recv(timeout=5), bytes)


@contextmanager
def impostor(handle):
    """Be a websocket server that says what a test wants."""
    with serve(handle, '127.0.0.1', 0, compression=None) as there:
        thread = threading.Thread(target=there.serve_forever, daemon=True)
        thread.start()
        yield f'ws://127.0.0.1:{there.socket.getsockname()[1]}'
        there.shutdown()


@pytest.mark.parametrize(
    ('first', 'said'),
    [
        (protocol.pack({}), 'speaks protocol None'),
        (protocol.pack({'hvd_protocol': 2}), 'speaks protocol 2, this program 1'),
        (protocol.pack({'hvd_protocol': 1, 'name': 3}), 'does not say what its policy is'),
        (b'\xc1', 'answers with what is no answer'),
        (json.dumps({}), 'refuses: {}'),
    ],
)
def test_what_is_no_policy_server_is_named(first, said):
    named = pytest.raises(HvdError, match=said)
    with impostor(lambda link: (link.send(first), link.recv(timeout=5))) as url, named:
        open_remote(url, BODY)


def test_who_accepts_and_says_nothing_costs_a_deadline(monkeypatch):
    monkeypatch.setattr(client, 'OPEN_S', 0.3)
    dumb = pytest.raises(ServerGone, match=r'did not answer within 0\.3 s')
    with impostor(lambda link: link.recv(timeout=5)) as url, dumb:
        open_remote(url, BODY)
    unreached = pytest.raises(ServerGone, match='can not be reached')
    with socket.create_server(('127.0.0.1', 0)) as deaf, unreached:
        open_remote(f'ws://127.0.0.1:{deaf.getsockname()[1]}', BODY)


def test_who_stops_reading_does_not_hold_a_sender_for_ever():
    here, there = socket.socketpair()
    with here, there:
        server.bound_sending(here, 0.2)
        began = time.monotonic()
        with pytest.raises(BlockingIOError):
            here.sendall(bytes(50_000_000))
        assert time.monotonic() - began < 5.0


@pytest.mark.parametrize('url', ['ws://', 'ws://127.0.0.1:nine', 'http://127.0.0.1:8000'])
def test_an_address_that_is_none(url):
    with pytest.raises(HvdError, match='is no address; it reads ws://HOST:PORT'):
        open_remote(url, BODY)


def test_the_verb_refuses_before_it_listens(capsys, tmp_path):
    assert main(['serve', str(tmp_path / 'gone.bundle')]) == 2
    assert 'hvd export RUN' in capsys.readouterr().err
    assert main(['serve', 'x.bundle', '--host', '0.0.0.0']) == 2
    assert 'needs a token' in capsys.readouterr().err
    with socket.create_server(('127.0.0.1', 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(['serve', 'test.runtime.serving:Echo', '--port', port]) == 2
    assert 'can not be used' in capsys.readouterr().err
