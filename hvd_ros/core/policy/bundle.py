# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A bundle: what is carried to a robot of a trained policy, and what is refused there.

    NAME.bundle/manifest.json   this record        reports/parity.json    what was compared
                *.onnx          the graphs                 latency.json   how long it took

Everything that is numbers is inside of the graphs. The manifest says whose body they command, what
they look at and how they are run; a bundle that does not fit is refused before anything moves.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
import hashlib
import json
from pathlib import Path
from typing import Any

from hvd_ros.core.durable import checksum, write_whole
from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean
from hvd_ros.core.robot.body import Body
from hvd_ros.core.robot.state import POSITION, STATE_FEATURES, VELOCITY, StateLayout

SCHEMA = 1
FILE, SUFFIX, REPORTS = 'manifest.json', '.bundle', 'reports'
WHOLE, ENCODE, STEP, FINISH = 'whole', 'encode', 'step', 'finish'
ALONG = 'along'  # draws a chunk that agrees with what is under way
# Kind of a sampler -> the graphs that it needs, and those that it may have.
KINDS = {
    'whole': ({WHOLE}, {WHOLE, ALONG}),
    'encode_step': ({ENCODE, STEP}, {ENCODE, STEP, FINISH}),
}
PRECISIONS = ('fp32', 'bf16', 'fp16')
_SLACK = 1e-4  # of a limit [unit]: what was recorded went through float32


@dataclass(frozen=True)
class Inputs:
    """What the graphs are fed with; empty, 0 or False is not asked for."""

    state: tuple[str, ...] = ()  # (1, S) float32
    sim_state: tuple[str, ...] = ()  # (1, P) float32, privileged
    sim_state_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # prompt -> given
    cloud_points: int = 0  # (1, N, 6) float32: x, y, z [m], colour 0..1
    cameras: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # (1, H, W, 3) uint8
    prompt: bool = False  # (1,) int64, place in Manifest.prompts
    history: int = 1  # moments of state and cameras, this one included: (1, T, ...) if above 1


@dataclass(frozen=True)
class Step:
    """One step of a sampler: x <- keep * x + gain * prediction(context, x, time)."""

    time: float
    keep: float
    gain: float


@dataclass(frozen=True)
class Sampler:
    """
    How a chunk comes of noise.

    'whole': one graph does it. 'encode_step': `encode` once, `step` for every one of `steps`, and
    `finish` (x, state) -> chunk where the last x is not a chunk of commands yet.
    """

    kind: str = 'whole'
    noise: tuple[int, ...] = ()  # shape of the noise that is asked for, mostly (1, K, A)
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Graph:
    """One ONNX file of the bundle."""

    file: str
    sha256: str
    data: str = ''  # file of its weights, where they do not fit into one with the graph
    data_sha256: str = ''

    def __post_init__(self) -> None:
        for name in self.parts:
            if Path(name).name != name:
                raise ValueError(f"graph '{name}' is not in the folder of the bundle")

    @property
    def parts(self) -> dict[str, str]:
        """Return its files, each with its SHA-256."""
        beside = {self.data: self.data_sha256} if self.data else {}
        return {self.file: self.sha256} | beside

    @property
    def digest(self) -> str:
        """Return one hash of all of it; engines are kept under it."""
        return self.sha256 if not self.data else checksum(self.parts)


@dataclass(frozen=True)
class Manifest:
    """What a bundle says of itself; ids are hexadecimal."""

    name: str
    robot: str
    layout_id: str
    dimensions: tuple[str, ...]  # all of the body, in its order
    learnt: tuple[str, ...]  # A of them, in the order of the chunk; the others hold still
    ranges: Mapping[str, tuple[float, float]]  # learnt dimension -> lowest, highest recorded
    prompts: tuple[str, ...]
    inputs: Inputs
    horizon: int  # K steps of a chunk
    execute: int  # of them are carried out before the next
    step_s: float
    sampler: Sampler
    graphs: Mapping[str, Graph]  # by role
    precision: str = 'fp32'
    run: Mapping[str, Any] = field(default_factory=dict)  # where it came from, without paths
    schema_version: int = SCHEMA
    bundle_id: str = ''

    @property
    def privileged(self) -> bool:
        """Say whether it looks at what only a simulation knows."""
        return bool(self.inputs.sim_state)

    def path(self, folder: Path, role: str) -> Path:
        """Return the file of a graph."""
        return folder / self.graphs[role].file

    def sealed(self) -> 'Manifest':
        """Return it with the id that follows from everything else in it."""
        return replace(self, bundle_id=_id_of(_plain(self)))


def save_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write a manifest with its id; raises OSError."""
    path = folder / FILE
    text = json.dumps(_plain(manifest.sealed()), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(path, text + '\n')
    return path


def load_manifest(folder: Path, body: Body | None = None) -> Manifest:
    """
    Read a bundle and check that it is whole and belongs to a body, if one is named.

    Raises ConfigError when it is no bundle, ContractMismatch when it is damaged, of a newer
    program, of another body or beyond the limits of this one.
    """
    manifest = _read(folder)
    _check_graphs(folder, manifest)
    if body is not None:
        _check_body(folder, manifest, body)
    return manifest


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open('rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def observed_names(body: Body) -> tuple[str, ...]:
    """Return the names of the numbers of Observation.state for a body."""
    return StateLayout(body, STATE_FEATURES if body.urdf else (POSITION, VELOCITY)).names


def _read(folder: Path) -> Manifest:
    path = folder / FILE
    if not path.is_file():
        raise ConfigError(f'{folder} is no bundle: it has no {FILE}; `hvd export RUN` makes one')
    try:
        data = json.loads(path.read_text(encoding='utf-8'))
        version = data['schema_version']
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from None
    if version != SCHEMA:
        raise ContractMismatch(
            f'{path} has schema {version!r}, this program reads {SCHEMA}; update hvd_ros, or '
            'export the run again with this version'
        )
    if data.get('bundle_id') != _id_of(data):
        raise ContractMismatch(
            f'{path} does not fit its bundle_id, it was damaged or edited; export the run again'
        )
    try:
        return _manifest(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> ContractMismatch:
    what = f'{type(error).__name__}: {error}'
    return ContractMismatch(f'{path} is not a manifest ({what}); export the run again')


def _check_graphs(folder: Path, manifest: Manifest) -> None:
    needed, allowed = KINDS[manifest.sampler.kind]
    if not needed <= manifest.graphs.keys() <= allowed:
        raise ContractMismatch(
            f"{folder}: a sampler '{manifest.sampler.kind}' needs the graphs "
            f'{", ".join(sorted(needed))}, the manifest names '
            f'{", ".join(sorted(manifest.graphs)) or "none"}; export the run again'
        )
    files = [
        (role, *part) for role, graph in manifest.graphs.items() for part in graph.parts.items()
    ]
    for role, name, sha256 in files:
        path = folder / name
        if not path.is_file():
            raise ContractMismatch(
                f'{folder} has no {name}, its graph {role}; copy the bundle as a whole'
            )
        if file_sha256(path) != sha256:
            raise ContractMismatch(
                f'{path} is not what was exported ({path.stat().st_size} bytes, its SHA-256 '
                'differs): truncated or replaced; copy the bundle again'
            )


def _check_body(folder: Path, manifest: Manifest, body: Body) -> None:
    here = hex_id(body.layout_id)
    if manifest.layout_id != here:
        raise ContractMismatch(
            f"{folder} commands '{manifest.robot}' with layout {manifest.layout_id}, "
            f"'{body.name}' has {here}; a policy acts on the body that it learnt on"
        )
    _check_ranges(folder, manifest, body)
    there = observed_names(body)
    for name in manifest.inputs.state:
        if name not in there:
            raise ContractMismatch(
                f"{folder} looks at '{name}', which {body.name} does not observe; "
                f'{did_you_mean(name, there)}'
            )


def _check_ranges(folder: Path, manifest: Manifest, body: Body) -> None:
    for name, (low, high) in manifest.ranges.items():
        at = body.index(name)
        least, most = float(body.limits.low[at]), float(body.limits.high[at])
        if low < least - _SLACK or high > most + _SLACK:
            unit = body.dimensions[at].unit
            raise ContractMismatch(
                f"{folder} learnt commands of '{name}' from {low:.4g} to {high:.4g} {unit}, "
                f"'{body.name}' allows {least:.4g} to {most:.4g}; learn from data within these "
                'limits, or correct the limits in the robot description'
            )


def _id_of(data: Mapping[str, Any]) -> str:
    return checksum({key: value for key, value in data.items() if key != 'bundle_id'})


def _plain(manifest: Manifest) -> dict[str, Any]:
    """Return it as JSON reads it back, so that an id is the same before and after."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(manifest)))
    return plain


def _manifest(data: Mapping[str, Any]) -> Manifest:
    seen, sampler = dict(data['inputs']), data['sampler']
    if sampler['kind'] not in KINDS:
        raise ValueError(f"sampler '{sampler['kind']}'; {did_you_mean(sampler['kind'], KINDS)}")
    if not isinstance(seen.get('history', 1), int) or seen.get('history', 1) < 1:
        raise ValueError(f'history {seen["history"]}; valid: 1 and more')
    known = {f.name for f in fields(Manifest)}
    plain = {key: _frozen(value) for key, value in data.items() if key in known}
    return Manifest(
        **plain
        | {
            'inputs': Inputs(**{key: _frozen(value) for key, value in seen.items()}),
            'sampler': Sampler(
                sampler['kind'],
                tuple(sampler['noise']),
                tuple(Step(**one) for one in sampler['steps']),
            ),
            'graphs': {role: Graph(**one) for role, one in data['graphs'].items()},
            'run': data['run'],
        }
    )


def _frozen(value: Any) -> Any:
    """Return lists as tuples, also inside of a mapping."""
    if isinstance(value, dict):
        return {key: _frozen(one) for key, one in value.items()}
    return tuple(value) if isinstance(value, list) else value
