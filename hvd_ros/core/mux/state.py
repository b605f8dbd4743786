# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the mux is told, what it remembers, what it decides: all of it frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from hvd_ros.core.config import param
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.mux.chunks import Plan
from hvd_ros.core.mux.clutch import Clutch
from hvd_ros.core.mux.command import Chunk, Command, Mode, Source
from hvd_ros.core.mux.guard import Guard, Track
from hvd_ros.core.mux.home import Travel
from hvd_ros.core.mux.keepout import Distance, Nearness
from hvd_ros.core.mux.limiter import Bools, Bytes, Limiter, Motion
from hvd_ros.core.reasons import Reason
from hvd_ros.core.robot.body import Array, Body, Kind
from hvd_ros.core.safety.estop import Beat, MuxLatch
from hvd_ros.core.safety.vitals import Bounds, Feedback, Health, Vitals

NS = 1_000_000_000


@dataclass(frozen=True)
class MuxConfig:
    """Tuning of the mux; times in seconds on the steady clock unless said otherwise."""

    robot: str = param('r1', 'Robot description: a name or the path of a YAML file.')
    hardware: str = param('sim', 'Twin or robot.', choices=('sim', 'real'))
    rate_hz: float = param(100.0, 'Commands per second.', low=10.0, high=500.0)
    teleop_timeout_s: float = param(0.1, 'Oldest leader or replay command.', low=0.02, high=0.2)
    stamp_age_s: float = param(0.2, 'Largest stamp age of a command (ROS).', low=0.05, high=1.0)
    policy_period_s: float = param(0.1, 'Time between two chunks.', low=0.01, high=2.0)
    buttons_timeout_s: float = param(0.1, 'Oldest Joy-Con report.', low=0.02, high=0.5)
    feedback_timeout_s: float = param(0.2, 'Oldest joint feedback.', low=0.05, high=1.0)
    frozen_s: float = param(0.5, 'An encoder may repeat itself this long.', low=0.1, high=5.0)
    health_timeout_s: float = param(0.5, 'Oldest robot health.', low=0.2, high=5.0)
    guardian_timeout_s: float = param(0.15, 'Oldest guardian heartbeat.', low=0.05, high=0.5)
    keepalive_timeout_s: float = param(0.5, 'Oldest sign of a person at home.', low=0.1, high=2.0)
    battery_low_percent: float = param(15.0, 'Below this nothing moves.', low=0.0, high=50.0)
    temperature_high_c: float = param(80.0, 'Above this nothing moves.', low=40.0, high=120.0)
    home_speed: float = param(0.25, 'Share of the joint limits at home.', low=0.02, high=1.0)
    require_deadman: bool = param(True, 'Policy and replay need L or R; false only on the twin.')
    home_deadman: bool = param(False, 'Home and park need L or R as well as the keepalive.')


@dataclass(frozen=True, eq=False)
class Setup:
    """Everything that stays the same between two ticks."""

    body: Body
    config: MuxConfig
    distance: Distance | None
    guard: Guard
    limiter: Limiter
    bounds: Bounds
    period_s: float
    base: Bools  # (D,) base speeds
    joints: Bools  # (D,) everything else
    positions: Bools  # (D,) joints without grippers


def prepare(body: Body, config: MuxConfig, distance: Distance | None = None) -> Setup:
    """Derive what every tick needs; refuses a real robot without a dead-man."""
    if config.hardware == 'real' and not config.require_deadman:
        raise ConfigError(
            'MuxConfig.require_deadman = False with hardware = real: a policy moves a real robot '
            'only while L or R is held; use hardware:=sim'
        )
    base = body.mask(Kind.VELOCITY)
    bounds = Bounds(
        feedback_ns=round(config.feedback_timeout_s * NS),
        frozen_ns=round(config.frozen_s * NS),
        health_ns=round(config.health_timeout_s * NS),
        battery_low_percent=config.battery_low_percent,
        temperature_high_c=config.temperature_high_c,
    )
    period_s = 1.0 / config.rate_hz
    return Setup(
        body=body,
        config=config,
        distance=distance,
        guard=Guard(body),
        limiter=Limiter(body, period_s),
        bounds=bounds,
        period_s=period_s,
        base=base,
        joints=~base,
        positions=body.mask(Kind.POSITION),
    )


@dataclass(frozen=True)
class Pads:
    """What the Joy-Cons say to the mux."""

    deadman: bool
    stuck: bool  # held longer than a person would
    estop: bool  # the e-stop was pressed since the last report
    received_ns: int  # steady clock


@dataclass(frozen=True, eq=False)
class Inputs:
    """What arrived since the last tick; None and empty mean nothing."""

    ros_now_ns: int
    teleop: tuple[Command, ...] = ()
    replay: tuple[Command, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    pads: Pads | None = None
    feedback: Feedback | None = None
    health: Health | None = None
    guardian: Beat | None = None
    keepalive_ns: int | None = None  # steady clock
    writers: Mapping[Source, int] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Verdicts:
    """Why each condition forbids motion, as of the last tick; NONE where it does not."""

    teleop: Reason = Reason.NEVER_HEARD
    policy: Reason = Reason.NEVER_HEARD
    replay: Reason = Reason.NEVER_HEARD
    deadman: Reason = Reason.NEVER_HEARD
    feedback: Reason = Reason.NO_FEEDBACK
    health: Reason = Reason.NONE
    guardian: Reason = Reason.NO_GUARDIAN
    base: Reason = Reason.BASE_NOT_READY
    collision: Reason = Reason.NONE
    writers: Reason = Reason.NONE


@dataclass(frozen=True, eq=False)
class MuxState:
    """Everything that the mux remembers between two ticks."""

    mode: Mode = Mode.IDLE
    reason: Reason = Reason.NO_SOURCE  # of the last change of mode
    driven: bool = False  # the joints are being driven; false until somebody asked
    moving: bool = False  # a source drove the robot in the last tick
    active: Source = Source.NONE
    motion: Motion | None = None  # the last sent command
    latch: MuxLatch = MuxLatch()
    teleop: Track = Track()
    replay: Track = Track()
    policy: Track = Track()
    teleop_frame: Command | None = None
    replay_frame: Command | None = None
    plan: Plan | None = None
    clutch: Clutch | None = None
    leader: Array | None = None  # leader values of the last tick in teleop
    travel: Travel | None = None
    pose: str = ''  # where home goes
    must_release: bool = True  # the operator has to let go before engaging counts
    pads: Pads | None = None
    vitals: Vitals = Vitals()
    guardian_ns: int | None = None
    keepalive_ns: int | None = None
    writers: Mapping[Source, int] = field(default_factory=lambda: MappingProxyType({}))
    nearness: Nearness | None = None  # where the command would come to rest
    verdicts: Verdicts = Verdicts()

    def changed(self, **fields: Any) -> 'MuxState':
        """
        Return a copy with some fields changed.

        dataclasses.replace() does the same, and a dozen of them took a third of a tick.
        """
        if not fields.keys() <= self.__dict__.keys():
            raise TypeError(f'MuxState has no {sorted(fields.keys() - self.__dict__.keys())}')
        made = object.__new__(MuxState)
        made.__dict__.update(self.__dict__, **fields)
        return made


@dataclass(frozen=True, eq=False)
class Decision:
    """One tick's command and the fields of its trace."""

    mode: Mode
    values: Array  # (D,)
    engaged: bool  # drive the joints; the base is always driven
    source: Source  # who had authority
    source_seq: int
    asked: Array | None  # (D,) what the source asked for, before clutch and limits
    clip: Bytes  # (D,) Clip bits
    refusal: Reason  # why something that arrived, or the whole motion, was refused
    chunk_seq: int = 0
    chunk_step: int = 0


@dataclass(frozen=True)
class Answer:
    """What became of an ask for a mode."""

    granted: bool
    mode: Mode
    reason: Reason
