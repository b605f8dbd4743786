# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole loop at its smallest: everything is there at the end, and again at once."""

import pytest

pytest.importorskip('mujoco')

from dataclasses import replace  # noqa: E402

from PIL import Image  # noqa: E402

from hvd_training.benches.tables import QUICK  # noqa: E402
from hvd_training.proof import loop  # noqa: E402
from hvd_training.proof.bounded import OutOfTime  # noqa: E402


def test_from_nothing_to_a_table_a_figure_and_a_film_and_at_once_the_second_time(tmp_path):
    said = []
    made = loop.run(QUICK, tmp_path, workers=1, say=said.append)
    assert 'can not tell the two apart' in made.table.read_text()
    told = [line for line in said if line.startswith('\n[')]
    assert [line[1:6] for line in told] == [f'[{n}/8]' for n in range(1, 9)]
    assert Image.open(made.credit).size[0] > 500
    with Image.open(made.gif) as film:
        assert film.n_frames > 3
    assert (made.policy / 'model.safetensors').is_file()
    changed = made.gif.stat().st_mtime_ns
    again = []
    assert loop.run(QUICK, tmp_path, workers=1, say=again.append) == made
    assert made.gif.stat().st_mtime_ns == changed
    assert again == said[-1:]  # nothing but the table


def test_no_time_is_said_and_nothing_is_left_half(tmp_path):
    wanted = replace(QUICK, seeds=(1,))
    with pytest.raises(OutOfTime, match='run it again to go on'):
        loop.run(wanted, tmp_path, minutes=1e-9, workers=1, say=lambda line: None)
    assert not list(tmp_path.rglob('credit.png'))
