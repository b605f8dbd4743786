# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a run to a bundle: graphs, manifest, reports; all of it or nothing.

It is made in a folder beside the place where it will be, compared with PyTorch there and only then
given its name.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
import json
from pathlib import Path
import shutil
from typing import Any

import numpy as np
import torch

from hvd_ros.core.durable import sync_folder, write_whole
from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.errors import ConfigError, HvdError
from hvd_ros.core.policy import bundle
from hvd_ros.core.policy.bundle import Inputs, Manifest, Sampler
from hvd_ros.runtime.bundle_policy import BundlePolicy, LedBundlePolicy
from hvd_ros.runtime.choice import choose
from hvd_ros.sim.sim_state import names_of
from hvd_ros.sim.tasks.catalogue import TASKS, load_sim_task
from hvd_training.data.batch import CLOUD, PROMPT, RGB, SIM_STATE
from hvd_training.data.loading.corpus import Corpus
from hvd_training.data.loading.opening import open_corpus
from hvd_training.export import graphs, inputs, latency, onnx_file, parity
from hvd_training.export.inputs import Feed
from hvd_training.export.precision import lowered
from hvd_training.export.subject import Subject, open_subject

_COMPARED = 32  # inputs of each kind
_CALLS, _SECONDS = 200, 10.0  # of the latency report, each
Tell = Callable[[str], object]


def export(
    run: Path,
    out: Path,
    precision: str = 'fp32',
    data: Sequence[str] = (),
    tell: Tell = print,
    led: bool = False,
) -> Manifest:
    """
    Write a bundle of a run.

    `data` names the datasets, where they are no longer where they were; `led` adds the graph for
    real-time chunking. Raises HvdErrors as opening a run does; ContractMismatch when graphs and
    PyTorch differ.
    """
    if out.exists():
        raise ConfigError(f'{out} is there already; name another --out or remove it')
    subject = open_subject(run)
    corpus = _corpus(subject, data)
    partial = out.with_name(out.name + '.partial')
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        manifest = _fill(partial, subject, corpus, precision, tell, led)
        sync_folder(partial)
        partial.rename(out)
        sync_folder(out.parent)
    except OSError as error:
        raise HvdError(f'{out} can not be written: {error.strerror}; free some space') from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest


def _fill(
    folder: Path, subject: Subject, corpus: Corpus, precision: str, tell: Tell, led: bool
) -> Manifest:
    seen, rng = _inputs(subject, corpus), np.random.default_rng(0)
    feeds = {
        'random': [inputs.drawn(subject, seen, rng) for _ in range(_COMPARED)],
        'recorded': inputs.recorded(subject, corpus, _COMPARED),
    }
    split = graphs.split_of(subject)
    noise = split.noise if split else subject.noise_shape(feeds['random'][0])
    for feed in (one for some in feeds.values() for one in some if noise):
        feed['noise'] = rng.standard_normal(noise).astype(np.float32)
    tell(f'{subject.folder.path}: saying it in ONNX ({precision})')
    found = {}
    pieces = graphs.pieces(subject, feeds['random'][0])
    pieces += [graphs.along(subject, feeds['random'][0])] if led else []
    for piece in pieces:
        piece.module = lowered(piece.module, precision)
        found[piece.role] = onnx_file.write(piece, folder)
    sampler = Sampler('encode_step' if split else 'whole', noise, split.steps if split else ())
    manifest = _manifest(subject, corpus, seen, sampler, precision)
    manifest = replace(manifest, graphs=found)
    bundle.save_manifest(folder, manifest)
    _reports(folder, subject, feeds, tell)
    return bundle.load_manifest(folder, subject.body)


def _reports(folder: Path, subject: Subject, feeds: dict[str, list[Feed]], tell: Tell) -> None:
    manifest = bundle.load_manifest(folder, subject.body)
    chosen = choose(folder, manifest, 'onnxruntime_cpu')
    kind = LedBundlePolicy if bundle.ALONG in manifest.graphs else BundlePolicy
    policy = kind(manifest, chosen.backends, subject.body, manifest.execute, chosen.name)
    (folder / bundle.REPORTS).mkdir()
    report = parity.compare(subject, policy, feeds)
    if isinstance(policy, LedBundlePolicy):
        module = graphs.along(subject, feeds['random'][0]).module
        parity.add_along(report, parity.compare_along(policy, module, feeds['random']))
    _write(folder, 'parity', report)
    parity.refuse_apart(report, str(subject.folder.path))
    tell(
        f'ONNX Runtime agrees with PyTorch to {report["largest_difference"]:.2g} '
        f'(allowed {report["tolerance"]:.2g}) on {report["random"]["inputs"]} random and '
        f'{report["recorded"]["inputs"]} recorded inputs'
    )
    one = feeds['random'][0]
    calls = {
        'pytorch_eager': lambda: subject.eager(one),
        chosen.name: lambda: policy.sample(dict(one)),
    }
    times: dict[str, Any] = {
        **latency.in_turns(calls, _CALLS, _SECONDS),
        'threads': {'pytorch': torch.get_num_threads(), 'onnxruntime': 1},
    }
    _write(folder, 'latency', times)
    said = ', '.join(f'{name} {times[name]["ms_p50"]:.2f} ms' for name in calls)
    tell(f'an answer takes (median): {said}')


def _corpus(subject: Subject, data: Sequence[str]) -> Corpus:
    """Open what was learnt from: recorded inputs and the range of commands come from there."""
    specs = list(data) or [f'{d["role"]}:{d["path"]}' for d in subject.about['datasets']]
    try:
        corpus = open_corpus(specs, subject.config.data)
    except ConfigError as error:
        raise ConfigError(
            f'{error}; the range of commands and recorded inputs come from what '
            f'{subject.folder.path} learnt from, say where it is by --data'
        ) from None
    now = sorted(part.content for part in corpus.parts)
    then = sorted(d['content_sha256'] for d in subject.about['datasets'])
    if now != then:
        raise ConfigError(
            f'{", ".join(specs)} is not what {subject.folder.path} learnt from; name those '
            'datasets by --data, as they were'
        )
    return corpus


def _inputs(subject: Subject, corpus: Corpus) -> Inputs:
    about, observe = subject.about, subject.config.data.observe
    cameras = [name.removeprefix(RGB) for name in observe if name.startswith(RGB)]
    return Inputs(
        state=tuple(about['state_names']),
        sim_state=tuple(about['sim_names']) if SIM_STATE in observe else (),
        sim_state_of=_sim_state_of(about) if SIM_STATE in observe else {},
        cloud_points=subject.config.data.cloud_points if CLOUD in observe else 0,
        cameras={name: inputs.picture_size(corpus, name) for name in cameras},
        prompt=PROMPT in observe,
        history=subject.config.data.history,
    )


def _sim_state_of(about: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return which numbers each task gives, of those of all tasks."""
    known = about['sim_names']
    given = {}
    for prompt in about['prompts']:
        task = about.get('tasks', {}).get(prompt)
        own = names_of(load_sim_task(task)) if task in TASKS else known
        given[prompt] = tuple(name for name in own if name in known)
    return given


def _manifest(
    subject: Subject, corpus: Corpus, seen: Inputs, sampler: Sampler, precision: str
) -> Manifest:
    about, config = subject.about, subject.config
    return Manifest(
        name=subject.folder.path.resolve().name,
        robot=subject.body.name,
        layout_id=hex_id(subject.body.layout_id),
        dimensions=subject.body.names,
        learnt=tuple(about['actions']),
        ranges=inputs.ranges(subject, corpus),
        prompts=tuple(about['prompts']),
        inputs=seen,
        horizon=config.data.horizon,
        execute=min(config.execute, config.data.horizon),
        step_s=1.0 / about['fps'],
        sampler=sampler,
        graphs={},
        precision=precision,
        run={
            'policy': config.policy_name,
            'objective': config.objective_name,
            'weights_sha256': subject.folder.sha256,
            'norm_sha256': about['norm_sha256'],
            'limits_id': about['limits_id'],
            'datasets': [d['content_sha256'] for d in about['datasets']],
            'made_with': about['made_with'],
        },
    )


def _write(folder: Path, name: str, report: Any) -> None:
    path = folder / bundle.REPORTS / f'{name}.json'
    write_whole(path, json.dumps(report, indent=1) + '\n')
