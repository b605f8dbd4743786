# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a bundle says of itself comes back as it was, and what does not fit is refused by name."""

from dataclasses import replace
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.errors import ConfigError, ContractMismatch
from hvd_ros.core.policy import bundle
from hvd_ros.core.policy.bundle import Graph, Inputs, Manifest, Sampler, Step
from hvd_ros.core.robot.description import load_body

BODY = load_body('r1')
CONTENT = b'not a graph, but a file'


def manifest(**changes: Any) -> Manifest:
    made = Manifest(
        name='pen',
        robot=BODY.name,
        layout_id=hex_id(BODY.layout_id),
        dimensions=BODY.names,
        learnt=BODY.names[3:5],
        ranges={BODY.names[3]: (0.0, 0.1), BODY.names[4]: (-0.1, 0.0)},
        prompts=('insert the pen',),
        inputs=Inputs(
            state=bundle.observed_names(BODY)[:4],
            sim_state=('pen.x',),
            sim_state_of={'insert the pen': ('pen.x',)},
            cloud_points=32,
            cameras={'head': (48, 64)},
            prompt=True,
        ),
        horizon=4,
        execute=2,
        step_s=0.1,
        sampler=Sampler(),
        graphs={'whole': Graph('policy.onnx', hashlib.sha256(CONTENT).hexdigest())},
        run={'objective': 'bc', 'datasets': ['ab']},
    )
    return replace(made, **changes)


def folder(place: Path, made: Manifest) -> Path:
    place.mkdir(exist_ok=True)
    for graph in made.graphs.values():
        (place / graph.file).write_bytes(CONTENT)
    bundle.save_manifest(place, made)
    return place


def edit(place: Path, seal: bool = True, **changes: Any) -> None:
    path = place / bundle.FILE
    data = json.loads(path.read_text()) | changes
    if seal:
        data['bundle_id'] = bundle._id_of(data)
    path.write_text(json.dumps(data))


def test_a_manifest_comes_back_as_it_was_with_an_id(tmp_path: Path) -> None:
    there = folder(tmp_path / 'a.bundle', manifest())
    read = bundle.load_manifest(there, BODY)
    assert read == manifest().sealed()
    assert len(read.bundle_id) == 64
    assert read.privileged
    assert read.path(there, 'whole') == there / 'policy.onnx'


def test_a_sampler_of_two_graphs_comes_back_with_its_numbers(tmp_path: Path) -> None:
    digest = hashlib.sha256(CONTENT).hexdigest()
    made = manifest(
        sampler=Sampler('encode_step', steps=(Step(1.0, 1.0, -0.5), Step(0.5, 1.0, -0.5))),
        graphs={role: Graph(f'{role}.onnx', digest) for role in ('encode', 'step')},
    )
    there = folder(tmp_path / 'a.bundle', made)
    assert bundle.load_manifest(there, BODY).sampler == made.sampler


def test_the_id_follows_graphs_and_everything_else() -> None:
    ids = {
        made.sealed().bundle_id
        for made in (
            manifest(),
            manifest(name='cup'),
            manifest(graphs={'whole': Graph('policy.onnx', '0' * 64)}),
            manifest(ranges={BODY.names[3]: (0.0, 0.2)}),
        )
    }
    assert len(ids) == 4
    assert manifest().sealed().sealed() == manifest().sealed()


def test_what_is_no_bundle_is_told_how_one_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='no bundle.*hvd export RUN'):
        bundle.load_manifest(tmp_path)


@pytest.mark.parametrize('text', ['', '{', '[]', '{"schema_version": 1', 'null', '{}', '\0\xff'])
def test_what_is_no_manifest_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / bundle.FILE).write_text(text)
    with pytest.raises(ContractMismatch, match='export the run again'):
        bundle.load_manifest(tmp_path)


@pytest.mark.parametrize('version', [2, '1', None])
def test_a_newer_schema_is_refused(tmp_path: Path, version: Any) -> None:
    there = folder(tmp_path / 'a.bundle', manifest())
    edit(there, schema_version=version)
    with pytest.raises(ContractMismatch, match=r'schema .* reads 1; update hvd_ros'):
        bundle.load_manifest(there)


def test_an_edited_manifest_is_refused(tmp_path: Path) -> None:
    there = folder(tmp_path / 'a.bundle', manifest())
    edit(there, seal=False, execute=9)
    with pytest.raises(ContractMismatch, match='does not fit its bundle_id'):
        bundle.load_manifest(there)


@pytest.mark.parametrize(
    'changes',
    [
        {'inputs': {'state': [], 'colour': 1}},
        {'inputs': {'history': 0}},
        {'inputs': 3},
        {'sampler': {'kind': 'magic', 'noise': [], 'steps': []}},
        {'sampler': {'kind': 'whole'}},
        {'graphs': {'whole': {'file': '../policy.onnx', 'sha256': ''}}},
        {'graphs': []},
    ],
)
def test_a_manifest_of_another_form_is_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    there = folder(tmp_path / 'a.bundle', manifest())
    edit(there, **changes)
    with pytest.raises(ContractMismatch, match='is not a manifest'):
        bundle.load_manifest(there)


def test_a_sampler_without_its_graphs_is_refused(tmp_path: Path) -> None:
    there = folder(tmp_path / 'a.bundle', manifest(sampler=Sampler('encode_step')))
    with pytest.raises(ContractMismatch, match='needs the graphs encode, step'):
        bundle.load_manifest(there)


def test_a_truncated_and_a_missing_graph_are_refused_by_name(tmp_path: Path) -> None:
    there = folder(tmp_path / 'a.bundle', manifest())
    path = there / 'policy.onnx'
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(ContractMismatch, match=r'policy.onnx is not what was exported'):
        bundle.load_manifest(there)
    path.unlink()
    with pytest.raises(ContractMismatch, match=r'has no policy.onnx, its graph whole'):
        bundle.load_manifest(there)


def test_another_body_is_refused(tmp_path: Path) -> None:
    there = folder(tmp_path / 'a.bundle', manifest())
    with pytest.raises(ContractMismatch, match="commands 'r1' with layout .*'r1pro' has"):
        bundle.load_manifest(there, load_body('r1pro'))


@pytest.mark.parametrize('side', ['low', 'high'])
def test_limits_that_do_not_hold_what_was_recorded_are_refused_with_the_dimension(
    tmp_path: Path, side: str
) -> None:
    name = BODY.names[3]
    bound = float(getattr(BODY.limits, side)[3])
    beyond = bound + (0.01 if side == 'high' else -0.01)
    for value, fits in ((bound, True), (beyond, False)):
        span = (min(value, 0.0), max(value, 0.0))
        there = folder(tmp_path / 'a.bundle', manifest(ranges={name: span}))
        if fits:
            bundle.load_manifest(there, BODY)
            continue
        with pytest.raises(ContractMismatch, match=f"learnt commands of '{name}'.*allows"):
            bundle.load_manifest(there, BODY)


def test_a_number_that_a_body_does_not_observe_is_named(tmp_path: Path) -> None:
    made = manifest(inputs=Inputs(state=('torso_joint1.positions',)))
    there = folder(tmp_path / 'a.bundle', made)
    with pytest.raises(ContractMismatch, match="looks at 'torso_joint1.positions', which r1 does"):
        bundle.load_manifest(there, BODY)
