# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The board on paper and in pictures: to scale, to a tenth of a pixel, and never another one."""

import io
import re
import zlib

from board_rig import BOARD, LENS, pose
import cv2
import numpy as np
from PIL import Image
import pytest

from hvd_ros.core.calibration import charuco
from hvd_ros.core.calibration.board_print import (
    PX_PER_MM,
    RULER_MM,
    as_pdf,
    as_png,
    draw_page,
    write_board,
)
from hvd_ros.core.calibration.charuco import BoardConfig, BoardNotSeen, Charuco
from hvd_ros.core.errors import ConfigError

MM_PER_POINT = 25.4 / 72


def picture(board=BOARD, scale=0.25, shift=0.0):
    """Return the printed sheet scaled down, and where its corners must be."""
    page = draw_page(board)
    blurred = cv2.GaussianBlur(page.pixels, (0, 0), 0.5 / scale)
    warp = np.array([[scale, 0, (scale - 1) / 2 + shift], [0, scale, (scale - 1) / 2 + shift]])
    size = (round(page.pixels.shape[1] * scale) + 1, round(page.pixels.shape[0] * scale) + 1)
    gray = cv2.warpAffine(blurred, warp, size, flags=cv2.INTER_AREA, borderValue=(255,))
    corners = 1e3 * PX_PER_MM * (board.points[:, :2] + page.squares_at_m) - 0.5
    return np.repeat(gray[:, :, None], 3, axis=2), corners * scale + warp[:, 2]


@pytest.mark.parametrize('shift', [0.0, 0.5])
def test_corners_are_found_where_they_were_drawn(shift):
    """OpenCV up to 4.12 is off by half a pixel; a plain edge says where the middle is."""
    rgb, drawn = picture(shift=shift)
    found = BOARD.find(rgb)
    assert len(found.ids) == 24
    off = found.pixels - drawn[found.ids]
    assert np.abs(off.mean(axis=0)).max() < 0.1
    assert np.abs(off).max() < 0.2
    assert found.points == pytest.approx(BOARD.points[found.ids])


def test_half_of_a_board_is_enough_and_its_corners_keep_their_names():
    rgb, drawn = picture()
    half = rgb.copy()
    half[:, : half.shape[1] // 2] = 255
    found = BOARD.find(half)
    assert 8 <= len(found.ids) < 20
    assert found.ids.min() > 0
    assert np.abs(found.pixels - drawn[found.ids]).max() < 0.2


def test_a_picture_without_a_board_is_refused():
    with pytest.raises(BoardNotSeen, match='no marker of the board'):
        BOARD.find(np.full((480, 640, 3), 200, np.uint8))


def test_a_few_corners_are_not_enough():
    rgb, _ = picture()
    rgb[:, 227:] = 255  # 1.9 of 7 columns of squares are left
    with pytest.raises(BoardNotSeen, match='only 4 corners are in sight, 8 are needed'):
        BOARD.find(rgb)


def test_corners_on_one_line_are_not_enough():
    rgb, _ = picture()
    rgb[191:] = 255  # 1.9 of 5 rows of squares are left
    with pytest.raises(BoardNotSeen, match='only one row of corners'):
        Charuco(BoardConfig(least_corners=6)).find(rgb)


def test_a_board_of_other_markers_is_refused():
    rgb, _ = picture(Charuco(BoardConfig(dictionary='DICT_6X6_250')))
    with pytest.raises(BoardNotSeen):
        BOARD.find(rgb)


@pytest.mark.parametrize('squares', [(5, 7), (6, 5), (8, 5), (4, 3)])
def test_a_board_of_other_squares_is_refused(squares):
    other = Charuco(
        BoardConfig(columns=squares[0], rows=squares[1], square_m=0.03, least_corners=6)
    )
    rgb, _ = picture(other)
    with pytest.raises(BoardNotSeen, match='another board|that board|no marker|one row'):
        BOARD.pose(BOARD.find(rgb), LENS)


def test_a_bent_board_is_refused():
    seen = BOARD.points + np.column_stack([np.zeros((24, 2)), 3 * (BOARD.points[:, 0] - 0.1) ** 2])
    camera_from_board = pose((0.3, 0.2, 0.1), (-0.1, -0.1, 0.4))
    pixels, _ = cv2.projectPoints(
        seen @ camera_from_board[:3, :3].T + camera_from_board[:3, 3],
        np.zeros(3), np.zeros(3), LENS.matrix, np.array(LENS.distortion),
    )  # fmt: skip
    corners = charuco.Corners(np.arange(24), BOARD.points, pixels.reshape(-1, 2))
    with pytest.raises(BoardNotSeen, match='px off a flat board of 7 x 5 squares of 36 mm'):
        BOARD.pose(corners, LENS)


def test_the_pdf_has_the_size_of_the_sheet_and_the_very_pixels():
    """Every object lies where the table of the file says, as a strict reader asks."""
    page = draw_page(BOARD)
    pdf = as_pdf(page)
    box = re.search(rb'/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]', pdf)
    assert [float(side) * MM_PER_POINT for side in box.groups()] == pytest.approx([297, 210])
    table = int(re.search(rb'startxref\n(\d+)\n', pdf).group(1))
    assert pdf[table:].startswith(b'xref\n0 6\n')
    for number, place in enumerate(re.findall(rb'(\d{10}) 00000 n', pdf[table:]), 1):
        assert pdf[int(place) :].startswith(b'%d 0 obj' % number)
    stream = re.search(rb'FlateDecode /Length (\d+) >>\nstream\n', pdf)
    pixels = zlib.decompress(pdf[stream.end() : stream.end() + int(stream.group(1))])
    assert pixels == page.pixels.tobytes()
    assert page.pixels.shape == (210 * PX_PER_MM, 297 * PX_PER_MM)


def test_the_png_knows_its_scale_and_the_ruler_and_squares_agree():
    page = draw_page(BOARD)
    with Image.open(io.BytesIO(as_png(page))) as image:
        assert image.info['dpi'] == pytest.approx((254, 254), abs=0.01)
        pixels = np.asarray(image)
    assert (pixels == page.pixels).all()
    ruler = np.flatnonzero(pixels[-8 * PX_PER_MM - 2] < 128)
    assert ruler.max() + 1 - ruler.min() == RULER_MM * PX_PER_MM
    row = pixels[8 * PX_PER_MM + 5]
    # The outer squares of the first row are dark.
    assert np.ptp(np.flatnonzero(row < 128)) + 1 == 7 * 36 * PX_PER_MM


def test_a_larger_board_takes_a_larger_sheet_and_too_large_a_one_is_refused():
    assert draw_page(Charuco(BoardConfig(square_m=0.05))).paper == 'A3'
    with pytest.raises(ConfigError, match='fits no sheet up to A1'):
        draw_page(Charuco(BoardConfig(square_m=0.2)))


def test_what_can_not_be_written_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r'written as \.pdf or \.png'):
        write_board(BOARD, tmp_path / 'board.jpg')
    (tmp_path / 'file').touch()
    with pytest.raises(ConfigError, match='can not be written'):
        write_board(BOARD, tmp_path / 'file' / 'board.pdf')


@pytest.mark.parametrize(
    ('settings', 'said'),
    [
        ({'columns': 20, 'rows': 20}, 'needs 200 markers, DICT_4X4_50 has 50'),
        ({'columns': 3, 'rows': 3}, 'fewer inner corners than least_corners = 8'),
        ({'square_m': 0.0}, 'square_m = 0.0 is outside'),
        ({'dictionary': 'DICT_4X4'}, "did you mean 'DICT_4X4_50'"),
    ],
)
def test_a_board_that_can_not_be_made_is_refused(settings, said):
    with pytest.raises(ConfigError, match=said):
        BoardConfig(**settings)
