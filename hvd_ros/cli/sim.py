# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd sim`: use the tasks in simulation without a graph; one sub-verb per file of sim_verbs/.

A sub-verb is a module with HELP, add_arguments(parser) and run(args) -> exit code; it imports what
is heavy inside run().
"""

import argparse

from hvd_ros.cli.arguments import add_sub_verbs

NAME = 'sim'
HELP = 'generate datasets of the tasks in simulation'
EXAMPLES = (
    'hvd sim generate --out ~/hvd_data/sim                  # 500 episodes mixed like WB-50',
    'hvd sim generate --mix experts --episodes 100 --tasks pen_insert --out pens --seed 1',
    'hvd sim generate --episodes 50 --cameras --out seen    # with three RGB-D views',
    'hvd sim generate --mix rollouts --policy neighbours:pens/neighbours.npz --out rolled',
    'The same command goes on after Ctrl-C, a crash or a killed worker.',
    'exit codes: 0 well, 2 wrong argument, 4 policy of another body, 6 cut off; run it again',
)

SUB_VERBS = ('generate',)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add one parser per sub-verb."""
    add_sub_verbs(parser, 'hvd_ros.cli.sim_verbs', SUB_VERBS)


def run(args: argparse.Namespace) -> int:
    """Run the chosen sub-verb."""
    return int(args.sub_verb.run(args))
