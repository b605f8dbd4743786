# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd export` says where the bundle is, and refuses what it can not export in one line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hvd_ros.cli.main import main
from hvd_training.export import exporting


@dataclass(frozen=True)
class Made:
    bundle_id: str = 'abcdef0123456789'
    privileged: bool = False


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []

    def export(*words: Any, led: bool) -> Made:
        calls.append((*words, led))
        return Made(privileged='knows' in str(words[0]))

    monkeypatch.setattr(exporting, 'export', export)
    return calls


def test_a_bundle_lies_beside_its_run_unless_told_otherwise(
    exported: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['export', str(tmp_path / 'pen')]) == 0
    assert exported == [(tmp_path / 'pen', tmp_path / 'pen.bundle', 'fp32', [], False)]
    assert 'pen.bundle (bundle abcdef012345)' in capsys.readouterr().out
    words = ['--out', str(tmp_path / 'b.bundle'), '--precision', 'fp16', '--data', 'optimal:x']
    words.append('--rtc')
    assert main(['export', str(tmp_path / 'knows'), *words]) == 0
    assert exported[1][1:] == (tmp_path / 'b.bundle', 'fp16', ['optimal:x'], True)
    assert 'simulation only' in capsys.readouterr().out


def test_what_can_not_be_exported_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / 'gone')
    for words, said in (
        ([run, '--out', 'pen.onnx'], 'a bundle is called NAME.bundle'),
        ([run], 'gone'),
    ):
        assert main(['export', *words]) == 2
        error = capsys.readouterr().err
        assert said in error and error.count('\n') == 1
    with pytest.raises(SystemExit) as ended:
        main(['export', run, '--precision', 'fp8'])
    assert ended.value.code == 2
