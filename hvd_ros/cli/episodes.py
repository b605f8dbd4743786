# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd episodes`: look after recorded episodes; one sub-verb per file of episode_verbs/.

A sub-verb is a module with HELP, add_arguments(parser) and run(args) -> exit code; it imports what
is heavy inside run().
"""

import argparse

from hvd_ros.cli.arguments import add_sub_verbs

NAME = 'episodes'
HELP = 'list, inspect, verify, repair, copy recorded episodes'
EXAMPLES = (
    'hvd episodes list                          # all below the data folder',
    'hvd episodes list --task pen_insert --json',
    'hvd episodes inspect ID --out episode.html # asked, sent, measured; ages, rewards, pictures',
    'hvd episodes verify                        # decode and check everything',
    'hvd episodes repair                        # seal what a crash left behind',
    'hvd episodes copy /media/disk/episodes     # with checksums; goes on where it stopped',
    'The data folder: --root, else HVD_DATA_DIR, else ~/hvd_data/episodes.',
    'exit codes: 0 well, 1 problems were found, 2 wrong argument, 6 an episode is refused',
)

SUB_VERBS = ('list', 'inspect', 'verify', 'repair', 'copy')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one parser per sub-verb."""
    add_sub_verbs(parser, 'hvd_ros.cli.episode_verbs', SUB_VERBS)


def run(args: argparse.Namespace) -> int:
    """Run the chosen sub-verb."""
    return int(args.sub_verb.run(args))
