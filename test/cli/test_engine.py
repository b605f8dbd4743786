# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd engine` builds for the cards that were named, lists what there is, and refuses by name."""

import json
import sys

import pytest

pytest.importorskip('onnx')

from hvd_ros.cli.main import main  # noqa: E402
from hvd_ros.runtime import cuda, engines  # noqa: E402
from test.runtime.small_bundle import write_bundle  # noqa: E402
from test.runtime.standins import CudaRuntime, Trt  # noqa: E402


@pytest.fixture
def bundle(tmp_path):
    return write_bundle(tmp_path / 'small.bundle')


@pytest.fixture
def trt(monkeypatch):
    trt = Trt()
    monkeypatch.setattr(engines, 'load_builder', lambda name: trt)
    monkeypatch.setattr(cuda, 'load', lambda: CudaRuntime(trt, (12, 0)))
    return trt


def test_engines_are_built_for_cards_that_are_not_here_and_listed(bundle, trt, capsys):
    assert main(['engine', 'build', str(bundle), '--target', 'SM89, sm120']) == 0
    assert 'small whole: tensorrt_rtx 1.7.1 for sm89, sm120' in capsys.readouterr().out
    assert trt.calls[1] == ('parse', str(bundle / 'whole.onnx'))
    assert main(['engine', 'list']) == 0
    assert 'for sm89, sm120' in capsys.readouterr().out


def test_the_card_of_this_machine_is_kept_under_its_own_name(bundle, trt, capsys):
    assert main(['engine', 'build', str(bundle)]) == 0
    assert 'for sm120' in capsys.readouterr().out
    assert trt.calls[-1][2] == {0: 'CURRENT'}


def test_an_empty_cache_says_what_fills_it(capsys):
    assert main(['engine', 'list']) == 0
    assert '`hvd engine build BUNDLE` makes them' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('words', 'code', 'said'),
    [
        (['--target', ','], 2, '--target names no card'),
        (['--target', 'sm98'], 2, "card 'sm98'; did you mean 'sm89'"),
    ],
)
def test_a_card_that_is_none_is_named(bundle, trt, capsys, words, code, said):
    assert main(['engine', 'build', str(bundle), *words]) == code
    assert said in capsys.readouterr().err


def test_no_builder_no_bundle_and_a_graph_that_was_cut_are_one_line(bundle, capsys, monkeypatch):
    for name in engines.BUILDERS:
        monkeypatch.setitem(sys.modules, name, None)
    assert main(['engine', 'build', str(bundle)]) == 2
    assert 'neither tensorrt nor tensorrt_rtx is installed' in capsys.readouterr().err
    assert main(['engine', 'build', str(bundle.parent)]) == 2
    assert 'is no bundle' in capsys.readouterr().err
    graph = bundle / 'whole.onnx'
    graph.write_bytes(graph.read_bytes()[:-9])
    assert main(['engine', 'build', str(bundle)]) == 4
    said = capsys.readouterr().err
    assert 'truncated or replaced' in said and said.count('\n') == 1


def test_a_build_that_fails_leaves_nothing_in_the_cache(bundle, trt, capsys):
    trt.no_engine = True
    assert main(['engine', 'build', str(bundle), '--target', 'sm89']) == 4
    assert 'made no engine' in capsys.readouterr().err
    assert not list(engines.cache_folder().glob('*'))
    trt.no_engine = False
    assert main(['engine', 'build', str(bundle), '--target', 'sm89']) == 0
    (record,) = engines.cache_folder().glob('*.json')
    assert json.loads(record.read_text())['bundle'] == 'small'
