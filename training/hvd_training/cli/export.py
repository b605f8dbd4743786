# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd export`: a trained policy as a bundle, which a robot runs without PyTorch."""

import argparse
from pathlib import Path

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.policy.bundle import PRECISIONS, SUFFIX

NAME = 'export'
HELP = 'write a trained policy as a bundle: ONNX graphs that a robot runs without PyTorch'
EXAMPLES = (
    'hvd export runs/pen                          # runs/pen.bundle',
    'hvd export runs/pen --out pen.bundle --precision fp16',
    'hvd export runs/pen --rtc                    # real-time chunking: stitching:=rtc',
    'hvd export runs/pen --data optimal:/data/pen # where its dataset lies now',
    'exit codes: 0 done, 2 wrong argument, 4 graphs and PyTorch differ, or a damaged run',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run, the bundle and the precision."""
    add = parser.add_argument
    add('run', type=Path, metavar='RUN', help='run of `hvd train-policy`')
    add('--out', type=Path, metavar=f'NAME{SUFFIX}', help='the bundle (default: beside the run)')
    add('--precision', default='fp32', choices=PRECISIONS, help='of the weights (default: fp32)')
    add(
        '--rtc',
        action='store_true',
        help='also a graph that can be led, for stitching:=rtc (heads flow and clean_flow)',
    )
    add('--data', action='append', default=[], metavar='[ROLE:]DIR',
        help='a dataset that it learnt from, where it lies now; may be repeated')  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Export, and say where the bundle is."""
    from hvd_training.export.exporting import export

    out: Path = args.out or args.run.with_name(args.run.resolve().name + SUFFIX)
    if out.suffix != SUFFIX:
        raise ConfigError(f'--out {out}: a bundle is called NAME{SUFFIX}')
    manifest = export(args.run, out, args.precision, args.data, led=args.rtc)
    seen = ', simulation only: it looks at sim_state' if manifest.privileged else ''
    print(f'{out} (bundle {manifest.bundle_id[:12]}{seen})')
    return 0
