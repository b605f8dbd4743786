# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every number lands in its vendor stream and comes back from it; what is bad moves nothing."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from hvd_ros.core.errors import CommandRejected, ConfigError, ContractMismatch, DeviceError
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.urdf import read_urdf
from hvd_ros.core.vendor.streams import (
    JOINT_STREAMS,
    STREAMS,
    Wiring,
    opening_from_stroke,
    standstill,
    stroke_from_opening,
)

BODY = load_body('r1')
WIRING = Wiring(BODY)
FINITE = st.floats(-1e6, 1e6)
ANYTHING = st.floats(allow_nan=True, allow_infinity=True)


def commands() -> st.SearchStrategy[np.ndarray]:
    rows = [
        st.floats(low, high) for low, high in zip(BODY.limits.low, BODY.limits.high, strict=True)
    ]
    return st.tuples(*rows).map(np.array)


def feedback_of(targets) -> dict:
    """Return what a robot that has reached the targets reports."""
    positions = {s: list(q) for s, q in targets.joints.items()}
    positions |= {s: [mm] for s, mm in targets.strokes_mm.items()}
    return {s: WIRING.read(s, positions[s], [0.0] * len(positions[s]), []) for s in JOINT_STREAMS}


@settings(max_examples=100)
@given(commands())
def test_a_reached_command_reads_back_as_the_same_joints(values: np.ndarray) -> None:
    targets = WIRING.split(values, BODY.layout_id, 5, engaged=True)
    joints = WIRING.join(feedback_of(targets))
    seen = dict(zip(joints.names, joints.position, strict=True))
    for dimension, value in zip(BODY.dimensions, values, strict=True):
        if dimension.joint:
            assert seen[dimension.joint] == pytest.approx(value * dimension.joint_per_unit)
    assert targets.base == tuple(values[[7, 8, 9]])
    assert targets.stamp_ns == 5


def test_the_joint_state_has_the_urdfs_names() -> None:
    urdf = {j.name for j in read_urdf(BODY.urdf).joints if j.kind != 'fixed'}
    wheels = {n for n in urdf if 'motor_joint' in n}
    assert set(WIRING.all_joints) == urdf - wheels
    assert len(WIRING.all_joints) == len(set(WIRING.all_joints)) == 20


def test_both_fingers_travel_half_the_stroke() -> None:
    targets = WIRING.split(BODY.pose('home'), BODY.layout_id, 0, engaged=True)
    assert targets.strokes_mm == {'gripper_left': 100.0, 'gripper_right': 100.0}
    joints = WIRING.join(feedback_of(targets))
    fingers = [p for n, p in zip(joints.names, joints.position, strict=True) if 'finger' in n]
    assert fingers == pytest.approx([0.05] * 4)


@given(st.floats(0, 1))
def test_opening_and_stroke_are_inverse(opening: float) -> None:
    assert opening_from_stroke(stroke_from_opening(opening)) == pytest.approx(opening)


@pytest.mark.parametrize(
    ('stroke', 'opening'), [(-1.0, 0.0), (0.0, 0.0), (50.0, 0.5), (100.0, 1.0), (101.8, 1.0)]
)
def test_a_stroke_a_little_outside_counts_as_the_end(stroke: float, opening: float) -> None:
    assert opening_from_stroke(stroke) == opening


def test_a_disengaged_command_drives_the_base_only() -> None:
    values = BODY.pose('home').copy()
    values[7] = 0.2
    targets = WIRING.split(values, BODY.layout_id, 0, engaged=False)
    assert targets.base == (0.2, 0.0, 0.0)
    assert not targets.joints and not targets.strokes_mm


def test_standstill_leaves_the_joints_alone() -> None:
    targets = standstill(3)
    assert targets.base == (0.0, 0.0, 0.0)
    assert not targets.joints and not targets.strokes_mm


@settings(max_examples=100)
@given(
    values=st.lists(ANYTHING, max_size=25).map(np.array),
    layout=st.sampled_from([BODY.layout_id, BODY.layout_id ^ 1, 0]),
)
def test_a_bad_command_is_refused_whole(values: np.ndarray, layout: int) -> None:
    good = layout == BODY.layout_id and values.shape == (21,) and np.isfinite(values).all()
    if good:
        return
    with pytest.raises(CommandRejected, match='wrong_layout|wrong_length|non_finite'):
        WIRING.split(values, layout, 0, engaged=True)


@given(st.integers(0, 20), st.sampled_from([math.nan, math.inf, -math.inf]))
def test_a_refusal_names_the_dimension(i: int, bad: float) -> None:
    values = BODY.pose('home').copy()
    values[i] = bad
    with pytest.raises(CommandRejected, match=f'non_finite: command {BODY.names[i]} = '):
        WIRING.split(values, BODY.layout_id, 0, engaged=True)


@settings(max_examples=200)
@given(
    st.sampled_from(STREAMS),
    *[st.lists(st.one_of(FINITE, ANYTHING), max_size=9) for _ in range(3)],
)
def test_feedback_is_whole_and_finite_or_refused(stream, position, velocity, effort) -> None:
    size = WIRING.size(stream)
    try:
        reading = WIRING.read(stream, position, velocity, effort)
    except DeviceError as error:
        assert stream in str(error)
        return
    for column in (reading.position, reading.velocity, reading.effort):
        assert column.shape == (size,)
        assert np.isfinite(column).all()
    assert list(reading.position) == position[:size]


@pytest.mark.parametrize('stream', STREAMS)
@pytest.mark.parametrize('column', [0, 1])
@pytest.mark.parametrize('bad', [math.nan, math.inf])
def test_one_bad_number_refuses_the_whole_message(stream: str, column: int, bad: float) -> None:
    for i in range(WIRING.size(stream)):
        columns = [[0.1] * WIRING.size(stream) for _ in range(2)]
        columns[column][i] = bad
        with pytest.raises(DeviceError, match=rf'{stream}: (position|velocity)\[{i}\] = '):
            WIRING.read(stream, *columns, [])


def test_the_gripper_at_the_end_of_an_arm_is_cut_off() -> None:
    seven = [0.1, 0.2, -0.3, 0.4, 0.5, 0.6, 88.0]
    assert list(WIRING.read('arm_left', seven, seven, seven).position) == seven[:6]
    # Not even a NaN there is our business.
    assert WIRING.read('arm_left', [*seven[:6], math.nan], [], []).position[5] == 0.6


@pytest.mark.parametrize(
    ('stream', 'count'),
    [('arm_left', 5), ('arm_right', 8), ('torso', 3), ('torso', 5), ('gripper_left', 2)],
)
def test_a_wrong_length_is_refused(stream: str, count: int) -> None:
    with pytest.raises(DeviceError, match=f'{stream}: position has {count} values, expected'):
        WIRING.read(stream, [0.0] * count, [], [])


def test_the_chassis_pads_its_speeds_with_zeros() -> None:
    reading = WIRING.read('chassis', [0.1, 0.2, 0.3], [1.0, 2.0, 3.0, 0.0, 0.0, 0.0], [])
    assert list(reading.velocity) == [1.0, 2.0, 3.0]
    with pytest.raises(DeviceError, match='velocity has 0'):
        WIRING.read('chassis', [0.1, 0.2, 0.3], [], [])


@pytest.mark.parametrize('stroke', [-6.0, 106.0, 3000.0])
def test_an_impossible_stroke_is_refused(stroke: float) -> None:
    with pytest.raises(DeviceError, match='stroke'):
        WIRING.read('gripper_left', [stroke], [], [])


def test_a_body_without_arms_is_not_an_r1(tmp_path) -> None:
    path = tmp_path / 'base.yaml'
    path.write_text(
        'name: cart\ngroups: [base]\nposes: {}\ndimensions:\n'
        '  - {name: base_vx, group: base, part: base_xy, kind: velocity, unit: m/s, speed: 1.0,'
        ' acceleration: 1.0}\n'
    )
    with pytest.raises(ContractMismatch, match="'cart' has no part 'left_arm'"):
        Wiring(load_body(str(path))).size('torso')
    with pytest.raises(ConfigError, match='base_vy'):
        _ = Wiring(load_body(str(path)))._base
