# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The `hvd` command: one verb per file, loaded only when it is asked for.

A verb is a module with NAME, HELP, EXAMPLES, add_arguments(parser) and run(args) -> exit code. A
verb whose words may also stand behind its options names that argument in REST; one that takes any
`--section.field value` names the argument that they are put into in FIELDS.
Ours stand in VERBS, other distributions add theirs under the entry-point group `hvd.verbs`. The
help text is read from the source, so that listing the verbs needs neither ROS nor their packages.
"""

import argparse
import ast
from collections.abc import Sequence
import importlib
from importlib import metadata, util
import os
from pathlib import Path
import sys
from types import ModuleType
from typing import Any

from hvd_ros import __version__
from hvd_ros.core.errors import ConfigError, HvdError, did_you_mean

VERBS = (
    'demo',
    'launch',
    'status',
    'doctor',
    'home',
    'park',
    'estop',
    'calibrate',
    'record',
    'policy',
    'rollout',
    'trial',
    'label',
    'episodes',
    'sim',
    'engine',
    'serve',
    'bench',
    'logs',
    'completion',
)

# Missing package -> how to get it; every other one is named in requirements/.
ROS_INSTALL = 'source the workspace on top of ROS 2 Jazzy, or run `make setup` in the checkout'
INSTALL = {
    'rclpy': ROS_INSTALL,
    'hvd_msgs': ROS_INSTALL,
    'mujoco': "pip install 'hvd_ros[sim]'",
    'dynamixel_sdk': "pip install 'hvd_ros[drivers]'",
    'serial': "pip install 'hvd_ros[drivers]'",
    'hid': "pip install 'hvd_ros[drivers]'",
    'websocket': "pip install 'hvd_ros[drivers]'",
    'matplotlib': "pip install 'hvd_ros[plots]'",
    'viser': "pip install 'hvd_ros[viewer]'",
    'onnxruntime': "pip install 'hvd_ros[policy]'",
    'msgpack': "pip install 'hvd_ros[policy]'",
    'websockets': "pip install 'hvd_ros[policy]'",
    'onnx': "pip install 'hvd-training[export]'",
    'onnxscript': "pip install 'hvd-training[export]'",
    'torch': "pip install 'hvd-training[train]'",
    'safetensors': "pip install 'hvd-training[train]'",
    'accelerate': "pip install 'hvd-training[train]'",
    'tensorboard': "pip install 'hvd-training[train]'",
    'wandb': "pip install 'hvd-training[wandb]'",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code: 0 well, 1 not, 2 wrong arguments."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except HvdError as error:
        print(f'error: {error}', file=sys.stderr)
        return error.exit_code
    except ModuleNotFoundError as error:
        return _missing(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader left (`hvd logs | head`); keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _run(words: list[str]) -> int:
    verbs = _verbs()
    completing = '_ARGCOMPLETE' in os.environ
    if completing:
        words = os.environ.get('COMP_LINE', '').split()[1:]
    name = next((word for word in words if not word.startswith('-')), None)
    if name is not None and name not in verbs and not completing:
        raise ConfigError(f"no verb '{name}'; {did_you_mean(name, verbs)}")
    module = importlib.import_module(verbs[name]) if name in verbs else None
    parser = _parser(verbs, name, module)
    if completing:
        import argcomplete

        argcomplete.autocomplete(parser)
    if not words:
        parser.print_help()
        return 2
    dotted: list[str] = []
    if module is not None and hasattr(module, 'FIELDS'):
        words, dotted = _dotted(words)
    args, rest = parser.parse_known_args(words)
    if module is not None and hasattr(module, 'FIELDS'):
        setattr(args, module.FIELDS, dotted)
    if module is None:
        parser.error('which verb?')
    if hasattr(module, 'REST') and not any(word.startswith('-') for word in rest):
        getattr(args, module.REST).extend(rest)
    elif rest:
        parser.error(f'unrecognized arguments: {" ".join(rest)}')
    return int(module.run(args))


def _dotted(words: list[str]) -> tuple[list[str], list[str]]:
    """Take `--section.field value` and `--section.field=value` out of the words."""
    plain, dotted, rest = [], [], list(words)
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.partition('=')
        if not name.startswith('--') or '.' not in name:
            plain.append(word)
            continue
        dotted.append(word)
        if not equals and rest:
            dotted.append(rest.pop(0))
    return plain, dotted


def _verbs() -> dict[str, str]:
    """Return verb -> module; ours win over an entry point of the same name."""
    others = {entry.name: entry.value for entry in metadata.entry_points(group='hvd.verbs')}
    return {name: f'hvd_ros.cli.{name}' for name in VERBS} | {
        name: module for name, module in sorted(others.items()) if name not in VERBS
    }


def _parser(
    verbs: dict[str, str], chosen: str | None, module: ModuleType | None
) -> argparse.ArgumentParser:
    """Return a parser that knows every verb by name and the chosen one by heart."""
    parser = argparse.ArgumentParser(
        prog='hvd',
        description='Teleoperate, record, train and deploy whole-body policies.',
        epilog='hvd VERB --help says more. Errors end in one line and a code above 0.',
        formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=16),
    )
    parser.add_argument('--version', action='version', version=f'hvd_ros {__version__}')
    commands = parser.add_subparsers(metavar='VERB', title='verbs')
    for name, path in verbs.items():
        text = _help_of(path)
        command = commands.add_parser(
            name,
            help=text,
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == chosen and module is not None:
            _fill(command, module)
    return parser


def _fill(command: argparse.ArgumentParser, module: Any) -> None:
    if module.EXAMPLES:
        command.epilog = 'examples:\n' + '\n'.join(f'  {line}' for line in module.EXAMPLES)
    module.add_arguments(command)


def _help_of(path: str) -> str:
    """Read HELP from a verb's source without importing it."""
    spec = util.find_spec(path)
    if spec is None or spec.origin is None:
        return '(not in this installation)'
    for node in ast.parse(Path(spec.origin).read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == 'HELP':
            return str(ast.literal_eval(node.value))
    return ''


def _missing(error: ModuleNotFoundError) -> int:
    package = (error.name or '?').partition('.')[0]
    if package == 'hvd_ros':
        raise error  # ours, so a defect and not an installation to mend
    how = INSTALL.get(package, f'pip install {package}')
    print(f"error: this verb needs '{package}', which is not installed; {how}", file=sys.stderr)
    return HvdError.exit_code


if __name__ == '__main__':
    sys.exit(main())
