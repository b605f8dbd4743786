# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a result belongs to, as hashes: the policy's content and the world that it was played in.

A result from before is taken again only while both are the same; a retrained network or a changed
rubric is played anew.
"""

from collections.abc import Iterable
import hashlib
import importlib.metadata
import importlib.util
import json
from pathlib import Path

from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.body import Body
from hvd_ros.core.tasks import load_task
import hvd_ros.sim
from hvd_training.evaluate import controls
from hvd_training.evaluate.specs import Spec

_SIM = Path(hvd_ros.sim.__file__).parent
# What decides how an episode goes, what is seen of it and what it is worth.
_WORLD = (
    'task_env.py', 'sim_state.py', 'robot_model.py', 'scene.py', 'tasks',
    'cameras.py', 'render.py', 'rays.py', 'views.py',
)  # fmt: skip
_ROBOT = _SIM.parent
_GRAPH = ('core/mux', 'core/policy', 'nodes', 'runtime', 'sim/vendor_side.py')
_EXPERT = ('experts', 'ik.py')
_DIGITS = 16
# Of a run's folder: what the policy is made of, not the diary of how it was made.
_GOES_ON = 'checkpoints'
_MADE_OF = ('.safetensors', '.json', '.npz', '.npy', '.onnx', '.yaml')


def world_id(body: Body, task: str, cloud: str) -> str:
    """Return the hash of everything but the policy that an episode of a task depends on."""
    facts = {
        'mujoco': importlib.metadata.version('mujoco'),
        'numpy': importlib.metadata.version('numpy'),
        'layout': body.layout_id,
        'limits': body.limits_id,
        'cloud': cloud,
    }
    # The task as text: a policy reads its prompt.
    files = [*(_SIM / name for name in _WORLD), *([body.urdf] if body.urdf else [])]
    return _digest(json.dumps(facts, sort_keys=True), repr(load_task(task)), hash_of(files))


def graph_id() -> str:
    """Return the hash of what stands between a policy and the physics in the live graph."""
    return hash_of(_ROBOT / name for name in _GRAPH)[:_DIGITS]


def real_world_id(body: Body, task: str, where: str) -> str:
    """Return the hash of what a trial of a person depends on: an edited simulation has no part."""
    return _digest(str(body.layout_id), repr(load_task(task)), where)


def content_id(spec: Spec) -> str:
    """Return the hash of what a spec names."""
    if spec.kind == 'expert':
        return _digest(spec.kind, hash_of(_SIM / name for name in _EXPERT))
    if spec.kind in ('nothing', 'random'):
        return _digest(spec.kind, hash_of([Path(controls.__file__)]))
    if spec.kind == 'module':
        return _digest(str(spec), hash_of([_source(spec)]))
    return _digest(spec.kind, _hash_of_folder(Path(spec.argument)))


def hash_of(paths: Iterable[Path]) -> str:
    """Return the hash of files, and of the Python files below folders."""
    whole = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob('*.py')) if path.is_dir() else [path] * path.is_file()
        for file in files:
            whole.update(file.relative_to(path.parent).as_posix().encode())
            with file.open('rb') as content:
                whole.update(hashlib.file_digest(content, 'sha256').digest())
    return whole.hexdigest()


def _hash_of_folder(path: Path) -> str:
    if path.is_file():
        return hash_of([path])
    parts = (p for p in path.rglob('*') if p.suffix in _MADE_OF)
    files = sorted(p for p in parts if _GOES_ON not in p.relative_to(path).parts)
    if not files:
        raise ConfigError(f'{path}: holds no policy: no file of {", ".join(_MADE_OF)}')
    return hash_of(files)


def _source(spec: Spec) -> Path:
    module = spec.argument.partition(':')[0]
    found = importlib.util.find_spec(module)
    return Path(found.origin) if found and found.origin else Path(module)


def _digest(*parts: str) -> str:
    return hashlib.sha256('\n'.join(parts).encode()).hexdigest()[:_DIGITS]
