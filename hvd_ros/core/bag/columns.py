# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Fields of many messages at once, as arrays.

Ten minutes hold 60 000 traces; decoding them one by one takes longer than training on them. All
messages whose strings and lists have the same lengths have each number at the same place, so that
a field is a slice. Layout of the bytes: XCDR1, aligned behind the 4 bytes of the encapsulation.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import Nodetype

from hvd_ros.core.bag.cdr import typestore
from hvd_ros.core.bag.index import Bytes, Column
from hvd_ros.core.errors import EpisodeError

_DTYPES = {
    'bool': '?', 'byte': 'u1', 'char': 'u1', 'uint8': 'u1', 'int8': 'i1',
    'uint16': '<u2', 'int16': '<i2', 'uint32': '<u4', 'int32': '<i4',
    'uint64': '<u8', 'int64': '<i8', 'float32': '<f4', 'float64': '<f8',
}  # fmt: skip


@dataclass
class _Layout:
    """Where things are in one message."""

    places: dict[str, tuple[int, str, int]] = field(default_factory=dict)  # offset, dtype, count
    shape: list[int] = field(default_factory=list)  # offsets of the bytes that decide the layout


@dataclass(frozen=True, eq=False)
class _Block:
    order: NDArray[np.intp]
    data: Bytes
    layout: _Layout


class Columns:
    """The messages of one topic, seen field by field; a path is `header.stamp.sec`."""

    def __init__(self, column: Column) -> None:
        """Group the messages; raises EpisodeError when one is not of its kind."""
        self._size = len(column.log_ns)
        self._blocks: list[_Block] = []
        for rows in column.rows:
            self._group(column.kind, rows.order, rows.data)

    def scalar(self, path: str) -> NDArray[Any]:
        """Return a number of each message, shape (m,)."""
        return self.vector(path, 1)[:, 0]

    def vector(self, path: str, size: int) -> NDArray[Any]:
        """
        Return a list of numbers of each message, shape (m, size).

        A message whose list has another length gives NaN, or 0 where numbers are whole.
        """
        found: NDArray[Any] | None = None
        for block in self._blocks:
            offset, kind, count = block.layout.places[path]
            dtype = np.dtype(kind)
            if found is None:
                missing = np.nan if dtype.kind == 'f' else 0
                found = np.full((self._size, size), missing, dtype)
            if count == size:
                part = block.data[:, offset : offset + count * dtype.itemsize]
                found[block.order] = np.ascontiguousarray(part).view(dtype)
        return np.zeros((0, size)) if found is None else found

    def texts(self, path: str) -> list[str]:
        """Return a string of each message."""
        found = [''] * self._size
        for block in self._blocks:
            offset, _, count = block.layout.places[path]
            for place, row in zip(block.order, block.data, strict=True):
                found[place] = row[offset : offset + count].tobytes().decode()
        return found

    def names(self, path: str, name: str = '') -> list[str] | None:
        """Return the texts of a list, or a field of each row; None if messages differ in them."""
        found = [_names(block, path, name) for block in self._blocks]
        return found[0] if found and all(f == found[0] for f in found) else None if found else []

    def _group(self, kind: str, order: NDArray[np.intp], data: Bytes) -> None:
        while len(data):
            layout = _layout(kind, data[0])
            shape = np.array(layout.shape, np.intp)
            same = (data[:, shape] == data[0, shape]).all(axis=1)
            self._blocks.append(_Block(order[same], data[same], layout))
            order, data = order[~same], data[~same]


def _names(block: _Block, path: str, name: str) -> list[str]:
    names: list[str] = []
    places, tail = block.layout.places, name and f'.{name}'
    while f'{path}.{len(names)}{tail}' in places:
        offset, _, count = places[f'{path}.{len(names)}{tail}']
        names.append(block.data[0, offset : offset + count].tobytes().decode())
    return names


def _layout(kind: str, message: Bytes) -> _Layout:
    if len(message) < 4 or message[1] != 1:
        raise EpisodeError(f'{kind}: only little-endian CDR is read, this begins {message[:4]}')
    layout = _Layout(shape=[0, 1])
    try:
        _Walk(message, layout).struct(kind, '', False)
    except (IndexError, ValueError, KeyError) as error:
        raise EpisodeError(
            f'{len(message)} bytes are not a {kind} ({error}); damaged or of other definitions'
        ) from None
    return layout


class _Walk:
    """Follows the definition of a message through its bytes."""

    def __init__(self, message: Bytes, layout: _Layout) -> None:
        self._message, self._layout = message, layout
        self._at = 4

    def struct(self, kind: str, path: str, inside: bool) -> None:
        """Walk the fields; `inside` a list, strings name the rows and so belong to the shape."""
        for name, (node, detail) in typestore().fielddefs[kind][1]:
            self._field(node, detail, f'{path}{name}', inside)

    def _field(self, node: Any, detail: Any, path: str, inside: bool) -> None:
        if node == Nodetype.BASE:
            self._base(detail[0], path, inside)
        elif node == Nodetype.NAME:
            self.struct(detail, f'{path}.', inside)
        else:
            (inner, inner_detail), bound = detail
            count = bound if node == Nodetype.ARRAY else self._length()
            self._list(inner, inner_detail, count, path)

    def _base(self, name: str, path: str, inside: bool) -> None:
        if name != 'string':
            self._numbers(name, 1, path)
            return
        length = self._length()
        self._layout.places[path] = (self._at, 'S', max(0, length - 1))
        if inside:
            self._layout.shape += range(self._at, self._at + length)
        self._advance(length)

    def _list(self, node: Any, detail: Any, count: int, path: str) -> None:
        if node == Nodetype.BASE and detail[0] != 'string':
            self._numbers(detail[0], count, path)
            return
        for i in range(count):
            self._field(node, detail, f'{path}.{i}', True)

    def _numbers(self, name: str, count: int, path: str) -> None:
        size = np.dtype(_DTYPES[name]).itemsize
        if count:
            self._align(size)
        self._layout.places[path] = (self._at, _DTYPES[name], count)
        self._advance(size * count)

    def _length(self) -> int:
        self._align(4)
        self._layout.shape += range(self._at, self._at + 4)
        start = self._at
        self._advance(4)
        return int.from_bytes(self._message[start : self._at].tobytes(), 'little')

    def _align(self, size: int) -> None:
        self._at += -(self._at - 4) % size

    def _advance(self, count: int) -> None:
        self._at += count
        if self._at > len(self._message):
            raise ValueError(f'ends at byte {len(self._message)}, needs {self._at}')
