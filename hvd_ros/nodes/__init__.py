# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ROS 2 shells, one job each."""

import os

# Our matrices are small: a second thread would only spin beside the node that needs the core. Read
# once, when NumPy is first imported, which is after this.
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
