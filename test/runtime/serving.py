# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A policy server on a free port of this machine, and a policy that does what a test wants."""

from collections.abc import Iterator
from contextlib import contextmanager
import threading
from typing import Any

import numpy as np

from hvd_ros.core.policy.bundle import observed_names
from hvd_ros.core.policy.observation import Modality, Observation
from hvd_ros.core.robot.description import load_body
from hvd_ros.runtime.server import PolicyServer

BODY = load_body('r1')
STATE = np.linspace(-1, 1, len(observed_names(BODY)))


class Echo:
    """Answers with a chunk that tells what it was asked; fails, or hangs, on request."""

    name, execute, prompts, bundle_id = 'echo', 2, ('pen', 'cup'), 'b1'

    def __init__(self, *needs: Modality) -> None:
        self.needs = frozenset({Modality.STATE, *needs})
        self.resets: list[tuple[int, str]] = []
        self.asked: list[Observation] = []
        self.fail: Exception | None = None
        self.hang = threading.Event()
        self.hang.set()

    def reset(self, seed: int, prompt: str) -> None:
        self.resets.append((seed, prompt))

    def act(self, observation: Observation) -> np.ndarray:
        self.asked.append(observation)
        self.hang.wait(20)
        if self.fail is not None:
            raise self.fail
        return np.full((3, BODY.size), observation.state[1]) + np.arange(3)[:, None]


@contextmanager
def serving(
    policy: Any, port: int = 0, token: str = '', body: Any = BODY
) -> Iterator[PolicyServer]:
    """Serve in a thread of this process."""
    server = PolicyServer(policy, body, port=port, token=token, tell=lambda text: None)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        if isinstance(policy, Echo):
            policy.hang.set()
        server.close()
        thread.join(timeout=5)


def url_of(server: PolicyServer) -> str:
    return f'ws://127.0.0.1:{server.port}'
