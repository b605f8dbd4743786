# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A policy of realistic size with weights of chance, as a run would have left it.

How long an answer takes and whether graphs agree does not depend on what was learnt, so that the
bench needs neither data nor training.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import torch

from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.policy.bundle import Inputs, Manifest, Sampler, observed_names, save_manifest
from hvd_ros.core.robot.body import Body, Kind
from hvd_training.data.batch import CLOUD, PROMPT, STATE
from hvd_training.data.loading.config import DataConfig
from hvd_training.data.loading.normaliser import Normaliser, Scale
from hvd_training.export import graphs, inputs, onnx_file
from hvd_training.export.inputs import Feed
from hvd_training.export.subject import Subject
from hvd_training.policies.small import Shapes, SmallConfig, build
from hvd_training.train.config import PolicyTrain
from hvd_training.train.run_folder import RunFolder

_HORIZON, _PROMPTS, _SEED = 16, 5, 0


def make_subject(body: Body, small: SmallConfig, cloud: bool) -> Subject:
    """Return the small policy for a body: state and prompt, and a cloud if asked for."""
    observe = (STATE, CLOUD, PROMPT) if cloud else (STATE, PROMPT)
    names = observed_names(body)
    config = PolicyTrain(policy=small, data=DataConfig(horizon=_HORIZON, observe=observe))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        policy = build(
            small, Shapes(_HORIZON, body.size, len(names), prompts=_PROMPTS, cloud=cloud)
        )
    policy = policy.eval().requires_grad_(False)
    about = {
        'actions': list(body.names),
        'state_names': list(names),
        'prompts': [f'task {i}' for i in range(_PROMPTS)],
    }
    folder = RunFolder(Path('small'), {}, about)
    return Subject(folder, config, body, policy, policy, None, _scales(body, names))


def write_bundle(subject: Subject, folder: Path) -> Feed:
    """Write its bundle into a folder that is there; return what its graphs are fed with."""
    about, data = subject.about, subject.config.data
    seen = Inputs(
        state=tuple(about['state_names']),
        cloud_points=data.cloud_points if CLOUD in data.observe else 0,
        prompt=True,
    )
    rng = np.random.default_rng(_SEED)
    feed = inputs.drawn(subject, seen, rng)
    noise = subject.noise_shape(feed)
    feed['noise'] = rng.standard_normal(noise).astype(np.float32)
    manifest = Manifest(
        name='small',
        robot=subject.body.name,
        layout_id=hex_id(subject.body.layout_id),
        dimensions=subject.body.names,
        learnt=tuple(about['actions']),
        ranges={},
        prompts=tuple(about['prompts']),
        inputs=seen,
        horizon=data.horizon,
        execute=subject.config.execute,
        step_s=0.1,
        sampler=Sampler('whole', noise),
        graphs={},
    )
    written = {p.role: onnx_file.write(p, folder) for p in graphs.pieces(subject, feed)}
    save_manifest(folder, replace(manifest, graphs=written))
    return feed


def _scales(body: Body, names: tuple[str, ...]) -> Normaliser:
    """Return scales as data would have them: joints are differences from where they are."""
    moved = np.flatnonzero(body.mask(Kind.POSITION))
    origin = [names.index(f'{body.names[i]}.position') for i in moved]
    return Normaliser(
        state=_scale(len(names), 0.5),
        action=_scale(body.size, 0.2),
        sim_state=None,
        moved=moved,
        origin=np.array(origin, dtype=np.intp),
    )


def _scale(size: int, width: float) -> Scale:
    widths: NDArray[np.float32] = np.full(size, width, np.float32)
    return Scale(np.zeros(size, np.float32), widths, 10.0)
