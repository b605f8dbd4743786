# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A value that was learnt, opened again: frozen, for weights and for choosing among chunks."""

from dataclasses import dataclass
import os
from pathlib import Path
import shutil

from safetensors import SafetensorError
from safetensors.torch import load_file
import torch

from hvd_ros.core.errors import ContractMismatch
from hvd_training.groups import from_lists
from hvd_training.train import run_folder, value_eyes
from hvd_training.train.config import ValueTrain, value_from_json
from hvd_training.train.run_folder import RunFolder
from hvd_training.values.learner import ValueLearner
from hvd_training.values.model import ValueSpec

_PLACE = 'value'


@dataclass(frozen=True, eq=False)
class TrainedValue:
    """The learner with its weights, never trained again."""

    folder: RunFolder
    config: ValueTrain
    learner: ValueLearner


def open_value(path: Path, device: torch.device | str = 'cpu') -> TrainedValue:
    """Open a run of phase 1, or the copy of it in a run of phase 2."""
    folder = run_folder.open_run(path, run_folder.VALUE)
    config = value_from_json(folder.config)
    # What was mixed into targets while it was learnt is not needed any more.
    value = config.value.but(mc_share=0.0)
    encoder, width = value_eyes.value_encoder(config, folder.about)
    spec = ValueSpec(
        groups=from_lists(folder.about['groups']),
        encoder=encoder,
        width=width,
        support=tuple(support) if (support := folder.about['support']) else None,
    )
    learner = ValueLearner(value, spec, device=device)
    try:
        learner.losses.load_state_dict(load_file(path / run_folder.MODEL))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ContractMismatch(
            f'{path / run_folder.MODEL} does not fit its {run_folder.CONFIG}: '
            f'{" ".join(str(error).split())[:200]}; the run is damaged, train it again'
        ) from None
    learner.losses.eval().requires_grad_(False)
    return TrainedValue(folder, config, learner)


def keep_copy(value: TrainedValue, run: Path) -> Path:
    """Put what acting needs of a value into a run of phase 2, so that it stands on its own."""
    place = run / _PLACE
    place.mkdir(parents=True, exist_ok=True)
    for name in (
        run_folder.CONFIG, run_folder.RUN, run_folder.NORM_STATS, run_folder.MODEL,
    ):  # fmt: skip
        source, target = value.folder.path / name, place / name
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
    return place


def copy_of(run: Path) -> Path | None:
    """Return where a run of phase 2 keeps its value, if it learnt by one."""
    place = run / _PLACE
    return place if place.is_dir() else None
