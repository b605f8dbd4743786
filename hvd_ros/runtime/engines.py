# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Building engines of graphs, and the cache that they are kept in.

One code path for `tensorrt` and `tensorrt_rtx`, whose module is passed in. Networks are strongly
typed: the graph says which precision, no flag does. An engine is of one graph, one version of its
builder and the cards that it was built for; anything else is refused with the command that builds
it anew.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
import hashlib
import importlib
import json
import os
from pathlib import Path
from time import perf_counter
from typing import Any

from hvd_ros.core.durable import checksum, write_whole
from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean

BUILDERS = ('tensorrt', 'tensorrt_rtx')
_RTX = 'tensorrt_rtx'
HERE = 'current'  # the card of this machine
_INSTALL = {
    'tensorrt': 'install TensorRT, which comes with JetPack on a Jetson',
    'tensorrt_rtx': 'pip install tensorrt-rtx',
}


@dataclass(frozen=True)
class Record:
    """What is known of an engine in the cache."""

    bundle: str
    role: str
    onnx_sha256: str
    builder: str
    version: str
    targets: tuple[str, ...]  # cards, as sm89
    engine_sha256: str
    size_mb: float
    build_s: float

    @property
    def key(self) -> str:
        """Return the name of its files."""
        said = [self.onnx_sha256, self.builder, self.version, *sorted(self.targets)]
        return checksum({'of': said})[:32]


def load_builder(name: str) -> Any:
    """Import a builder; raises ConfigError when there is none of that name, or none here."""
    if name not in BUILDERS:
        raise ConfigError(f"builder '{name}'; {did_you_mean(name, BUILDERS)}")
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:
        raise ConfigError(f'{name} is not installed ({error}); {_INSTALL[name]}') from None


def build(path: Path, trt: Any, targets: Sequence[str] = (HERE,)) -> bytes:
    """
    Return the engine of an ONNX file for some cards.

    Raises ConfigError for a card that the builder does not know, ContractMismatch when it can not
    read the graph or make an engine of it.
    """
    logger = trt.Logger(trt.Logger.ERROR)
    builder = trt.Builder(logger)
    network = builder.create_network(_typed(trt))
    parser = trt.OnnxParser(network, logger)
    if not parser.parse_from_file(str(path)):
        said = '; '.join(str(parser.get_error(i)) for i in range(parser.num_errors))
        raise ContractMismatch(
            f'{path} can not be read by {trt.__name__} {trt.__version__}: '
            f'{" ".join(said.split())[:300] or "it says no more"}; export the run again'
        )
    config = builder.create_builder_config()
    _aim(config, trt, targets)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise ContractMismatch(
            f'{trt.__name__} {trt.__version__} made no engine of {path} for '
            f'{", ".join(targets)}; what it printed above says why'
        )
    return bytes(plan)


def build_into_cache(
    path: Path,
    trt: Any,
    targets: Sequence[str],
    bundle: str,
    role: str,
    digest: str,
    named: Sequence[str] | None = None,
) -> Record:
    """
    Build and keep the engine of a graph with a hash; one for the same is replaced.

    `named` says which card `current` is, since the cache may be read beside another one.
    """
    begun = perf_counter()
    plan = build(path, trt, targets)
    record = Record(
        bundle=bundle,
        role=role,
        onnx_sha256=digest,
        builder=trt.__name__,
        version=trt.__version__,
        targets=tuple(named or targets),
        engine_sha256=hashlib.sha256(plan).hexdigest(),
        size_mb=len(plan) / 1e6,
        build_s=perf_counter() - begun,
    )
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    # The engine first: a record without its engine would be found and then fail.
    _write(_plan_path(record), plan)
    write_whole(folder / f'{record.key}.json', json.dumps(asdict(record), indent=1) + '\n')
    return record


def cached() -> list[Record]:
    """Return what is in the cache; records that can not be read are left out."""
    found = []
    for path in sorted(cache_folder().glob('*.json')):
        try:
            data = json.loads(path.read_text(encoding='utf-8'))
            found.append(Record(**data | {'targets': tuple(data['targets'])}))
        except (OSError, ValueError, TypeError, KeyError):
            continue  # damaged; building again writes it anew
    return found


def engine_for(onnx_sha256: str, builder: str, version: str, card: str, rebuild: str) -> bytes:
    """Return the engine of a graph for a card; raises ContractMismatch with the command."""
    near = [one for one in cached() if one.onnx_sha256 == onnx_sha256 and one.builder == builder]
    fitting = [one for one in near if one.version == version and card in one.targets]
    if not fitting:
        raise ContractMismatch(f'{_why_none(near, builder, version, card)}; build it: `{rebuild}`')
    record = fitting[0]
    path = _plan_path(record)
    try:
        plan = path.read_bytes()
    except OSError as error:
        raise ContractMismatch(
            f'{path} can not be read ({error.strerror}); build it again: `{rebuild}`'
        ) from None
    if hashlib.sha256(plan).hexdigest() != record.engine_sha256:
        raise ContractMismatch(
            f'{path} is not what was built, it was damaged; build it again: `{rebuild}`'
        )
    return plan


def cache_folder() -> Path:
    """Return where engines are kept: HVD_CACHE_DIR or the XDG place."""
    named = os.environ.get('HVD_CACHE_DIR')
    root = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache') / 'hvd_ros'
    return (Path(named) if named else root) / 'engines'


def _why_none(near: list[Record], builder: str, version: str, card: str) -> str:
    of_version = [one for one in near if one.version == version]
    if of_version:
        cards = sorted({target for one in of_version for target in one.targets})
        return f'the engine by {builder} is for {", ".join(cards)}, this card is {card}'
    if near:
        versions = ', '.join(sorted({one.version for one in near}))
        return f'the engine was built by {builder} {versions}, here is {version}'
    return f'there is no engine of this graph by {builder}'


def _typed(trt: Any) -> int:
    """Return the flags of a strongly typed network; where nothing else is left, none is needed."""
    flag = getattr(trt.NetworkDefinitionCreationFlag, 'STRONGLY_TYPED', None)
    return 0 if flag is None else 1 << int(flag)


def _aim(config: Any, trt: Any, targets: Sequence[str]) -> None:
    """Say for which cards; a builder that knows only its own card is told nothing."""
    if not hasattr(trt, 'ComputeCapability'):
        if tuple(targets) != (HERE,):
            raise ConfigError(
                f'{trt.__name__} builds for the card of this machine only; leave --target, or '
                f'build by {_RTX}'
            )
        return
    known = {name.lower(): name for name in trt.ComputeCapability.__members__ if name != 'NONE'}
    for target in targets:
        if target not in known:
            raise ConfigError(f"card '{target}'; {did_you_mean(target, known)}")
    config.num_compute_capabilities = len(targets)
    for place, target in enumerate(targets):
        config.set_compute_capability(getattr(trt.ComputeCapability, known[target]), place)


def _plan_path(record: Record) -> Path:
    return cache_folder() / f'{record.key}.engine'


def _write(path: Path, content: bytes) -> None:
    """Write an engine under another name first, so that a crash leaves none or a whole one."""
    fresh = path.with_name(path.name + '.new')
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise ConfigError(
            f'{path} can not be written: {error.strerror}; free some space, or set HVD_CACHE_DIR'
        ) from None
