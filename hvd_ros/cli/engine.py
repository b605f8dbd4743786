# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd engine`: engines of a bundle for the card of this machine, or for others; no PyTorch."""

import argparse
from pathlib import Path

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy import bundle

NAME = 'engine'
HELP = 'build the engines of a bundle by TensorRT, and list those that are there'
EXAMPLES = (
    'hvd engine build pen.bundle                              # for the card of this machine',
    'hvd engine build pen.bundle --builder tensorrt_rtx --target sm89,sm120',
    'hvd engine list',
    'exit codes: 0 done, 2 no such builder or card, 4 the bundle or a graph can not be built',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add build and list."""
    from hvd_ros.runtime.engines import BUILDERS, HERE

    what = parser.add_subparsers(dest='what', required=True, metavar='WHAT')
    build = what.add_parser('build', help='build the engines of a bundle')
    build.add_argument('bundle', type=Path, metavar='BUNDLE', help='folder of `hvd export`')
    build.add_argument(
        '--builder', choices=BUILDERS, help='which one (default: the one that is installed)'
    )
    build.add_argument(
        '--target', default=HERE, metavar='CARDS',
        help='cards as sm89,sm120; needs none of them here (default: the card of this machine)',
    )  # fmt: skip
    what.add_parser('list', help='list the engines in the cache')


def run(args: argparse.Namespace) -> int:
    """Build or list."""
    return _list() if args.what == 'list' else _build(args.bundle, args.builder, args.target)


def _build(folder: Path, name: str | None, target: str) -> int:
    from hvd_ros.runtime import cuda, engines

    manifest = bundle.load_manifest(folder)
    trt = _builder(name)
    targets = tuple(one.strip().lower() for one in target.split(',') if one.strip())
    if not targets:
        raise ConfigError('--target names no card; say sm89,sm120 or leave it')
    if targets == (engines.HERE,):
        named: tuple[str, ...] = (cuda.card(cuda.load()),)
    else:
        named = targets
    for role, graph in manifest.graphs.items():
        record = engines.build_into_cache(
            manifest.path(folder, role), trt, targets, manifest.name, role, graph.digest, named
        )
        print(
            f'{manifest.name} {role}: {record.builder} {record.version} for '
            f'{", ".join(record.targets)}, {record.size_mb:.1f} MB in {record.build_s:.1f} s'
        )
    return 0


def _builder(name: str | None) -> object:
    """Import the builder that was named, or the first one that is installed."""
    from hvd_ros.runtime import engines

    if name is not None:
        return engines.load_builder(name)
    for one in engines.BUILDERS:
        try:
            return engines.load_builder(one)
        except ConfigError:
            continue
    raise ConfigError(
        'neither tensorrt nor tensorrt_rtx is installed; pip install tensorrt-rtx for RTX cards, '
        'on a Jetson TensorRT comes with JetPack'
    )


def _list() -> int:
    from hvd_ros.runtime import engines

    records = engines.cached()
    for one in records:
        print(
            f'{one.bundle} {one.role}: {one.builder} {one.version} for {", ".join(one.targets)}, '
            f'{one.size_mb:.1f} MB, graph {one.onnx_sha256[:12]}'
        )
    if not records:
        print(f'no engines in {engines.cache_folder()}; `hvd engine build BUNDLE` makes them')
    return 0
