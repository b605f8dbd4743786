# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How a batch names what is observed; apart from it, so that names can be had without PyTorch."""

STATE, SIM_STATE, CLOUD, PROMPT = 'state', 'sim_state', 'cloud', 'prompt'
RGB = 'rgb.'  # and the name of the camera
