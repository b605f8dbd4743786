# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The eyes of the simulated robot: draws its three cameras, in a process of its own.

The physics hands out its state and never waits for a picture. A picture carries the time of the
state that it shows, which is the true time of its capture.
"""

from dataclasses import dataclass
from pathlib import Path
import time
from typing import Any

from hvd_msgs.srv import InjectFault
from rclpy.node import Node

from hvd_ros.core.config import param
from hvd_ros.core.errors import ConfigError
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.mounts import OPTICAL_FRAMES, load_mounts, nominal_mounts
from hvd_ros.drivers.shared_record import RecordReader
from hvd_ros.drivers.sim_devices import twin_dir
from hvd_ros.nodes.shell.params import declare
from hvd_ros.nodes.shell.run import run
from hvd_ros.nodes.shell.tick import Tick
from hvd_ros.nodes.sim_cameras.outlet import FAULTS, Instant, Outlet
from hvd_ros.nodes.twin.finding import Finder
from hvd_ros.sim.fault_dial import FaultDial
from hvd_ros.sim.studio import Studio
from hvd_ros.sim.views import HEAD_FOVY_DEG, WRIST_FOVY_DEG, View

CAMERAS = tuple(OPTICAL_FRAMES)


@dataclass(frozen=True)
class SimCamerasConfig:
    """Parameters of the sim_cameras node."""

    rate_hz: float = param(10.0, 'Pictures of every camera per second.', low=0.5, high=60.0)
    width: int = param(320, 'Width of every picture [px].', low=16, high=1920)
    height: int = param(240, 'Height of every picture [px].', low=16, high=1080)
    head_fovy_deg: float = param(
        HEAD_FOVY_DEG,
        'Vertical field of view of the head camera: as wide as a ZED 2i, but four to three.',
        low=20.0,
        high=120.0,
    )
    head_near_m: float = param(0.2, 'Nearest depth of the head camera.', low=0.05, high=1.0)
    head_far_m: float = param(5.0, 'Farthest depth of the head camera.', low=1.0, high=20.0)
    wrist_fovy_deg: float = param(
        WRIST_FOVY_DEG,
        'Vertical field of view of the wrist cameras (D435i).',
        low=20.0,
        high=120.0,
    )
    wrist_near_m: float = param(0.1, 'Nearest depth of the wrist cameras.', low=0.05, high=1.0)
    wrist_far_m: float = param(3.0, 'Farthest depth of the wrist cameras.', low=1.0, high=20.0)
    mounts: str = param(
        '', 'Where the cameras truly are: a file like that of a calibration; empty: as drawn.'
    )


class SimCamerasNode(Node):  # type: ignore[misc]
    """Draws the newest state of the twin in this namespace."""

    def __init__(self, **options: Any) -> None:
        super().__init__('sim_cameras', **options)
        self._config = config = declare(self, SimCamerasConfig)
        self.folder = twin_dir(self.get_namespace())
        self.views = tuple(_view(name, config) for name in CAMERAS)
        self.dial = FaultDial(CAMERAS, kinds=FAULTS)
        self._state: RecordReader | None = None
        self._studio: Studio | None = None
        self._finder = Finder(self, self.folder)
        self._outlets: dict[str, Outlet] = {}
        for view in self.views:
            self._outlets[view.camera] = Outlet(
                self.folder, view.camera, view.intrinsics, self.dial
            )
        self.create_service(InjectFault, 'sim_cameras/fault', self._on_fault)
        self.tick = Tick(self, 1.0 / config.rate_hz, self._on_tick)

    def close(self) -> None:
        """Unplug the cameras."""
        for outlet in self._outlets.values():
            outlet.close()
        self._leave()

    def _on_tick(self) -> None:
        now_ns = time.monotonic_ns()
        if (self._state is None or self._studio is None) and not self._enter():
            return
        assert self._state is not None and self._studio is not None
        state = self._state.read()
        if state is None:
            # The physics stands still: so do the pictures, and the camera nodes say so.
            if not self._state.alive():
                self._leave()
            return
        physics = state['physics']
        self._studio.place(state['qpos'], physics if physics.size else None)
        instant = Instant(int(state['captured_ns']), int(state['captured_steady_ns']))
        for view in self.views:
            self._show(self._studio, view, instant, now_ns)

    def _show(self, studio: Studio, view: View, instant: Instant, now_ns: int) -> None:
        self._outlets[view.camera].show(
            instant, lambda color, depth: studio.draw(view, color, depth), now_ns
        )

    def _enter(self) -> bool:
        """Find the physics and build its scene once more."""
        state = self._finder.find()
        if state is None:
            return False
        about = state.about
        body, scene = load_body(about['robot']), about['scene']
        path = self._config.mounts
        mounts = load_mounts(body, Path(path)) if path else nominal_mounts(body)
        self._state, self._studio = (
            state,
            Studio(body, scene, self.views, mounts, about['seed'], about['setting']),
        )
        self.get_logger().info(
            f'draws {", ".join(CAMERAS)} at {self._config.width}x{self._config.height} in '
            f"'{scene}', {self._config.rate_hz:g} a second"
        )
        return True

    def _leave(self) -> None:
        if self._studio is not None:
            self._studio.close()
        if self._state is not None:
            self._state.close()
        self._studio = self._state = None

    def _on_fault(
        self, request: InjectFault.Request, response: InjectFault.Response
    ) -> InjectFault.Response:
        now_ns = time.monotonic_ns()
        try:
            response.message = self.dial.set(
                request.fault, request.target, request.amount, request.seconds, now_ns
            )
            response.success = True
        except ConfigError as error:
            response.success, response.message = False, str(error)
        return response


def _view(camera: str, config: SimCamerasConfig) -> View:
    c, size = config, (config.width, config.height)
    if camera == 'head':
        return View(camera, *size, c.head_fovy_deg, c.head_near_m, c.head_far_m)
    return View(camera, *size, c.wrist_fovy_deg, c.wrist_near_m, c.wrist_far_m)


def main() -> None:
    """Run the node."""
    run(SimCamerasNode)
