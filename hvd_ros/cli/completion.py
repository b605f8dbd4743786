# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Print what a shell must evaluate to complete `hvd` with the Tab key."""

import argparse

NAME = 'completion'
HELP = 'print the shell code that completes hvd with the Tab key'
EXAMPLES = ('eval "$(hvd completion bash)"', 'hvd completion zsh >> ~/.zshrc')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the shell's name."""
    parser.add_argument('shell', choices=('bash', 'zsh'))


def run(args: argparse.Namespace) -> int:
    """Print the code."""
    import argcomplete

    print(argcomplete.shellcode(['hvd'], shell=args.shell))
    return 0
