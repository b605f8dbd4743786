# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd logs`: everything that a bug report needs, in one archive, and nothing that is secret."""

import argparse
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import metadata
import io
import json
import os
from pathlib import Path
import platform
import re
import tarfile

from hvd_ros.cli.arguments import add_namespace
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.share import share_file, user_config_dir, user_state_dir

NAME = 'logs'
HELP = 'pack versions, checks, configuration and logs into one archive for a bug report'
EXAMPLES = (
    'hvd logs                       # hvd-logs-<date>.tar.gz in this folder',
    'hvd logs --out /tmp/report.tar.gz',
    'Passwords, tokens and the rest of your environment are left out; look before you send it.',
)

_MOST_LOGS = 40
_MOST_BYTES = 2_000_000  # the end of a long log is what counts
_OURS = re.compile(
    r'^(hvd|ros|rcl|rmw|rosidl|numpy|mujoco|viser|dynamixel|hidapi|hid$|pyserial|serial$|pyzed'
    r'|onnx|torch|tensorrt|websocket|pyyaml|empy|setuptools|colcon-core)',
    re.IGNORECASE,
)
_ENVIRONMENT = re.compile(
    r'^(ROS_|RMW_|RCUTILS_|FASTRTPS_|FASTDDS_|CYCLONEDDS_|AMENT_|COLCON_|HVD_|MUJOCO_|PYTHON'
    r'|VIRTUAL_ENV$|LANG$|PATH$|LD_LIBRARY_PATH$|XDG_(STATE|CONFIG|RUNTIME)_)'
)
_REMOVED = (
    (
        re.compile(
            rb'(?i)([\w-]*(?:token|secret|passw|credential|api_?key)[\w-]*["\']?\s*[:=]\s*)\S+'
        ),
        rb'\1<removed>',
    ),
    (re.compile(rb'://[^/\s:@]+:[^/\s@]+@'), rb'://<removed>@'),
)
_SECRET = re.compile(r'token|secret|passw|key|credential|auth', re.IGNORECASE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this verb."""
    add_namespace(parser)
    parser.add_argument('--out', type=Path, metavar='FILE', help='archive to write (.tar.gz)')


def run(args: argparse.Namespace) -> int:
    """Write the archive and list what is inside."""
    now = datetime.now().astimezone()
    path = args.out or Path(f'hvd-logs-{now:%Y%m%d-%H%M%S}.tar.gz')
    try:
        with tarfile.open(path, 'x:gz') as archive:
            names = _fill(archive, args.namespace, now)
    except FileExistsError:
        raise ConfigError(f'{path} exists already; name another with --out') from None
    except OSError as error:
        raise ConfigError(f'{path} can not be written: {error.strerror}; use --out') from None
    print(f'{path.resolve()} ({path.stat().st_size / 1e3:.0f} kB):')
    for name, size in names:
        print(f'  {size:>9}  {name}')
    return 0


def _fill(archive: tarfile.TarFile, namespace: str, now: datetime) -> list[tuple[str, int]]:
    """Put everything in; what can not be read is said in its place."""
    texts: dict[str, Callable[[], str]] = {
        'doctor.txt': lambda: _doctor(namespace),
        'versions.txt': versions,
        'environment.txt': lambda: environment(os.environ),
        'status.json': lambda: _status(namespace),
    }
    files = (*_config_files(), *_state_files(), *_logs())
    parts = [(name, clean(_attempt(make).encode())) for name, make in texts.items()]
    parts += [(name, clean(_tail(path))) for name, path in files]
    for name, data in parts:
        entry = tarfile.TarInfo(f'hvd-logs/{name}')
        entry.size, entry.mtime = len(data), int(now.timestamp())
        archive.addfile(entry, io.BytesIO(data))
    return [(name, len(data)) for name, data in parts]


def clean(data: bytes) -> bytes:
    """Take values out that stand behind a name like `token`, and passwords out of addresses."""
    for pattern, instead in _REMOVED:
        data = pattern.sub(instead, data)
    return data


def _attempt(make: Callable[[], str]) -> str:
    try:
        return make()
    except Exception as error:  # a report about a broken installation is the point of this verb
        return f'not available: {type(error).__name__}: {error}\n'


def versions() -> str:
    """List the machine and the packages that matter to us."""
    found = {d.metadata['Name']: d.version for d in metadata.distributions() if d.metadata['Name']}
    ours = sorted(f'{name} {version}' for name, version in found.items() if _OURS.match(name))
    head = [
        f'{platform.platform()}',
        f'Python {platform.python_version()}',
        f'{os.cpu_count()} CPU',
    ]
    return '\n'.join([*head, '', *ours]) + '\n'


def environment(environ: Mapping[str, str]) -> str:
    """List the variables that ROS and we look at; a name that smells of a secret is left out."""
    kept = [n for n in sorted(environ) if _ENVIRONMENT.match(n) and not _SECRET.search(n)]
    return ''.join(f'{name}={environ[name]}\n' for name in kept)


def _doctor(namespace: str) -> str:
    from hvd_ros.cli.checks.finding import report
    from hvd_ros.cli.doctor import diagnose

    return report(diagnose(namespace))


def _status(namespace: str) -> str:
    from hvd_msgs.msg import MuxStatus

    from hvd_ros.cli.ros_session import DISCOVERY_S, Session
    from hvd_ros.cli.status_view import as_json, read_status
    from hvd_ros.nodes.shell import qos

    with Session(namespace) as session:
        received = session.collect(MuxStatus, 'mux/status', qos.LATCHED)
        if not session.spin_until(lambda: bool(received), DISCOVERY_S):
            return 'no mux heard\n'
        names = session.node.get_node_names()
        return json.dumps(as_json(read_status(received[-1], names)), indent=1) + '\n'


def _config_files() -> list[tuple[str, Path]]:
    """List our configuration and, apart from it, the user's own."""
    found = []
    for label, root in (('config', share_file('config')), ('user_config', user_config_dir())):
        if root.is_dir():
            paths = sorted(p for p in root.rglob('*') if p.suffix in ('.yaml', '.yml', '.json'))
            found += [(f'{label}/{p.relative_to(root)}', p) for p in paths]
    return [(name, path) for name, path in found if not _SECRET.search(path.name)]


def _state_files() -> list[tuple[str, Path]]:
    """List the latch and what else we keep between runs."""
    root = user_state_dir()
    paths = sorted(p for p in root.glob('*') if p.is_file()) if root.is_dir() else []
    return [(f'state/{p.name}', p) for p in paths if not _SECRET.search(p.name)]


def _logs() -> list[tuple[str, Path]]:
    """List the newest ROS logs."""
    home = Path(os.environ.get('ROS_HOME') or Path.home() / '.ros')
    root = Path(os.environ.get('ROS_LOG_DIR') or home / 'log')
    paths = (
        [p for p in root.rglob('*.log') if p.is_file() and p.stat().st_size]
        if root.is_dir()
        else []
    )
    newest = sorted(paths, key=lambda p: p.stat().st_mtime, reverse=True)[:_MOST_LOGS]
    return [(f'logs/{p.relative_to(root)}', p) for p in newest]


def _tail(path: Path) -> bytes:
    try:
        with path.open('rb') as stream:
            stream.seek(max(0, path.stat().st_size - _MOST_BYTES))
            return stream.read()
    except OSError as error:
        return f'not readable: {error}\n'.encode()
