# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
OGBench data by its own scripted oracles, which are in its wheel; the loop around them is not.

'play' follows noisy plans, 'noisy' a closed loop with noise on every action; both go from target
to target at random and know nothing of the task that is evaluated. Figures are the benchmark's.
"""

from collections.abc import Iterator
import importlib
from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core.errors import ConfigError
from hvd_training.proof.cell import one_of

STEPS = 1001  # of a trajectory
RATE_HZ = 20.0
_PARTS = {
    'cube': ('cube',),
    'scene': ('cube', 'button', 'drawer', 'window'),
    'puzzle': ('button',),
}
_STACK = {'single': (0.0, 0.0), 'double': (0.0, 0.25), 'triple': (0.05, 0.35),
          'quadruple': (0.1, 0.5), 'octuple': (0.0, 0.35)}  # fmt: skip
_SPREAD = np.array([1.0, 1.0, 1.0, 3.0, 10.0])  # of the noise, over the numbers of an action
_MIN_NORM = 0.4
_AT_RANDOM = 0.1  # of the actions of 'noisy'
_ASIDE = (-0.3, 0.29)  # a cube beyond is out of reach
_CUBE = slice(14, 17)  # of qpos

Columns = dict[str, np.ndarray[Any, Any]]


def environment_name(task: str) -> str:
    """Return the environment of a task: cube-single of cube-single-play-singletask-task2-v0."""
    env, mark, _ = task.partition('-singletask')
    kind = env.rpartition('-')[2]
    if not mark or kind not in ('play', 'noisy'):
        raise ConfigError(
            f"OGBench task '{task}': write it as cube-single-play-singletask-v0, or ...-task2-v0"
        )
    one_of('OGBench environment', env.partition('-')[0], _PARTS)
    return env.removesuffix(f'-{kind}')


def collect(env_name: str, kind: str, trajectories: int, seed: int, steps: int = STEPS) -> Columns:
    """Play trajectories; return columns as OGBench's own files have them."""
    import gymnasium
    import ogbench.manipspace  # noqa: F401 - registers the environments

    env = gymnasium.make(
        f'{env_name}-v0', terminate_at_goal=False, mode='data_collection', max_episode_steps=steps
    )
    np.random.seed(seed)  # noqa: NPY002 - the oracles ask the global generator
    env.action_space.seed(seed)
    oracles = _oracles(env, env_name, kind)
    rows: list[Columns] = []
    for number in range(trajectories):
        while True:
            found = _trajectory(env, env_name, kind, oracles, seed * 1_000_003 + number)
            if 'scene' not in env_name or _in_reach(found['qpos']):
                break
            seed += 1
        rows.append(found)
    env.close()
    return {key: np.concatenate([row[key] for row in rows]) for key in rows[0]}


def _oracles(env: Any, env_name: str, kind: str) -> dict[str, Any]:
    style = 'plan' if kind == 'play' else 'markov'
    how: dict[str, Any] = {'noise': 0.1, 'noise_smoothing': 0.5}
    if style == 'markov':
        how = {'min_norm': _MIN_NORM}
    closed = {'gripper_always_closed': True} if 'puzzle' in env_name else {}
    found = {}
    for part in _PARTS[env_name.partition('-')[0]]:
        module = importlib.import_module(f'ogbench.manipspace.oracles.{style}.{part}_{style}')
        most = {'max_step': 100} if 'scene' in env_name and part == 'cube' else {}
        made = getattr(module, f'{part.capitalize()}{style.capitalize()}Oracle')
        found[part] = made(env=env, **how, **closed, **(most if style == 'markov' else {}))
    return found


def _trajectory(env: Any, env_name: str, kind: str, oracles: dict[str, Any], seed: int) -> Columns:
    columns: dict[str, list[Any]] = {}
    for row in _steps(env, env_name, kind, oracles, seed):
        for key, value in row.items():
            columns.setdefault(key, []).append(value)
    return {key: np.stack(values) for key, values in columns.items()}


def _steps(
    env: Any, env_name: str, kind: str, oracles: dict[str, Any], seed: int
) -> Iterator[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    seen, info = env.reset(seed=seed % 2**31)
    stacked = rng.uniform(*_STACK.get(env_name.rpartition('-')[2], (0.5, 0.5)))
    spread = rng.uniform(0, 0.1) * _SPREAD if kind == 'noisy' else 0.0 * _SPREAD
    share = 0.0 if kind == 'play' else _AT_RANDOM * (2 if 'puzzle' in env_name else 1)
    oracle = oracles[info['privileged/target_task']]
    oracle.reset(seen, info)
    done = False
    while not done:
        if rng.uniform() < share:
            action = env.action_space.sample()
        else:
            action = np.asarray(oracle.select_action(seen, info)) + rng.normal(0, spread)
        action = np.clip(action, -1, 1).astype(np.float32)
        after, _, terminated, truncated, info = env.step(action)
        done = terminated or truncated
        if oracle.done:
            told, aim = env.unwrapped.set_new_target(p_stack=stacked)
            oracle = oracles[aim['privileged/target_task']]
            oracle.reset(told, aim)
        row = {
            'observations': seen.astype(np.float32),
            'actions': action,
            'terminals': np.float32(done),
            'qpos': info['prev_qpos'].astype(np.float32),
        }
        if 'prev_button_states' in info:
            row['button_states'] = np.asarray(info['prev_button_states'], np.int64)
        yield row
        seen = after


def _in_reach(qpos: np.ndarray[Any, Any]) -> bool:
    """Tell whether a scene's cube stayed on the table, or in the drawer beside it."""
    y, z = qpos[:, _CUBE][:, 1], qpos[:, _CUBE][:, 2]
    fallen = (y <= _ASIDE[0]) & ((z < 0.06) | (z > 0.08))
    return not bool((y >= _ASIDE[1]).any() or fallen.any())


def labelled(columns: Columns, task: str) -> Columns:
    """Return the columns with rewards and masks of one task, as OGBench labels its own files."""
    env = make_env(task)
    from ogbench.relabel_utils import relabel_dataset

    found = dict(columns)
    relabel_dataset(environment_name(task), env, found)
    env.close()
    return {k: found[k] for k in ('observations', 'actions', 'terminals', 'rewards', 'masks')}


def make_env(task: str) -> Any:
    """Return the environment that a policy is evaluated in."""
    import ogbench

    try:
        return ogbench.make_env_and_datasets(task, env_only=True)
    except Exception as error:  # gymnasium's errors name what is registered, at length
        raise ConfigError(f"OGBench task '{task}': {str(error).splitlines()[0][:200]}") from None


def successes(columns: Columns, before: int, most: int) -> Columns:
    """
    Return what led to the goal: slices that end at the first of some rows in which it is reached.

    At most so many, each with at most so many rows before the goal, and one row behind it, which
    is what the last action led to.
    """
    reached = columns['masks'] == 0
    ends = np.flatnonzero(columns['terminals'])
    first = np.append(0, ends[:-1] + 1)
    trajectory = np.searchsorted(ends, np.arange(len(reached)))
    fresh = reached.copy()
    fresh[1:] &= ~(reached[:-1] & (trajectory[1:] == trajectory[:-1]))
    pieces = []
    for at in np.flatnonzero(fresh):
        begin, end = max(first[trajectory[at]], at - before), at + 1
        if at > begin and end <= ends[trajectory[at]]:
            pieces.append(np.arange(begin, end + 1))
    pieces = pieces[:most]
    if not pieces:
        raise ConfigError('the goal is never reached in this data; collect more trajectories')
    rows = np.concatenate(pieces)
    found = {key: values[rows] for key, values in columns.items()}
    found['terminals'] = np.zeros(len(rows), np.float32)
    found['terminals'][np.cumsum([len(piece) for piece in pieces]) - 1] = 1
    return found


def save(path: Path, columns: Columns) -> None:
    """Write a file whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix('.new.npz')
    np.savez(fresh, **columns)  # type: ignore[arg-type]
    fresh.replace(path)
