# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ChArUco board on paper, to scale, with a ruler that shows whether the printer kept it.

Ten pixels are one millimetre; both formats say so (PNG: pHYs, PDF: the size of the page).
"""

from dataclasses import dataclass
from pathlib import Path
import struct
import zlib

import cv2
import numpy as np

from hvd_ros.core.calibration.charuco import Charuco, Pixels, describe
from hvd_ros.core.errors import ConfigError

PX_PER_MM = 10
RULER_MM = 200
FORMATS = ('.pdf', '.png')

_PAPERS_MM = {'A4': (297, 210), 'A3': (420, 297), 'A2': (594, 420), 'A1': (841, 594)}
_EDGE_MM = 8  # what no office printer reaches
_RULER_ROOM_MM = 14
_POINTS_PER_MM = 72 / 25.4
_INK = 0


@dataclass(frozen=True, eq=False)
class Page:
    """A sheet in landscape."""

    paper: str
    width_mm: int
    height_mm: int
    pixels: Pixels  # (height_mm, width_mm) * PX_PER_MM, grey
    squares_at_m: tuple[float, float]  # upper left corner of the squares, right and down


def write_board(board: Charuco, path: Path) -> Page:
    """Write the sheet as PDF or PNG, by the name's ending, and return it."""
    if path.suffix.lower() not in FORMATS:
        raise ConfigError(f"'{path}': the board is written as {' or '.join(FORMATS)}")
    page = draw_page(board)
    data = as_pdf(page) if path.suffix.lower() == '.pdf' else as_png(page)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise ConfigError(f'{path} can not be written: {error.strerror}; name another') from None
    return page


def draw_page(board: Charuco) -> Page:
    """Return the smallest sheet that holds the board, its name and the ruler."""
    width_mm, height_mm = (1e3 * side for side in board.config.size_m)
    paper, (wide, high) = _paper(width_mm, height_mm)
    sheet = np.full((high * PX_PER_MM, wide * PX_PER_MM), 255, np.uint8)
    squares = board.image(round(1e3 * board.config.square_m * PX_PER_MM))
    left = (sheet.shape[1] - squares.shape[1]) // 2
    top = _EDGE_MM * PX_PER_MM
    sheet[top : top + squares.shape[0], left : left + squares.shape[1]] = squares
    _ruler(sheet, (high - _EDGE_MM) * PX_PER_MM)
    words = f'{describe(board.config)}   print at 100 %   ruler: {RULER_MM} mm'
    at = ((sheet.shape[1] - RULER_MM * PX_PER_MM) // 2, (high - _EDGE_MM) * PX_PER_MM - 60)
    cv2.putText(sheet, words, at, cv2.FONT_HERSHEY_SIMPLEX, 1.2, (_INK,), 3, cv2.LINE_AA)
    at_m = left / PX_PER_MM / 1e3, top / PX_PER_MM / 1e3
    return Page(paper, wide, high, sheet, at_m)


def _paper(width_mm: float, height_mm: float) -> tuple[str, tuple[int, int]]:
    for paper, (wide, high) in _PAPERS_MM.items():
        room = wide - 2 * _EDGE_MM, high - 2 * _EDGE_MM - _RULER_ROOM_MM
        if width_mm <= room[0] and height_mm <= room[1]:
            return paper, (wide, high)
    raise ConfigError(
        f'a board of {width_mm:g} x {height_mm:g} mm fits no sheet up to A1; take fewer or '
        'smaller squares (--squares, --square-mm)'
    )


def as_png(page: Page) -> bytes:
    """Return the sheet as PNG that knows its size."""
    plain = cv2.imencode('.png', page.pixels)[1].tobytes()
    body = b'pHYs' + struct.pack('>IIB', 1000 * PX_PER_MM, 1000 * PX_PER_MM, 1)
    chunk = struct.pack('>I', len(body) - 4) + body + struct.pack('>I', zlib.crc32(body))
    header = 8 + 25  # signature and IHDR, behind which pHYs has its place
    return plain[:header] + chunk + plain[header:]


def as_pdf(page: Page) -> bytes:
    """Return the sheet as PDF of one page of exactly its size."""
    width, height = (mm * _POINTS_PER_MM for mm in (page.width_mm, page.height_mm))
    rows, columns = page.pixels.shape
    picture = zlib.compress(page.pixels.tobytes(), 9)
    place = f'q {width:.4f} 0 0 {height:.4f} 0 0 cm /Sheet Do Q'.encode()
    objects = (
        b'<< /Type /Catalog /Pages 2 0 R >>',
        b'<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
        f'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width:.4f} {height:.4f}] /Contents 4 0 R '
        '/Resources << /XObject << /Sheet 5 0 R >> >> >>'.encode(),
        _stream('', place),
        _stream(
            f'/Type /XObject /Subtype /Image /Width {columns} /Height {rows} '
            '/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode ',
            picture,
        ),
    )
    return _pdf(objects)


def _pdf(objects: tuple[bytes, ...]) -> bytes:
    data, places = b'%PDF-1.4\n', []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b'%d 0 obj\n%s\nendobj\n' % (number, content)
    table = b''.join(b'%010d 00000 n \n' % place for place in places)
    count = len(objects) + 1
    return (
        data
        + b'xref\n0 %d\n0000000000 65535 f \n%s' % (count, table)
        + b'trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n' % (count, len(data))
    )


def _stream(keys: str, data: bytes) -> bytes:
    return b'<< %s/Length %d >>\nstream\n%s\nendstream' % (keys.encode(), len(data), data)


def _ruler(sheet: Pixels, bottom: int) -> None:
    left = (sheet.shape[1] - RULER_MM * PX_PER_MM) // 2
    # The outer edges of the first and the last tick are exactly RULER_MM apart.
    sheet[bottom - 3 : bottom, left : left + RULER_MM * PX_PER_MM] = _INK
    for mm in range(0, RULER_MM + 1, 10):
        at = left + mm * PX_PER_MM
        tick = slice(at, at + 3) if mm < RULER_MM else slice(at - 3, at)
        sheet[bottom - (40 if mm % 50 == 0 else 20) : bottom, tick] = _INK
