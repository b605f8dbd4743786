# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Somebody who labels: presses keys in a real browser, and looks at the page."""

CODES = {'Enter': 13, 'Tab': 9, 'Backspace': 8, 'PageUp': 33, 'PageDown': 34, 'End': 35,
         'Home': 36, 'ArrowLeft': 37, 'ArrowRight': 39}  # fmt: skip
SHIFT = 8


class Annotator:
    """Somebody at the keyboard: presses keys, looks at the page."""

    def __init__(self, browser):
        self.browser = browser

    def visit(self, port):
        # about:blank first: the page before may hold back its leaving with unsaved marks.
        self.browser.call('Page.navigate', url=f'http://127.0.0.1:{port}/')
        self.until('window.hvd && hvd.state.view && hvd.state.shown >= 0')
        self.press(' ')  # it plays at once

    def press(self, *keys, shift=False, repeat=False):
        for key in keys:
            code = CODES.get(key) or ord(key.upper())
            enter = {'text': '\r'} if key == 'Enter' else {}
            for kind in ('keyDown' if enter else 'rawKeyDown', 'keyUp'):
                self.browser.call(
                    'Input.dispatchKeyEvent', type=kind, key=key, windowsVirtualKeyCode=code,
                    modifiers=SHIFT if shift else 0,
                    **(enter if kind == 'keyDown' else {}),
                    **({'autoRepeat': True} if repeat and kind != 'keyUp' else {}),
                )  # fmt: skip

    def go(self, frame):
        self.press('Home', *['ArrowRight'] * (frame % 10))
        self.press(*['ArrowRight'] * (frame // 10), shift=True)

    def see(self, expression):
        return self.browser.evaluate(expression)

    def until(self, expression):
        self.browser.wait_for(lambda: bool(self.see(expression)), expression, 30)

    def saved(self):
        self.until("document.getElementById('saved').textContent === 'saved'")
