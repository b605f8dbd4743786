# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The thinking of the policy node: a glance in, a checked chunk out, or a reason why not.

Decoding pictures and inference take what they take, so all of it runs in a thread of its own.
Nothing here is fatal: whoever asks next may have better luck, and meanwhile the mux holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
import time

from hvd_ros.core.errors import HvdError
from hvd_ros.core.policy.live_observation import Glance, Senses
from hvd_ros.core.policy.policy import Policy, checked_chunk
from hvd_ros.core.policy.rhythm import Rhythm
from hvd_ros.core.policy.stitching import Stitcher
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.nodes.policy.opening import check_prompt


@dataclass(frozen=True, eq=False)
class Question:
    """What the tick hands over."""

    glance: Glance
    prompt: str
    rollout: int  # grows whenever the policy gets authority anew
    driving: bool  # whether it has authority: what was said is being done


@dataclass(frozen=True, eq=False)
class Answer:
    """A chunk that may be sent."""

    observation_ns: int  # on the time line of the glance
    rows: Array  # (H, D)
    latency_s: float


class Mind:
    """Owned by the worker's thread; the tick only reads `trouble` and `since_ns`."""

    def __init__(
        self,
        policy: Policy,
        body: Body,
        senses: Senses,
        stitcher: Stitcher,
        rhythm: Rhythm,
        speak: Callable[[Answer], None],
        *,
        seed: int,
        step_s: float,
    ) -> None:
        self._policy, self._body, self._senses = policy, body, senses
        self._stitcher, self.rhythm, self._speak = stitcher, rhythm, speak
        self._seed, self._step_s = seed, step_s
        self._asked: tuple[str, int] | None = None
        self.trouble = ''  # why the last question has no chunk; empty if it has
        self.since_ns = 0  # steady clock since when it thinks; 0: it does not

    def think(self, question: Question) -> None:
        """Answer one question, whatever happens."""
        self.since_ns = time.monotonic_ns()
        try:
            self._think(question, self.since_ns)
        except HvdError as error:
            self._fail(str(error))
        except Exception as error:
            # A policy is somebody else's code; what it raises must be told, and must not end us.
            self._fail(f'{type(error).__name__}: {error}')
        finally:
            self.since_ns = 0

    def _think(self, question: Question, since_ns: int) -> None:
        self._begin(question)
        if not question.driving:
            self._stitcher.forget()
        frame = question.glance.frame
        seen = self._senses.observe(
            frame.stamp_ns, frame.position, frame.velocity, question.glance.data, question.prompt
        )
        delay = self.rhythm.delay_steps(self._step_s)
        rows = checked_chunk(
            self._policy, self._stitcher.act(self._policy, seen, delay), self._body
        )
        latency_s = (time.monotonic_ns() - since_ns) / 1e9
        self.trouble = ''
        if self.rhythm.answered(latency_s):
            self._speak(
                Answer(frame.stamp_ns, self._stitcher.join(frame.stamp_ns, rows), latency_s)
            )

    def _begin(self, question: Question) -> None:
        wanted = (question.prompt, question.rollout)
        if wanted == self._asked:
            return
        self._asked = None
        check_prompt(self._policy, question.prompt)
        self._policy.reset(self._seed + question.rollout, question.prompt)
        self._stitcher.forget()
        self._asked = wanted

    def _fail(self, text: str) -> None:
        self.rhythm.refused += 1
        self._stitcher.forget()
        self.trouble = text
