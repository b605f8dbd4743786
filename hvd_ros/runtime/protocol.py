# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a policy server and its client say to each other: msgpack, arrays as openpi writes them.

docs/policy_server.md is the page of it. Whatever arrives is somebody else's: an array is taken
only when its bytes are as many as its shape says and its numbers are plain ones.
"""

from collections.abc import Mapping
import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.errors import ContractMismatch, HvdError
from hvd_ros.core.policy.observation import Modality, Observation

VERSION = 1
PORT = 8000  # openpi's
TOKEN = 'HVD_POLICY_TOKEN'
RESET, ACTIONS = 'reset', 'actions'
LARGEST = 64_000_000  # bytes of one message; four pictures of 1920x1080 are 25 MB
_ARRAY, _NUMBER = b'__ndarray__', b'__npgeneric__'
_PLAIN = re.compile(r'[<>|=]?(b1|[iuf][1248])')

Message = dict[str, Any]


def pack(message: Mapping[str, Any]) -> bytes:
    """Return the bytes of a message."""
    import msgpack

    packed: bytes = msgpack.packb(dict(message), default=_said)
    return packed


def unpack(data: bytes) -> Message:
    """Read a message; raises ContractMismatch for anything that is none."""
    import msgpack

    try:
        message = msgpack.unpackb(data, object_hook=_heard)
    except ContractMismatch:
        raise
    except Exception as error:  # what msgpack raises has no base of its own
        raise ContractMismatch(
            f'{len(data)} bytes are no message in msgpack ({type(error).__name__}: '
            f'{str(error)[:80]})'
        ) from None
    if not isinstance(message, dict):
        raise ContractMismatch(f'a message is a map, this is a {type(message).__name__}')
    return message


def asked(observation: Observation, needs: frozenset[Modality]) -> Message:
    """Return the question about an observation; of what nobody needs nothing is sent."""
    message: Message = {
        'stamp_ns': observation.stamp_ns,
        'state': observation.state,
        'prompt': observation.prompt,
    }
    if Modality.RGB in needs:
        message['images'] = dict(observation.images)
    if Modality.DEPTH in needs:
        message['depth_mm'] = dict(observation.depth_mm)
    if Modality.CLOUD in needs and observation.cloud is not None:
        message['cloud'] = dict(zip(('xyz', 'rgb'), observation.cloud, strict=True))
    if Modality.SIM_STATE in needs and observation.sim_state is not None:
        message['sim_state'] = observation.sim_state
    return message


def seen(message: Message, state_size: int) -> Observation:
    """Return the observation of a question; raises ContractMismatch naming what is wrong."""
    state = numbers(message, 'state', (None,))
    if len(state) != state_size:
        raise ContractMismatch(
            f'state has {len(state)} numbers, this robot is described by {state_size}; their '
            "names are 'state_names' of the server's metadata"
        )
    if not np.isfinite(state).all():
        raise ContractMismatch(f'state has a {state[~np.isfinite(state)][0]} in it')
    stamp = message.get('stamp_ns', 0)
    prompt = message.get('prompt', '')
    if not isinstance(stamp, int) or not isinstance(prompt, str):
        raise ContractMismatch("'stamp_ns' is a whole number and 'prompt' a text")
    clouds, known = _map(message, 'cloud'), 'sim_state' in message
    return Observation(
        stamp_ns=stamp,
        state=np.asarray(state, np.float64),
        images={name: _picture(message, name) for name in _map(message, 'images')},
        depth_mm={
            name: _depth(_map(message, 'depth_mm'), name) for name in _map(message, 'depth_mm')
        },
        cloud=_cloud(clouds) if clouds else None,
        sim_state=np.asarray(numbers(message, 'sim_state', (None,)), float) if known else None,
        prompt=prompt,
    )


def numbers(message: Mapping[str, Any], name: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Return an array of a message in its shape (None: any size)."""
    value = message.get(name)
    if not isinstance(value, np.ndarray):
        there = ', '.join(sorted(str(key) for key in message)) or 'nothing'
        raise ContractMismatch(f"'{name}' is no array; the message has {there}")
    fits = value.ndim == len(shape) and all(
        want is None or want == size for want, size in zip(shape, value.shape, strict=True)
    )
    if not fits:
        wanted = ', '.join('any' if size is None else str(size) for size in shape)
        raise ContractMismatch(f"'{name}' has the shape {value.shape}, it takes ({wanted})")
    return value


def _picture(message: Message, name: str) -> NDArray[np.uint8]:
    images = _map(message, 'images')
    picture = numbers(images, name, (None, None, None))
    if picture.shape[2] != 3 and picture.shape[0] == 3:
        picture = picture.transpose(1, 2, 0)  # channels first, as openpi's ALOHA sends them
    if picture.dtype != np.uint8 or picture.shape[2] != 3:
        raise ContractMismatch(
            f"image '{name}' is {picture.dtype} {picture.shape}; it takes uint8 (H, W, 3)"
        )
    return np.ascontiguousarray(picture)


def _depth(depths: Message, name: str) -> NDArray[np.uint16]:
    depth = numbers(depths, name, (None, None))
    if depth.dtype != np.uint16:
        raise ContractMismatch(f"depth '{name}' is {depth.dtype}; it takes uint16 millimetres")
    return depth


def _cloud(cloud: Message) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    xyz, rgb = numbers(cloud, 'xyz', (None, 3)), numbers(cloud, 'rgb', (None, 3))
    if len(xyz) != len(rgb):
        raise ContractMismatch(f'the cloud has {len(xyz)} points and {len(rgb)} colours')
    return np.asarray(xyz, np.float32), np.asarray(rgb, np.uint8)


def _map(message: Message, name: str) -> Message:
    value = message.get(name, {})
    if not isinstance(value, dict):
        raise ContractMismatch(f"'{name}' is no map of names")
    return value


def _said(value: Any) -> Any:
    """Return an array or a number of NumPy as openpi's msgpack_numpy writes it."""
    if isinstance(value, (np.ndarray, np.generic)) and not _PLAIN.fullmatch(value.dtype.str):
        raise HvdError(f'an array of {value.dtype} is not sent; numbers are')
    if isinstance(value, np.ndarray):
        dtype, shape = value.dtype.str, list(value.shape)
        return {_ARRAY: True, b'data': value.tobytes(), b'dtype': dtype, b'shape': shape}
    if isinstance(value, np.generic):
        return {_NUMBER: True, b'data': value.item(), b'dtype': value.dtype.str}
    raise HvdError(f'a {type(value).__name__} is not sent')


def _heard(value: dict[Any, Any]) -> Any:
    if _ARRAY in value:
        return _array(value.get(b'data'), value.get(b'dtype'), value.get(b'shape'))
    if _NUMBER in value:
        return value.get(b'data')
    return value


def _array(data: Any, dtype: Any, shape: Any) -> NDArray[Any]:
    if not isinstance(dtype, str) or not _PLAIN.fullmatch(dtype):
        raise ContractMismatch(f'an array of {dtype!r} is not taken; numbers are')
    sizes = isinstance(shape, (list, tuple)) and all(type(n) is int and n >= 0 for n in shape)
    if not sizes or not isinstance(data, bytes):
        raise ContractMismatch('an array without data or shape')
    kind = np.dtype(dtype)
    if math.prod(shape) * kind.itemsize != len(data):
        raise ContractMismatch(f'an array of shape {tuple(shape)} with {len(data)} bytes')
    return np.frombuffer(data, kind).reshape(shape)
