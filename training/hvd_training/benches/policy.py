# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
`hvd bench policy`: how long an answer takes in every runtime, and how rough seams are.

The small policy, with weights of chance, answers one observation at a time: by PyTorch as it is
and compiled, and by every runtime of this machine, in turns and on one thread each, so that a busy
machine is busy for all. It looks at state and prompt; what begins with `cloud_` is of one that
looks at a cloud, too.
"""

from collections.abc import Callable
from pathlib import Path
import sys
import tempfile

import numpy as np
import torch

from hvd_ros.core.errors import HvdError
from hvd_ros.core.policy.bundle import Manifest, load_manifest
from hvd_ros.core.robot.description import load_body
from hvd_ros.runtime.bundle_policy import BundlePolicy
from hvd_ros.runtime.choice import RUNTIMES
from hvd_training.benches import seams
from hvd_training.benches.policy_subject import make_subject, write_bundle
from hvd_training.export import latency
from hvd_training.export.graphs import Whole
from hvd_training.export.inputs import Feed
from hvd_training.export.subject import Subject
from hvd_training.policies.small import SmallConfig

EAGER, COMPILED, ORT = 'pytorch_eager', 'pytorch_compiled', 'onnxruntime_cpu'
Calls = dict[str, Callable[[], object]]


def measure(quick: bool, minutes: float | None) -> dict[str, float]:
    """Return percentiles of every runtime, ratios, and the jerk of every way of stitching."""
    seconds = 1.0 if quick else 60 * (minutes or 0.5)
    body = load_body('r1')
    size = SmallConfig(width=32, depth=1, sampling_steps=2) if quick else SmallConfig()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        plain = _answers(make_subject(body, size, cloud=False), seconds / 2, not quick)
        cloud = {} if quick else _answers(make_subject(body, size, cloud=True), seconds / 2, True)
    finally:
        torch.set_num_threads(threads)
    return {
        **plain,
        **{f'cloud_{name}': value for name, value in cloud.items()},
        **(seams.measure(body, 1, 20) if quick else seams.measure(body, 10)),
    }


def _answers(subject: Subject, seconds: float, compiled: bool) -> dict[str, float]:
    """Measure one policy in all runtimes."""
    body = subject.body
    with tempfile.TemporaryDirectory(prefix='hvd_bench_') as place:
        folder = Path(place)
        feed = write_bundle(subject, folder)
        manifest = load_manifest(folder, body)
        calls, apart = _runtimes(folder, manifest, subject, feed)
        calls |= _pytorch(subject, feed, compiled)
        times = latency.in_turns(calls, 5000, seconds, turns=10)
    figures = {f'{name}_{key}': times[name][key] for name in calls for key in ('ms_p50', 'ms_p99')}
    figures['ort_cpu_ratio_vs_eager'] = times[ORT]['ms_p50'] / times[EAGER]['ms_p50']
    if COMPILED in times:
        figures['ort_cpu_ratio_vs_compiled'] = times[ORT]['ms_p50'] / times[COMPILED]['ms_p50']
    return figures | {'largest_difference': apart}


def _runtimes(
    folder: Path, manifest: Manifest, subject: Subject, feed: Feed
) -> tuple[Calls, float]:
    """Return a call for every runtime of this machine, and how far from PyTorch they are."""
    calls: Calls = {}
    apart = 0.0
    for name, open_ in RUNTIMES.items():
        try:
            policy = BundlePolicy(manifest, open_(folder, manifest), subject.body, 1, name)
        except HvdError as error:
            print(f'{name}: not here: {error}', file=sys.stderr)
            continue
        apart = max(apart, float(np.abs(policy.sample(feed) - subject.eager(feed)).max()))
        calls[name] = lambda policy=policy: policy.sample(feed)  # type: ignore[misc]
    return calls, apart


def _pytorch(subject: Subject, feed: Feed, compiled: bool) -> Calls:
    """Return the very module that is exported, as it is and compiled where a compiler is."""
    module = Whole(subject, tuple(feed)).eval()
    tensors = [torch.from_numpy(np.asarray(value)) for value in feed.values()]

    def call(run: Callable[..., torch.Tensor]) -> Callable[[], object]:
        def answer() -> object:
            with torch.inference_mode():
                return run(*tensors).numpy()

        return answer

    calls: Calls = {EAGER: call(module)}
    if not compiled:
        return calls
    fast = call(torch.compile(module))
    try:
        fast()
    except Exception as error:  # what a compiler that is missing raises is not told
        print(f'{COMPILED}: not here: {type(error).__name__}', file=sys.stderr)
        return calls
    return calls | {COMPILED: fast}
