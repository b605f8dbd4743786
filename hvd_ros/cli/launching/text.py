# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The substitutions of a launch file: $(var x), $(env X default), $(find-pkg-share p), ..."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.share import share_file


@dataclass
class Scope:
    """What is in force at one point of a file; a group works on a copy."""

    values: dict[str, str]
    environment: dict[str, str]
    changed: dict[str, str] = field(default_factory=dict)
    namespace: str = '/'

    def copy(self) -> 'Scope':
        """Return a scope whose changes stay inside."""
        values, environment = dict(self.values), dict(self.environment)
        return replace(self, values=values, environment=environment, changed=dict(self.changed))


def condition(text: str, path: Path | None = None) -> bool:
    """Read a truth value as the real tool does."""
    word = text.strip().lower()
    if word not in ('true', '1', 'false', '0'):
        raise ConfigError(f"{path.name if path else ''}: '{text}' is neither true nor false")
    return word in ('true', '1')


def substitute(text: str, scope: Scope, path: Path) -> str:
    """Replace every $(...) in a text, the innermost first."""
    done = ''
    while '$(' in text:
        before, _, rest = text.partition('$(')
        inside, text = _until_closed(rest, path)
        done += before + _evaluate(inside, scope, path)
    return done + text


def _until_closed(text: str, path: Path) -> tuple[str, str]:
    """Split behind the bracket that closes the one just opened."""
    depth = 1
    for index, letter in enumerate(text):
        depth += (letter == '(') - (letter == ')')
        if depth == 0:
            return text[:index], text[index + 1 :]
    raise ConfigError(f"{path.name}: '$({text}' is not closed")


def _evaluate(inside: str, scope: Scope, path: Path) -> str:
    name, *given = split(inside)
    if name not in SUBSTITUTIONS:
        raise ConfigError(f'{path.name}: $({inside}): {did_you_mean(name, SUBSTITUTIONS)}')
    fewest, most, function = SUBSTITUTIONS[name]
    if not fewest <= len(given) <= most:
        raise ConfigError(f'{path.name}: $({inside}) has the wrong number of words')
    try:
        return function(scope, [substitute(word.strip('\'"'), scope, path) for word in given])
    except (KeyError, OSError) as error:
        raise ConfigError(f'{path.name}: $({inside}): {error} not found') from None


def split(text: str) -> list[str]:
    """Split at spaces that stand in no bracket, before anything is substituted."""
    words, depth = [''], 0
    for letter in text.strip():
        depth += (letter == '(') - (letter == ')')
        if letter == ' ' and depth == 0:
            words.append('')
        else:
            words[-1] += letter
    return [word for word in words if word]


def _share(scope: Scope, words: list[str]) -> str:
    if words != ['hvd_ros']:
        raise KeyError(words[0])
    return str(share_file('package.xml').parent)


def _env(scope: Scope, words: list[str]) -> str:
    fallback = dict([words]) if len(words) == 2 else {}
    return (fallback | scope.environment)[words[0]]


# name -> fewest words, most words, what it does
SUBSTITUTIONS: dict[str, tuple[int, int, Callable[[Scope, list[str]], str]]] = {
    'var': (1, 1, lambda scope, words: scope.values[words[0]]),
    'env': (1, 2, _env),
    'find-pkg-share': (1, 1, _share),
    'file-content': (1, 1, lambda scope, words: Path(words[0]).read_text(encoding='utf-8')),
    'equals': (2, 2, lambda scope, words: str(words[0] == words[1]).lower()),
    'not-equals': (2, 2, lambda scope, words: str(words[0] != words[1]).lower()),
}
