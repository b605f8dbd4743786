# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The panels of the page: viser's containers around the blocks of html.

Later stages of the loop add tabs to the right panel, beside the one of the robot.
"""

from collections.abc import Callable

import viser

from hvd_ros.core.robot.body import Body
from hvd_ros.nodes.viewer import html as viewer_html
from hvd_ros.nodes.viewer.view import View


class Page:
    """Two docked panels: the state on the right, the joints on the left."""

    def __init__(
        self, server: viser.ViserServer, body: Body, on_estop: Callable[[], None]
    ) -> None:
        self._server = server
        self._body = body
        self._tick = 0
        server.gui.configure_theme(
            dark_mode=True, show_logo=False, show_share_button=False, brand_color=(56, 189, 248)
        )
        server.gui.set_panel_label('hvd_ros')
        server.gui.main_panel.dock_right()
        server.gui.main_panel.set_width(400)
        tabs = server.gui.add_tab_group()
        with tabs.add_tab('Robot', viser.Icon.ROBOT):
            self._top = server.gui.add_html('')
            button = server.gui.add_button('E-STOP', color='red', icon=viser.Icon.HAND_STOP)
            self._side = server.gui.add_html('')
        joints = server.gui.add_panel()
        with joints.add_tab('Joints', viser.Icon.ADJUSTMENTS):
            self._bars = server.gui.add_html('')
        joints.dock_left()
        joints.set_width(310)
        button.on_click(lambda event: on_estop())

    def update(self, view: View) -> None:
        """Write the text of both panels anew."""
        self._tick += 1
        self._top.content = viewer_html.top(view, self._tick)
        self._side.content = viewer_html.side(view, self._tick)
        self._bars.content = viewer_html.bars(self._body, view, self._tick)

    def tell(self, title: str, text: str, good: bool) -> None:
        """Show a note in every open browser until it is closed."""
        for client in self._server.get_clients().values():
            client.add_notification(
                title, text, color='green' if good else 'red', with_close_button=True
            )
