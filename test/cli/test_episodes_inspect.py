# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd episodes inspect` draws what was asked, sent and measured, and names what it refuses."""

import io

import numpy as np
from PIL import Image
import pytest

pytest.importorskip('matplotlib')

from hvd_ros.cli import main as cli  # noqa: E402
from hvd_ros.cli.episode_verbs import figure, page  # noqa: E402
from hvd_ros.core.episodes.reader import Episode  # noqa: E402
from test.episode_maker import make_episode  # noqa: E402


@pytest.fixture(scope='module')
def episode(tmp_path_factory) -> Episode:
    root = tmp_path_factory.mktemp('episodes')
    folder = make_episode(
        root, task='basket_carry', frames=12, kind='rollout', marks=((4, 0, 1.0), (9, 1, 0.5))
    )
    return Episode.open(folder)


def test_the_curves_are_the_numbers_of_the_episode(episode) -> None:
    drawn, table = figure.draw(episode), episode.table()
    for i, name in enumerate(episode.meta.dimensions):
        axes = drawn.axes[i]
        assert axes.get_title(loc='left').startswith(name)
        curves = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
        for label, values in (('asked', table.asked), ('sent', table.sent)):
            assert np.array_equal(curves[label], values[:, i])
        assert np.array_equal(curves['measured'], table.position[:, i])


def test_the_return_is_that_of_the_marks(episode) -> None:
    total = figure.draw(episode).axes[-1].get_lines()[0].get_ydata()[-1]
    assert total == pytest.approx(1.0 + 0.5 - 0.001 * 10)


def test_a_takeover_is_shown(episode) -> None:
    strip = figure.draw(episode).axes[-3]
    taken = {line.get_label(): len(line.get_xdata()) for line in strip.get_lines()}
    assert taken['a person took over'] == int(episode.table().intervention.sum()) > 0


def test_the_page_needs_nothing_but_itself(episode) -> None:
    text = page.html(episode)
    assert episode.meta.episode_id in text and episode.meta.prompt in text
    assert 'http' not in text.replace('https', 'http').split('base64')[0]
    assert text.count('<figure>') == 3 * 8


def test_files_are_written_where_they_were_asked_for(episode, tmp_path, capsys) -> None:
    folder = str(episode.folder)
    assert cli.main(['episodes', 'inspect', folder, '--out', str(tmp_path / 'a.png')]) == 0
    assert Image.open(io.BytesIO((tmp_path / 'a.png').read_bytes())).size[0] == 1350
    assert cli.main(['episodes', 'inspect', folder, '--out', str(tmp_path / 'deep/er')]) == 0
    assert (tmp_path / f'deep/er/{episode.meta.episode_id}.html').exists()
    assert capsys.readouterr().out.count(str(tmp_path)) == 2


@pytest.mark.parametrize(
    ('words', 'said'),
    [
        (['--out', 'a.pdf'], 'valid endings: .html, .png'),
        (['--task', 'baskt_carry'], "did you mean 'basket_carry'"),
    ],
)
def test_bad_arguments_are_named(episode, words, said, capsys) -> None:
    root = ['--root', str(episode.folder.parents[1])]
    assert cli.main(['episodes', 'inspect', *root, *words]) == 2
    assert said in capsys.readouterr().err
