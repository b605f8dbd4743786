# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read our launch files where ROS 2's own launch is not installed (the wheels underlay).

It understands exactly the tags, attributes and substitutions below and refuses everything else.
test/launch/golden holds what the real tool makes of the same files; this must make the same.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
import xml.etree.ElementTree as ET

from hvd_ros.cli.launching.text import Scope, condition, split, substitute
from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.share import share_file

NODE = {'pkg', 'exec', 'name'}
# tag -> (attributes it must have, attributes it may have, tags inside)
GRAMMAR: dict[str, tuple[set[str], set[str], set[str]]] = {
    'launch': (set(), set(), {'arg', 'set_env', 'include', 'group'}),
    'arg': ({'name', 'description'}, {'default'}, {'choice'}),
    'choice': ({'value'}, set(), set()),
    'set_env': ({'name', 'value'}, set(), set()),
    'include': ({'file'}, {'if'}, set()),
    'group': (set(), {'if'}, {'push_ros_namespace', 'node'}),
    'push_ros_namespace': ({'namespace'}, set(), set()),
    'node': (NODE, {'if', 'args', 'ros_args', 'output', 'on_exit'}, {'param'}),
    'param': (set(), {'from', 'name', 'type', 'value'}, set()),
}
# How a <param> spells its type, and how its text becomes a value.
TYPES: dict[str, Callable[[str], Any]] = {
    'str': str,
    'int': int,
    'float': float,
    'bool': condition,
}


@dataclass(frozen=True)
class Argument:
    """One declared launch argument; no default means that it must be given."""

    name: str
    description: str
    default: str | None
    choices: tuple[str, ...]


@dataclass(frozen=True)
class LaunchNode:
    """One process that a launch file starts, with every substitution done."""

    package: str
    executable: str
    name: str
    namespace: str
    arguments: tuple[str, ...]
    # A path names a parameter file, a mapping gives one value; a later one wins.
    parameters: tuple[str | Mapping[str, Any], ...]
    log_level: str
    environment: Mapping[str, str]
    shutdown_on_exit: bool


def launch_file(name: str) -> Path:
    """Find a launch file by its path or, for one of ours, by its short name."""
    if name.endswith('.launch.xml') and Path(name).is_file():
        return Path(name)
    folder = share_file('launch')
    names = {path.name.removesuffix('.launch.xml') for path in folder.glob('*.launch.xml')}
    if name not in names:
        raise ConfigError(f"no launch file '{name}'; {did_you_mean(name, names)}")
    return folder / f'{name}.launch.xml'


def declared(path: Path) -> dict[str, Argument]:
    """Return every argument of a file and of the files that it includes, the outer one first."""
    found = {element.attrib['name']: _argument(element) for element in _read(path).iter('arg')}
    for element in _read(path).iter('include'):
        included = Path(substitute(element.attrib['file'], Scope({}, {}), path))
        found |= declared(included) | found
    return found


def expand(
    path: Path, given: Mapping[str, str], environment: Mapping[str, str]
) -> list[LaunchNode]:
    """Return the nodes that a file starts when given these arguments in this environment."""
    known = declared(path)
    for name in given:
        if name not in known:
            raise ConfigError(f"{path.name}: no argument '{name}'; {did_you_mean(name, known)}")
    return list(_children(path, _read(path), Scope(dict(given), dict(environment))))


def _children(path: Path, parent: ET.Element, scope: Scope) -> Iterator[LaunchNode]:
    for element in parent:

        def text(name: str, element: ET.Element = element) -> str:
            return substitute(element.attrib[name], scope, path)

        if 'if' in element.attrib and not condition(text('if'), path):
            continue
        if element.tag == 'arg':
            _settle(path, _argument(element), scope)
        elif element.tag == 'set_env':
            scope.environment[text('name')] = scope.changed[text('name')] = text('value')
        elif element.tag == 'push_ros_namespace':
            pushed = text('namespace')
            outer = '' if pushed.startswith('/') else scope.namespace.rstrip('/') + '/'
            scope.namespace = (outer + pushed).rstrip('/') or '/'
        elif element.tag == 'include':
            included = Path(text('file'))
            yield from _children(included, _read(included), scope)
        elif element.tag == 'group':
            yield from _children(path, element, scope.copy())
        else:
            yield _node(path, element, scope)


def _argument(element: ET.Element) -> Argument:
    choices = tuple(choice.attrib['value'] for choice in element)
    given = element.attrib
    return Argument(given['name'], given['description'], given.get('default'), choices)


def _settle(path: Path, argument: Argument, scope: Scope) -> None:
    """Give an argument its value: the caller's, or the default."""
    if argument.name not in scope.values:
        if argument.default is None:
            raise ConfigError(f"{path.name}: argument '{argument.name}' must be given")
        scope.values[argument.name] = substitute(argument.default, scope, path)
    value = scope.values[argument.name]
    if argument.choices and value not in argument.choices:
        tail = did_you_mean(value, argument.choices)
        raise ConfigError(f'{path.name}: {argument.name}:={value} is no choice; {tail}')


def _node(path: Path, element: ET.Element, scope: Scope) -> LaunchNode:
    def text(name: str) -> str:
        return substitute(element.attrib.get(name, ''), scope, path)

    words = text('ros_args').split()
    if words and words[:-1] != ['--log-level']:
        raise ConfigError(f'{path.name}: ros_args="{text("ros_args")}"; only --log-level LEVEL')
    if text('on_exit') not in ('', 'shutdown'):
        raise ConfigError(f'{path.name}: on_exit="{text("on_exit")}"; only shutdown')
    return LaunchNode(
        package=text('pkg'),
        executable=text('exec'),
        name=text('name'),
        namespace=scope.namespace,
        arguments=tuple(substitute(w, scope, path) for w in split(element.get('args', ''))),
        parameters=tuple(_parameter(path, child, scope) for child in element),
        log_level=words[-1] if words else '',
        environment=dict(scope.changed),
        shutdown_on_exit=text('on_exit') == 'shutdown',
    )


def _parameter(path: Path, element: ET.Element, scope: Scope) -> str | dict[str, Any]:
    given = element.attrib
    if set(given) == {'from'}:
        file = substitute(given['from'], scope, path)
        if not Path(file).is_file():
            raise ConfigError(f"{path.name}: the parameter file '{file}' does not exist")
        return file
    if set(given) != {'name', 'type', 'value'}:
        raise ConfigError(f'{path.name}: a <param> has either from, or name, type and value')
    name, value = given['name'], substitute(given['value'], scope, path)
    try:
        return {name: TYPES[given['type']](value)}
    except KeyError:
        raise ConfigError(f'{path.name}: {name}: {did_you_mean(given["type"], TYPES)}') from None
    except (ValueError, ConfigError):
        raise ConfigError(f"{path.name}: {name}: '{value}' is no {given['type']}") from None


def _read(path: Path) -> ET.Element:
    try:
        root = ET.fromstring(path.read_text(encoding='utf-8'))
    except (OSError, ET.ParseError) as error:
        raise ConfigError(f'{path}: {error}') from None
    if root.tag != 'launch':
        raise ConfigError(f'{path}: starts with <{root.tag}>; a launch file starts with <launch>')
    _check(path, root)
    return root


def _check(path: Path, element: ET.Element) -> None:
    """Refuse what this interpreter would not treat as the real tool does."""
    needed, optional, inside = GRAMMAR[element.tag]
    for name in needed - set(element.attrib):
        raise ConfigError(f'{path}: <{element.tag}> lacks {name}')
    for name in set(element.attrib) - needed - optional:
        tail = did_you_mean(name, needed | optional)
        raise ConfigError(f"{path}: <{element.tag}> has an attribute '{name}'; {tail}")
    for child in element:
        if child.tag not in inside:
            tail = did_you_mean(child.tag, inside)
            raise ConfigError(f'{path}: <{child.tag}> inside <{element.tag}>; {tail}')
        _check(path, child)
