# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A bundle that is whole and runs: its graph adds one to the noise that it is given."""

from pathlib import Path
from typing import Any

import numpy as np

from hvd_ros.core.episodes.meta import hex_id
from hvd_ros.core.policy.bundle import (
    Graph,
    Inputs,
    Manifest,
    Sampler,
    file_sha256,
    observed_names,
    save_manifest,
)
from hvd_ros.core.robot.description import load_body

BODY = load_body('r1')
PROMPT = 'insert the pen into the pen case'


def write_graph(path: Path, **changes: Any) -> Path:
    """Write chunk = noise + 1 by the library of ONNX; `op` names another operator."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    shape = changes.get('shape', (1, 3, 2))
    one = numpy_helper.from_array(np.ones(1, np.float32), 'one')
    graph = helper.make_graph(
        [helper.make_node(changes.get('op', 'Add'), ['noise', 'one'], ['chunk'])],
        'small',
        [helper.make_tensor_value_info('noise', TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info('chunk', TensorProto.FLOAT, shape)],
        [one],
    )
    opset = [helper.make_opsetid('', 18)]
    path.write_bytes(
        helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()
    )
    assert onnx is not None
    return path


def write_bundle(folder: Path, inputs: Inputs | None = None) -> Path:
    """Write it; it looks at the state alone, unless told otherwise."""
    folder.mkdir(parents=True)
    graph = write_graph(folder / 'whole.onnx')
    made = Manifest(
        name='small',
        robot=BODY.name,
        layout_id=hex_id(BODY.layout_id),
        dimensions=BODY.names,
        learnt=BODY.names[:2],
        ranges={},
        prompts=(PROMPT,),
        inputs=inputs or Inputs(state=observed_names(BODY)[:4]),
        horizon=3,
        execute=2,
        step_s=0.1,
        sampler=Sampler('whole', (1, 3, 2)),
        graphs={'whole': Graph(graph.name, file_sha256(graph))},
    )
    save_manifest(folder, made)
    return folder
