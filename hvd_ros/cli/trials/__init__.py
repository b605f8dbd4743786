# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One trial of a policy with a person beside the robot: `hvd trial`."""
