# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A node's NumPy computes in the node's own thread."""

import os
import subprocess
import sys

CODE = (
    'import hvd_ros.nodes, numpy as np, os; np.ones((500, 500)) @ np.ones((500, 500)); '
    'print(len(os.listdir("/proc/self/task")))'
)


def test_importing_the_nodes_room_leaves_no_threads_to_blas() -> None:
    environment = {k: v for k, v in os.environ.items() if k != 'OPENBLAS_NUM_THREADS'}
    done = subprocess.run(
        [sys.executable, '-c', CODE], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == '1'
