# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Take each guard away in turn, in a copy of the tree, and demand that its tests notice.

    python test/mutate_guards.py            # all guards
    python test/mutate_guards.py two_ arri  # those whose name contains one of the words
"""

from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from test.guard_registry import ROOT, Guard, load
from test.launch.pace import __main__ as pace

_LEFT_OUT = ('.venv', '.git', 'build', 'install', 'log', '__pycache__', '.*_cache', '.hypothesis')
_PATIENCE_S = 1200
_FAILED = 1  # pytest: tests ran and some failed; anything else proves nothing


def main(words: list[str]) -> int:
    """Return 0 if every chosen guard is noticed when it is gone."""
    guards = [g for g in load() if not words or any(word in g.name for word in words)]
    # Whole graphs measure time: they run one by one, and slower where the computer is too slow.
    graphs = [g for g in guards if _whole_graph(g)]
    slow = pace.slow_motion(pace.choose(os.environ)[0]) if graphs else {}
    kinds = (([g for g in guards if g not in graphs], {}, 2), (graphs, slow, 1))
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        intact = _copy(Path(folder) / 'intact')
        for some, env, _ in kinds:
            tests = sorted({test for guard in some for test in guard.tests})
            # A test that meets real time gets a second try, as in `make test`.
            code, said = _pytest(intact, ['--reruns', '1', *tests], env) if tests else (0, '')
            if code:
                print(f'{said}\nthe tests do not even pass with all guards in place')
                return 1
        for some, env, workers in kinds:
            missed += _missed(Path(folder), some, env, workers)
    print(f'{len(guards) - len(missed)} of {len(guards)} guards are noticed when they are gone')
    if missed:
        print(f'not noticed: {", ".join(missed)}')
    return 1 if missed else 0


def _whole_graph(guard: Guard) -> bool:
    return any(test.startswith('test/launch/') for test in guard.tests)


def _missed(folder: Path, guards: list[Guard], env: dict[str, str], workers: int) -> list[str]:
    with ThreadPoolExecutor(max_workers=workers) as pool:
        found = pool.map(lambda g: _try(folder, g, env), guards)
        return [guard.name for guard, noticed in zip(guards, found, strict=True) if not noticed]


def _try(folder: Path, guard: Guard, env: dict[str, str]) -> bool:
    tree = _copy(folder / guard.name.replace(':', '_'))
    try:
        path = tree / guard.file
        path.write_text(guard.removed_from(path.read_text(encoding='utf-8')), encoding='utf-8')
        code, said = _pytest(tree, list(guard.tests), env)
    finally:
        shutil.rmtree(tree)
    noticed = code == _FAILED
    print(f'{"noticed" if noticed else "MISSED "} {guard.name}', flush=True)
    if code not in (0, _FAILED):
        print(said)
    return noticed


def _copy(target: Path) -> Path:
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
    return target


def _pytest(tree: Path, tests: list[str], env: dict[str, str]) -> tuple[int, str]:
    # The copy comes before the installed package, here and in the nodes that a test starts.
    path = os.pathsep.join([str(tree), *filter(None, [os.environ.get('PYTHONPATH')])])
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-x', '--no-header', '--tb=line', *tests],
        cwd=tree,
        env=os.environ
        | env
        | {
            'PYTHONPATH': path,
            'HVD_CHECKOUT': str(tree),
            'HYPOTHESIS_STORAGE_DIRECTORY': str(tree / '.h'),
        },
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
