# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The picture of docs/architecture.md: the twin in its office, and what its cameras see.

`python tools/camera_picture.py [PATH]`: a bystander's view beside colour and depth of each camera.
"""

from pathlib import Path
import sys

import cv2
import mujoco
import numpy as np

from hvd_ros.core.policy.observation import Depth, Picture
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim import scene
from hvd_ros.sim.cameras import Look, mount_cameras
from hvd_ros.sim.render import Renderer
from hvd_ros.sim.robot import SimRobot
from hvd_ros.sim.views import View

_BYSTANDER = View('bystander', 600, 450, 55.0, 0.2, 9.0)
_FROM, _AXES = (
    (-1.3, -1.7, 1.75),
    (0.78, -0.63, 0, 0.24, 0.29, 0.93),
)  # place; x and y of its picture
_TEXT = (cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 1, cv2.LINE_AA)


def draw() -> Picture:
    """Return the whole picture (450, 1500, 3) RGB."""
    body, look = load_body('r1'), Look()
    spec = scene.build(body, 'office')
    mount_cameras(spec, body, look)
    spec.worldbody.add_camera(name='bystander', pos=_FROM, xyaxes=_AXES, fovy=_BYSTANDER.fovy_deg)
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 600, 450
    model = spec.compile()
    data = mujoco.MjData(model)
    data.qpos[:] = SimRobot(body, 'home', (0.4, 0.0, 0.0), 'office').data.qpos
    mujoco.mj_forward(model, data)
    renderer = Renderer(model, [_BYSTANDER, *look.views])
    whole = np.zeros((450, 1500, 3), np.uint8)
    whole[:, :600], _ = _seen(renderer, data, _BYSTANDER)
    cv2.putText(whole, 'the twin', (10, 22), *_TEXT)
    for i, view in enumerate(look.views):
        color, depth_mm = _seen(renderer, data, view)
        left = slice(600 + 300 * i, 900 + 300 * i)
        whole[:225, left] = cv2.resize(color, (300, 225), interpolation=cv2.INTER_AREA)
        near = 255 - np.clip(depth_mm / (1000 * view.far_m) * 255, 0, 255).astype(np.uint8)
        near[depth_mm == 0] = 0
        tinted = cv2.applyColorMap(near, cv2.COLORMAP_VIRIDIS)[:, :, ::-1]
        whole[225:, left] = cv2.resize(tinted, (300, 225), interpolation=cv2.INTER_NEAREST)
        cv2.putText(whole, view.camera.replace('_', ' '), (left.start + 6, 16), *_TEXT)
    renderer.close()
    return whole


def _seen(renderer: Renderer, data: mujoco.MjData, view: View) -> tuple[Picture, Depth]:
    color = np.empty((view.height, view.width, 3), np.uint8)
    depth_mm = np.empty((view.height, view.width), np.uint16)
    renderer.draw(data, view, color, depth_mm)
    return color, depth_mm


if __name__ == '__main__':
    path = Path(sys.argv[1] if len(sys.argv) > 1 else 'docs/images/cameras.png')
    cv2.imwrite(str(path), cv2.cvtColor(draw(), cv2.COLOR_RGB2BGR))
    print(f'{path}: {path.stat().st_size / 1000:.0f} kB')
