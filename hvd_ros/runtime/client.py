# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A policy on another computer, as one here: every wait has its deadline, every failure one sentence.

After a failure the connection is given up, since a late answer would be taken for that of the next
question. The next question connects anew, finds the same policy there or says that it is another,
and begins the episode again.
"""

import os
from typing import Any

import numpy as np

from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.errors import ConfigError, ContractMismatch, HvdError
from hvd_ros.core.policy.observation import Modality, Observation, modalities
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.runtime import protocol
from hvd_ros.runtime.protocol import Message
from hvd_ros.runtime.server import CLOSE_S, PING_S, bound_sending

OPEN_S, RESET_S, ANSWER_S = 3.0, 10.0, 2.0
_AGAIN = 'the robot holds; start it again: hvd serve BUNDLE'
_SAME = ('name', 'bundle_id', 'layout_id', 'needs', 'cameras', 'execute')


class ServerGone(HvdError):
    """Nobody answers at the other end, or not in time."""


def open_remote(url: str, body: Body, answer_s: float = ANSWER_S) -> 'RemotePolicy':
    """
    Connect to a policy server.

    Raises ServerGone when nobody answers, ConfigError for a bad address or token, and
    ContractMismatch when what answers is no policy of ours, or of another body.
    """
    return RemotePolicy(url, body, answer_s)


class RemotePolicy:
    """Implements core/policy/policy.py."""

    def __init__(self, url: str, body: Body, answer_s: float) -> None:
        self._url, self._body, self._answer_s = url, body, answer_s
        self._link: Any = None
        self._about: Message | None = None
        self._episode: tuple[int, str] | None = None
        about = self._connected()
        self._needs = modalities(about['needs'])

    @property
    def name(self) -> str:
        """Return how the policy at the other end calls itself."""
        return str(self._known['name'])

    @property
    def needs(self) -> frozenset[Modality]:
        """Return what it looks at."""
        return self._needs

    @property
    def execute(self) -> int:
        """Return how many steps of a chunk are carried out."""
        return int(self._known['execute'])

    @property
    def cameras(self) -> tuple[str, ...]:
        """Return which cameras it looks through."""
        return tuple(self._known['cameras'])

    @property
    def prompts(self) -> tuple[str, ...]:
        """Return the prompts that it knows; empty: it does not say."""
        return tuple(self._known['prompts'])

    @property
    def bundle_id(self) -> str:
        """Return which bundle it is."""
        return str(self._known['bundle_id'])

    @property
    def layout_id(self) -> int:
        """Return the layout of the body that it commands."""
        return int(self._known['layout_id'], 16)

    def reset(self, seed: int, prompt: str) -> None:
        """Begin an episode."""
        self._episode = (seed, prompt)
        self._connected()
        self._begin()

    def act(self, observation: Observation) -> Array:
        """Return a chunk (K, D) of absolute commands."""
        if self._link is None:
            self._connected()
            self._begin()
        answer = self._exchange(protocol.asked(observation, self._needs), self._answer_s)
        return np.asarray(
            protocol.numbers(answer, protocol.ACTIONS, (None, self._body.size)), np.float64
        )

    def close(self) -> None:
        """Leave; safe to call twice."""
        link, self._link = self._link, None
        if link is not None:
            link.close()

    @property
    def _known(self) -> Message:
        assert self._about is not None
        return self._about

    def _begin(self) -> None:
        if self._episode is not None:
            seed, prompt = self._episode
            self._exchange({protocol.RESET: {'seed': seed, 'prompt': prompt}}, RESET_S)

    def _connected(self) -> Message:
        """Connect unless that is so; return what the server says of itself."""
        if self._link is not None:
            return self._known
        self._link = _connect(self._url)
        try:
            about = _checked(self._url, self._received(OPEN_S), self._body)
            if self._about is not None:
                _refuse_another(self._url, self._about, about)
        except HvdError:
            self.close()
            raise
        self._about = about
        return about

    def _exchange(self, message: Message, seconds: float) -> Message:
        from websockets.exceptions import ConnectionClosed

        try:
            self._link.send(protocol.pack(message))
        except (ConnectionClosed, OSError) as error:
            raise self._gone(_why(error)) from None
        return self._received(seconds)

    def _received(self, seconds: float) -> Message:
        from websockets.exceptions import ConnectionClosed

        try:
            data = self._link.recv(timeout=seconds)
        except TimeoutError:
            raise self._gone(f'did not answer within {seconds:g} s') from None
        except (ConnectionClosed, OSError) as error:
            raise self._gone(_why(error)) from None
        if isinstance(data, str):
            raise HvdError(f'{self._url} refuses: {data[:500]}')
        try:
            return protocol.unpack(data)
        except ContractMismatch as error:
            self.close()
            raise ContractMismatch(
                f'{self._url} answers with what is no answer: {error}'
            ) from None

    def _gone(self, what: str) -> ServerGone:
        self.close()
        return ServerGone(f'policy server {self._url} {what}; {_AGAIN}')


def _connect(url: str) -> Any:
    from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
    from websockets.sync.client import connect

    token = os.environ.get(protocol.TOKEN, '')
    headers = {'Authorization': f'Api-Key {token}'} if token else {}
    try:
        link = connect(
            url, compression=None, max_size=protocol.LARGEST, open_timeout=OPEN_S, proxy=None,
            additional_headers=headers, ping_interval=PING_S, ping_timeout=PING_S,
            close_timeout=CLOSE_S,
        )  # fmt: skip
    except (InvalidURI, ValueError):  # a port that is no number
        raise ConfigError(f"'{url}' is no address; it reads ws://HOST:PORT") from None
    except InvalidStatus as error:
        if error.response.status_code == 401:
            raise ConfigError(
                f'policy server {url} wants a token; set {protocol.TOKEN} to the one of its own'
            ) from None
        raise ServerGone(f'{url} answers {error.response.status_code}; {_AGAIN}') from None
    except (InvalidHandshake, OSError, EOFError) as error:
        raise ServerGone(
            f'policy server {url} can not be reached ({_why(error)}); {_AGAIN}'
        ) from None
    bound_sending(link.socket, CLOSE_S)
    return link


def _checked(url: str, about: Message, body: Body) -> Message:
    """Return what a server says of itself, if it is one of ours and of this body."""
    version = about.get('hvd_protocol')
    if version != protocol.VERSION:
        raise ContractMismatch(
            f'{url} speaks protocol {version!r}, this program {protocol.VERSION}; serve the '
            'policy by `hvd serve` of the same version'
        )
    lists = ('needs', 'cameras', 'prompts')
    whole = all(isinstance(about.get(key), list) for key in lists) and all(
        isinstance(about.get(key), str) for key in ('name', 'bundle_id', 'robot', 'layout_id')
    )
    if not whole or type(about.get('execute')) is not int:
        raise ContractMismatch(f'{url} does not say what its policy is; see docs/policy_server.md')
    if about['layout_id'] != hex_id(body.layout_id):
        raise ContractMismatch(
            f"{url} serves a policy of '{about['robot']}' with layout {about['layout_id']}, "
            f"'{body.name}' has {hex_id(body.layout_id)}; a policy acts on the body that it "
            'learnt on'
        )
    return about


def _refuse_another(url: str, before: Message, now: Message) -> None:
    for key in _SAME:
        if before[key] != now[key]:
            raise ContractMismatch(
                f"{url} now serves another policy ({key} '{now[key]}', before '{before[key]}'); "
                'start the policy node again'
            )


def _why(error: Exception) -> str:
    """Return why a connection is gone, in the words of who closed it if there are any."""
    received = getattr(error, 'rcvd', None)
    if received is not None and received.reason:
        return f'hung up: {received.reason}'
    if hasattr(error, 'rcvd'):
        return 'is gone: the connection was cut'
    return getattr(error, 'strerror', '') or ' '.join(str(error).split())[:120] or 'no answer'
