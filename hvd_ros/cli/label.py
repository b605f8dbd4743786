# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd label`: mark how well each stage went, in a browser; or say how far annotators agree."""

import argparse
from collections.abc import Sequence
import getpass
import json
from pathlib import Path
import sys
import webbrowser

from hvd_ros.cli.arguments import add_json
from hvd_ros.cli.labelling.desk import Desk
from hvd_ros.cli.labelling.server import LabelServer
from hvd_ros.core.episodes.meta import FILE as META_FILE
from hvd_ros.core.episodes.seal import PARTIAL
from hvd_ros.core.errors import ConfigError, LabelError
from hvd_ros.core.labels.agreement import agreement, as_text
from hvd_ros.core.labels.file import load_labels
from hvd_ros.core.labels.labels import LIVE, check_author
from hvd_ros.core.share import user_data_dir

NAME = 'label'
HELP = 'score the stages of episodes in a browser, or report how far annotators agree'
EXAMPLES = (
    'hvd label                              # all episodes of this machine',
    'hvd label ~/hvd_data/episodes/pen_insert --author anna',
    'hvd label --agreement --json           # between everybody who finished the same episodes',
    'Keys: Space plays, N next likely end, 0 5 1 score, Z undoes, Enter next, ? all keys.',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    parser.add_argument(
        'episodes', nargs='*', type=Path, metavar='EPISODE', help='episodes, or folders of them'
    )
    parser.add_argument(
        '--author', metavar='NAME', help='your name in the labels (default: login)'
    )
    parser.add_argument('--port', type=int, default=0, help='default: any that is free')
    parser.add_argument('--no-browser', action='store_true', help='only print the address')
    parser.add_argument('--agreement', action='store_true', help='print a report and end')
    add_json(parser, 'the agreement as JSON')


def run(args: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C, or print the report."""
    folders = find_episodes(args.episodes or [user_data_dir()])
    if args.agreement:
        return report(folders, as_json=args.json)
    author = args.author or getpass.getuser()
    check_author(author)
    if author in LIVE:
        raise ConfigError(f"--author: '{author}' marks while recording; choose your own name")
    with LabelServer(Desk(folders), author, args.port) as server:
        address = f'http://127.0.0.1:{server.port}/'
        print(f'{len(folders)} episodes at {address} (Ctrl-C ends; every mark is saved at once)')
        sys.stdout.flush()
        if not args.no_browser:
            webbrowser.open(address)
        server.serve_forever()
    return 0


def find_episodes(places: Sequence[Path]) -> list[Path]:
    """Return the episodes at or below these places, each once."""
    found: dict[Path, None] = {}
    for place in places:
        if not place.is_dir():
            raise ConfigError(f'{place} is no folder; name episodes or folders of them')
        # An episode, the episodes of one task, or a root of tasks.
        metas = (path for depth in ('', '*/', '*/*/') for path in place.glob(depth + META_FILE))
        sealed = {path.parent for path in metas if path.parent.suffix != PARTIAL}
        found |= dict.fromkeys(sorted(sealed))
    if not found:
        names = ', '.join(str(place) for place in places)
        raise ConfigError(f'no episodes in {names}; record some, or name another folder')
    return list(found)


def report(folders: Sequence[Path], *, as_json: bool) -> int:
    """Print how far annotators agree; a file that does not fit is named and left out."""
    labelled = []
    for folder in folders:
        try:
            labels = load_labels(folder)
        except LabelError as error:
            print(f'left out: {error}', file=sys.stderr)
        else:
            labelled += [labels] if labels else []
    rows = agreement(labelled)
    text = (
        json.dumps([row.as_json() for row in rows], indent=1) + '\n' if as_json else as_text(rows)
    )
    print(text, end='')
    return 0
