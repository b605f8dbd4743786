# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a policy server and its client say: any array comes back, and nothing else gets in."""

from dataclasses import replace

import numpy as np
import pytest

msgpack = pytest.importorskip('msgpack')

from hvd_ros.core.errors import ContractMismatch, HvdError  # noqa: E402
from hvd_ros.core.policy.observation import Modality, Observation  # noqa: E402
from hvd_ros.runtime.protocol import asked, pack, seen, unpack  # noqa: E402

STATE = np.arange(4.0)
ARRAY = {b'__ndarray__': True, b'dtype': '<f4', b'shape': [2], b'data': bytes(8)}
EVERYTHING = frozenset(Modality)


@pytest.mark.parametrize('dtype', ['f2', 'f4', 'f8', 'u1', 'u2', 'i4', 'i8', '?', '>f4'])
@pytest.mark.parametrize('shape', [(0,), (3,), (2, 3, 4)])
def test_an_array_comes_back_as_it_was(dtype, shape):
    value = (np.arange(np.prod(shape)).reshape(shape) % 2).astype(dtype)
    back = unpack(pack({'x': value}))['x']
    assert back.dtype == value.dtype and np.array_equal(back, value)


def test_arrays_have_the_form_of_openpi():
    """Said as its sheet says: binary keys, the dtype as NumPy writes it, numbers apart."""
    raw = msgpack.unpackb(pack({'x': np.zeros((1, 2), np.float32), 'n': np.int64(7)}))
    assert raw['x'] == ARRAY | {b'shape': [1, 2]}
    assert raw['n'] == {b'__npgeneric__': True, b'data': 7, b'dtype': '<i8'}
    assert unpack(msgpack.packb(raw))['n'] == 7


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({b'dtype': '|O'}, 'an array of .* is not taken'),
        ({b'dtype': '<c8'}, 'is not taken'),
        ({b'dtype': 'f4,f4'}, 'is not taken'),
        ({b'dtype': b'<f4'}, 'is not taken'),
        ({b'shape': [3]}, 'shape .3,. with 8 bytes'),
        ({b'shape': [-1, -2]}, 'without data or shape'),
        ({b'shape': [2**40, 2**40]}, 'with 8 bytes'),
        ({b'shape': [True, 2]}, 'without data or shape'),
        ({b'data': 'text'}, 'without data or shape'),
    ],
)
def test_an_array_that_lies_is_not_taken(changes, said):
    with pytest.raises(ContractMismatch, match=said):
        unpack(msgpack.packb({'x': ARRAY | changes}))


@pytest.mark.parametrize('data', [b'', b'\xc1', b'\x93\x01', msgpack.packb([1]), bytes(100)])
def test_what_is_no_message_is_named(data):
    with pytest.raises(ContractMismatch, match='message'):
        unpack(data)


def test_every_cut_of_a_message_is_refused():
    whole = pack(asked(Observation(5, STATE, prompt='pen'), EVERYTHING))
    for end in range(len(whole)):
        with pytest.raises(ContractMismatch):
            unpack(whole[:end])


@pytest.mark.parametrize('value', [object(), {1, 2}, np.array([object()]), np.zeros(1, 'c8')])
def test_what_is_no_number_is_not_sent(value):
    with pytest.raises(HvdError, match='is not sent'):
        pack({'x': value})


def full() -> Observation:
    return Observation(
        stamp_ns=12,
        state=STATE,
        images={'head': np.arange(24, dtype=np.uint8).reshape(2, 4, 3)},
        depth_mm={'head': np.full((2, 4), 700, np.uint16)},
        cloud=(np.ones((5, 3), np.float32), np.full((5, 3), 9, np.uint8)),
        sim_state=np.array([3.0]),
        prompt='pen',
    )


def test_an_observation_comes_back_whole():
    back = seen(unpack(pack(asked(full(), EVERYTHING))), 4)
    assert (back.stamp_ns, back.prompt) == (12, 'pen')
    assert np.array_equal(back.state, STATE) and back.state.dtype == np.float64
    assert np.array_equal(back.images['head'], full().images['head'])
    assert np.array_equal(back.depth_mm['head'], full().depth_mm['head'])
    assert np.array_equal(back.cloud[1], full().cloud[1])
    assert back.sim_state.tolist() == [3.0]


def test_what_nobody_needs_is_not_sent():
    assert set(asked(full(), frozenset({Modality.STATE}))) == {'state', 'stamp_ns', 'prompt'}


def test_pictures_with_their_channels_first_are_turned():
    message = asked(full(), EVERYTHING)
    message['images'] = {'head': full().images['head'].transpose(2, 0, 1)}
    assert np.array_equal(seen(message, 4).images['head'], full().images['head'])


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'state': [1, 2]}, "'state' is no array; the message has "),
        ({'state': np.zeros(3)}, 'state has 3 numbers, this robot is described by 4'),
        ({'state': np.zeros((1, 4))}, r"'state' has the shape \(1, 4\), it takes \(any\)"),
        ({'state': np.array([0, np.nan, 0, 0])}, 'state has a nan in it'),
        ({'prompt': 3}, "'prompt' a text"),
        ({'stamp_ns': 0.5}, "'stamp_ns' is a whole number"),
        ({'images': [1]}, "'images' is no map"),
        ({'images': {'head': np.zeros((2, 4, 3))}}, "image 'head' is float64"),
        ({'images': {'head': np.zeros((2, 4, 4), 'u1')}}, "image 'head' is uint8"),
        ({'depth_mm': {'head': np.zeros((2, 4))}}, "depth 'head' is float64"),
        ({'cloud': {'xyz': np.zeros((5, 3)), 'rgb': np.zeros((4, 3))}}, '5 points and 4 colours'),
        ({'cloud': {'xyz': np.zeros((5, 3))}}, "'rgb' is no array"),
    ],
)
def test_a_bad_question_is_refused_by_name(changes, said):
    with pytest.raises(ContractMismatch, match=said):
        seen(asked(replace(full()), EVERYTHING) | changes, 4)
