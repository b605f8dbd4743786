# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Every reason for not moving, with what it means and what to do about it.

The code travels in traces, status and diagnostics; `hvd status` and the viewer print text and fix.
"""

from enum import StrEnum
import math


class Reason(StrEnum):
    """Reason codes; the empty one means that nothing is wrong."""

    NONE = ''
    # nobody asks
    NO_SOURCE = 'no_source'
    NEVER_HEARD = 'never_heard'
    DISENGAGED = 'disengaged'
    RELEASE_FIRST = 'release_first'
    DEADMAN_RELEASED = 'deadman_released'
    STUCK_BUTTON = 'stuck_button'
    # age
    STALE_TELEOP = 'stale:teleop'
    STALE_POLICY = 'stale:policy'
    STALE_REPLAY = 'stale:replay'
    STALE_BUTTONS = 'stale:buttons'
    STALE_FEEDBACK = 'stale:feedback'
    FROZEN_FEEDBACK = 'frozen:feedback'
    NO_FEEDBACK = 'no_feedback'
    OLD_STAMP = 'old_stamp'
    OLD_SEQUENCE = 'old_sequence'
    CHUNK_EXPIRED = 'chunk_expired'
    # content
    WRONG_LENGTH = 'wrong_length'
    WRONG_LAYOUT = 'wrong_layout'
    NON_FINITE = 'non_finite'
    OUT_OF_RANGE = 'out_of_range'
    WRONG_STEP = 'wrong_step'
    THREE_STRIKES = 'three_strikes'
    TWO_WRITERS = 'two_writers'
    # leader
    POSE_MISMATCH = 'pose_mismatch'
    LEADER_FAULT = 'leader_fault'
    # robot
    NO_GUARDIAN = 'no_guardian'
    BASE_NOT_READY = 'base_not_ready'
    BATTERY_LOW = 'battery_low'
    OVER_TEMPERATURE = 'over_temperature'
    MOTOR_FAULT = 'motor_fault'
    SELF_COLLISION = 'self_collision'
    # people and modes
    ESTOP_BUTTON = 'estop_button'
    ESTOP_SERVICE = 'estop_service'
    ESTOP_GUARDIAN = 'estop_guardian'
    ESTOP_LATCHED = 'estop_latched'
    ASKED = 'asked'
    ARRIVED = 'arrived'
    KEEPALIVE_LOST = 'keepalive_lost'
    MODE_REFUSED = 'mode_refused'


EXPLANATION: dict[Reason, tuple[str, str]] = {
    Reason.NONE: ('nothing is wrong', ''),
    Reason.NO_SOURCE: ('nobody asks for motion', 'hold L or R and press Plus, or start a policy'),
    Reason.NEVER_HEARD: ('nothing was received from this source yet', 'start its node'),
    Reason.DISENGAGED: ('the operator is not engaged', 'hold L or R and press Plus'),
    Reason.RELEASE_FIRST: (
        'the operator was engaged already when the way became free',
        'release L or R, then hold it again',
    ),
    Reason.DEADMAN_RELEASED: ('the dead-man is released', 'hold L or R'),
    Reason.STUCK_BUTTON: (
        'the dead-man was held too long without a break',
        'release and hold L or R again',
    ),
    Reason.STALE_TELEOP: ('the leader went silent', 'look at the joylo node and its cable'),
    Reason.STALE_POLICY: ('the policy went silent', 'look at the policy node'),
    Reason.STALE_REPLAY: ('the replay went silent', 'start the replay again'),
    Reason.STALE_BUTTONS: ('the Joy-Cons went silent', 'wake or reconnect the Joy-Cons'),
    Reason.STALE_FEEDBACK: (
        'the robot stopped reporting its joints',
        'look at the r1 node and the robot',
    ),
    Reason.FROZEN_FEEDBACK: (
        'a joint reports the same number although it is told to move',
        'look at the motor, its cable and the r1 node',
    ),
    Reason.NO_FEEDBACK: (
        'the robot has not reported all joints yet',
        'start the r1 node and the robot',
    ),
    Reason.OLD_STAMP: ('the command was formed too long ago', 'check clocks and load: hvd doctor'),
    Reason.OLD_SEQUENCE: (
        'the command repeats or precedes an earlier one',
        'look for a second sender',
    ),
    Reason.CHUNK_EXPIRED: ('the action chunk lies wholly in the past', 'the policy is too slow'),
    Reason.WRONG_LENGTH: (
        'the command has the wrong number of values',
        'sender and mux use different robots',
    ),
    Reason.WRONG_LAYOUT: (
        'the command is for another body layout',
        'sender and mux use different robots',
    ),
    Reason.NON_FINITE: (
        'the command contains NaN or infinity',
        'the sender is broken; look at its log',
    ),
    Reason.OUT_OF_RANGE: (
        'the command lies far outside the limits',
        'recalibrate: hvd calibrate joylo',
    ),
    Reason.WRONG_STEP: (
        'the chunk has an impossible step or horizon',
        'rebuild the policy bundle',
    ),
    Reason.THREE_STRIKES: (
        'three bad commands in a row',
        'ask for the mode again once the sender is mended',
    ),
    Reason.TWO_WRITERS: (
        'two publishers write this topic',
        'stop one of them: hvd doctor names them',
    ),
    Reason.POSE_MISMATCH: (
        'leader and robot stand too far apart',
        'move the leader to the shown pose',
    ),
    Reason.LEADER_FAULT: ('the leader device reports a fault', 'look at the joylo node'),
    Reason.NO_GUARDIAN: (
        'the guardian is silent, the base may not move',
        'start the guardian; one that can not reach the robot is silent, too',
    ),
    Reason.BASE_NOT_READY: (
        "the robot's own chassis gate is closed",
        'start robot and r1 node: hvd doctor',
    ),
    Reason.BATTERY_LOW: ('the battery is low', 'charge the robot'),
    Reason.OVER_TEMPERATURE: ('a motor is too hot', 'let it cool down'),
    Reason.MOTOR_FAULT: ('a motor reports a fault', 'read the fault, then power cycle the robot'),
    Reason.SELF_COLLISION: ('the body would touch itself', 'move the leader apart'),
    Reason.ESTOP_BUTTON: ('e-stop pressed on the Joy-Con', 'make safe, then: hvd estop reset'),
    Reason.ESTOP_SERVICE: ('e-stop asked by service', 'make safe, then: hvd estop reset'),
    Reason.ESTOP_GUARDIAN: ('e-stop raised by the guardian', 'make safe, then: hvd estop reset'),
    Reason.ESTOP_LATCHED: (
        'an earlier e-stop is still latched',
        'make safe, then: hvd estop reset',
    ),
    Reason.ASKED: ('somebody asked for it', ''),
    Reason.ARRIVED: ('the target pose is reached', ''),
    Reason.KEEPALIVE_LOST: (
        'the person who started the motion left',
        'run hvd home again and stay',
    ),
    Reason.MODE_REFUSED: (
        'this mode cannot be entered from here',
        'see the table of modes in the docs',
    ),
}


def explain(code: str) -> tuple[str, str]:
    """Return what a reason code means and what to do, also for a code of a newer version."""
    return EXPLANATION[Reason(code)] if code in list(Reason) else (code, '')


def age_text(age_s: float) -> str:
    """Write an age the way people read it: 8 ms, 2.5 s, never."""
    if not math.isfinite(age_s):
        return 'never'
    return f'{age_s * 1000:.0f} ms' if age_s < 1.0 else f'{age_s:.1f} s'
