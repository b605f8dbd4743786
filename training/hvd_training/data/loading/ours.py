# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A LeRobot folder, written by `hvd dataset` or by somebody else, as recordings."""

from pathlib import Path

import numpy as np

from hvd_ros.core.errors import ContractMismatch
from hvd_training.data.columns import ACTION, SIM_STATE, STATE
from hvd_training.data.lerobot import layout
from hvd_training.data.loading.recordings import Recordings, Role
from hvd_training.data.loading.statistics import stats_of_arrays
from hvd_training.data.reader import DatasetReader
from hvd_training.data.statistics import norm_stats


def open_lerobot(root: Path, role: Role) -> Recordings:
    """Map the numbers of a dataset; its statistics must be there unless it is a foreign one."""
    reader = DatasetReader(root)
    columns, features = reader.columns, reader.data.features
    for name in (STATE, ACTION):
        if name not in columns:
            raise ContractMismatch(
                f"{root} has no column '{name}' but {', '.join(columns)}; learning needs it"
            )
    names = {
        name: features[name].names or tuple(map(str, range(features[name].shape[0])))
        for name in (STATE, ACTION, SIM_STATE)
        if name in features
    }
    arrays = {name: columns[name] for name in names}
    foreign = not (root / layout.HVD).is_file() and not (root / layout.NORM_STATS).is_file()
    left = columns['steps_left']
    return Recordings(
        root=root,
        role=role,
        state=columns[STATE],
        action=columns[ACTION],
        reward=columns['reward'],
        terminated=columns['terminal'],
        left=left,
        # What was seen behind the last action was not recorded; the last row stands in for it.
        ahead=np.maximum(left - 1, 0),
        episode=np.repeat(np.arange(len(reader.starts) - 1), np.diff(reader.starts)),
        facts=reader.data.facts,
        state_names=names[STATE],
        action_names=names[ACTION],
        stats=stats_of_arrays(arrays, names, root) if foreign else norm_stats.load(root),
        content=reader.data.content_sha256,
        stats_made=foreign,
        sim_state=columns.get(SIM_STATE),
        sim_names=names.get(SIM_STATE, ()),
        reader=reader,
    )
