# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd dataset check`: whether a dataset is whole and plausible."""

import argparse
import json
from pathlib import Path

HELP = 'look for missing numbers, constant dimensions, gaps, damage'
EXAMPLES = (
    'hvd dataset check pen',
    'exit codes: 0 no error (warnings may be meant), 1 errors',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset."""
    parser.add_argument('dataset', type=Path, metavar='DIR', help='dataset')
    parser.add_argument(
        '--json', action='store_true', help='end with one line of JSON: errors, warnings'
    )


def run(args: argparse.Namespace) -> int:
    """Print every finding."""
    from hvd_training.data.dataset import Dataset
    from hvd_training.data.statistics.check import ERROR, check

    data = Dataset(args.dataset)
    findings = check(data)
    for finding in findings:
        print(f'{finding.level}: {finding.text}')
    errors = sum(finding.level == ERROR for finding in findings)
    warnings = len(findings) - errors
    print(
        f'{args.dataset}: {len(data.rows)} episodes, {data.frames} frames, '
        f'{errors} errors, {warnings} warnings; content {data.content_sha256[:12]}'
    )
    if args.json:
        print(json.dumps({'errors': errors, 'warnings': warnings, 'frames': data.frames}))
    return 1 if errors else 0
