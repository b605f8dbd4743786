# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The policy: looks ten times a second, through the recorder's own frames, and says what to do next.

The tick only collects and watches; decoding and inference run in a thread of their own, which
always works on the newest glance. Without a chunk the mux holds, so every doubt means silence
here, and `policy/status` says which.
"""

from array import array
from dataclasses import dataclass
import time
from typing import Any

from builtin_interfaces.msg import Time
from hvd_msgs.msg import ActionChunk, MuxStatus
from rclpy.node import Node
from std_msgs.msg import String

from hvd_ros.core.config import param
from hvd_ros.core.errors import HvdError
from hvd_ros.core.mux.command import Mode
from hvd_ros.core.policy.live_observation import Glance, Glancer, Senses
from hvd_ros.core.policy.rhythm import Freshness, Rhythm
from hvd_ros.core.policy.stitching import HOW, NEWEST, Stitcher, Stitching, check_stitching
from hvd_ros.core.recorder.recording import Timeline
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.tasks import load_task
from hvd_ros.nodes.cloud.worker import Worker
from hvd_ros.nodes.policy.mind import Answer, Mind, Question
from hvd_ros.nodes.policy.opening import cameras_of, check_prompt, identity_of, open_for_robot
from hvd_ros.nodes.policy.telling import READY, WARMING, Telling, figures_of
from hvd_ros.nodes.recorder.ears import Ears
from hvd_ros.nodes.shell import qos
from hvd_ros.nodes.shell.latest import Latest
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick

STEP_S = 0.1  # of a chunk, as everything was recorded
_NS = 1_000_000_000
_STUCK_S = 1.0


@dataclass(frozen=True)
class PolicyConfig:
    """Parameters of the policy node."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    hardware: str = param('sim', 'Real devices or their twins.', choices=('sim', 'real'))
    policy: str = param('', 'Folder of a bundle, ws://HOST:PORT, KIND:PATH or module:attribute.')
    runtime: str = param('best', 'What runs a bundle; best: the fastest that is here.')
    task: str = param('pen_insert', 'Task whose words are the prompt, unless a prompt is given.')
    prompt: str = param('', 'Exact words for the policy; empty: those of the task.')
    period_s: float = param(0.1, 'Time between two questions.', low=0.02, high=2.0)
    oldest_s: float = param(
        0.3, 'With a sensor silent or frozen for longer nothing is asked.', low=0.05, high=5.0
    )
    warm_up: int = param(3, 'Answers that are thrown away before the first chunk.', low=0, high=50)
    stitching: str = param(NEWEST, 'How a chunk follows the one before.', choices=HOW)
    ensemble_decay: float = param(
        0.01, 'Of stitching ensemble: how much more an older answer weighs.', low=-2.0, high=2.0
    )
    seed: int = param(0, 'Seed of what a policy draws; grows with every rollout.', low=0)


class PolicyNode(Node):  # type: ignore[misc]
    """Sensors in, chunks out."""

    def __init__(self, **options: Any) -> None:
        super().__init__('policy', **options)
        self._config = config = declare(self, PolicyConfig)
        body = load_body(config.robot)
        self._layout_id, self._size = body.layout_id, body.size
        self._prompt = config.prompt or load_task(config.task).prompt
        policy = open_for_robot(config.policy, body, config.hardware, config.runtime)
        check_prompt(policy, self._prompt)
        check_stitching(config.stitching, policy)
        self._name, self._identity = policy.name, identity_of(policy, config.policy)
        self._senses = senses = Senses(body, policy.needs, cameras_of(policy))
        self._timeline = Timeline(time.clock_gettime_ns(time.CLOCK_REALTIME), time.monotonic_ns())
        self._glancer = Glancer(body, senses.streams)
        self._freshness = Freshness(senses.needed)
        self._ears = Ears(self, senses.streams)
        self._prompts = Latest(self, String, 'prompt', qos.LATCHED)
        self._status = Latest(self, MuxStatus, 'mux/status', qos.LATCHED)
        self._chunks = self.create_publisher(ActionChunk, 'policy/chunk', qos.COMMAND)
        self._telling = Telling(self)
        self._seq = self._rollout = 0
        self._driving = False
        self._mind = Mind(
            policy,
            body,
            senses,
            Stitcher(body, Stitching(config.stitching, STEP_S, config.ensemble_decay)),
            Rhythm(config.warm_up),
            self._speak,
            seed=config.seed,
            step_s=STEP_S,
        )
        self._worker: Worker[Question] = Worker('policy', self._mind.think)
        self.get_logger().info(f"policy '{policy.name}' ({self._identity}): '{self._prompt}'")
        self.tick = Tick(self, config.period_s, self._on_tick)

    def close(self) -> None:
        """Fall silent; the mux holds. A policy that hangs is left behind; safe to call twice."""
        self._worker.close(timeout_s=0.5)

    def _on_tick(self) -> None:
        for arrival in self._ears.poll(sampled=True):
            log_ns = self._timeline.at(arrival.received_ns)
            self._glancer.put(arrival.stream.name, arrival.stamp_ns, log_ns, arrival.data)
        self._hear()
        now_ns = time.monotonic_ns()
        try:
            glance = self._glancer.glance(self._timeline.at(now_ns))
            doubt = self._doubt(glance)
        except HvdError as error:
            glance, doubt = None, str(error)
        if glance is not None and not doubt:
            self._worker.put(Question(glance, self._prompt, self._rollout, self._driving))
        self._telling.tell(self._state(doubt, now_ns), self._figures(now_ns), now_ns)

    def _hear(self) -> None:
        prompt = self._prompts.take()
        if prompt is not None and prompt.data and prompt.data != self._prompt:
            self._prompt = prompt.data
            self.get_logger().info(f"prompt: '{prompt.data}'")
        status = self._status.take()
        if status is not None:
            driving = status.mode == Mode.POLICY
            self._rollout += driving and not self._driving
            self._driving = driving

    def _doubt(self, glance: Glance) -> str:
        """Return which of the senses can not be trusted now; empty if all can."""
        for stream, age_s in self._freshness.look(glance.frame).items():
            if not glance.frame.sample(stream).present:
                return self._senses.missing(stream)
            if age_s > self._config.oldest_s:
                return (
                    f'{stream} is {age_s:.1f} s old, {self._config.oldest_s:g} s are allowed; '
                    'is its node, or its sensor, frozen?'
                )
        return ''

    def _state(self, doubt: str, now_ns: int) -> str:
        since_ns = self._mind.since_ns
        if since_ns and now_ns - since_ns > _STUCK_S * _NS:
            return f'the policy has been thinking for {(now_ns - since_ns) / _NS:.0f} s'
        if doubt or self._mind.trouble:
            return doubt or self._mind.trouble
        return READY if self._mind.rhythm.warm else WARMING

    def _figures(self, now_ns: int) -> dict[str, str]:
        return {
            'policy': self._name,
            'id': self._identity,
            'prompt': self._prompt,
            'stitching': self._config.stitching,
            'dropped': str(self._worker.dropped),
            **figures_of(self._mind.rhythm, now_ns),
        }

    def _speak(self, answer: Answer) -> None:
        """Publish a chunk; the worker's thread runs this."""
        now_ns = time.monotonic_ns()
        age_ns = self._timeline.at(now_ns) - answer.observation_ns
        past_ns = round(len(answer.rows) * STEP_S * _NS)
        if age_ns >= past_ns:
            raise HvdError(
                f'late: the answer took {age_ns / _NS:.2f} s, its chunk covers '
                f'{past_ns / _NS:.2f} s; use a faster runtime, or a longer chunk'
            )
        # Stamped in ROS time of now, so that a clock that was set meanwhile makes nothing old.
        ros_ns = self.get_clock().now().nanoseconds
        self._seq = (self._seq + 1) % (1 << 32)
        message = ActionChunk(
            seq=self._seq,
            layout_id=self._layout_id,
            observation_stamp=_time(ros_ns - age_ns),
            step_s=STEP_S,
            horizon=len(answer.rows),
            values=array('d', answer.rows.astype('<f8').tobytes()),
            bundle_id=self._identity,
            latency_s=answer.latency_s,
        )
        message.header.stamp = _time(ros_ns)
        self._chunks.publish(message)
        self._mind.rhythm.spoke(now_ns, age_ns / _NS)


def _time(at_ns: int) -> Time:
    return Time(sec=at_ns // _NS, nanosec=at_ns % _NS)


def main() -> None:
    """Run the policy node."""
    run(PolicyNode)
