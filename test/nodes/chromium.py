# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium that opens one page, driven over the DevTools protocol."""

import base64
import io
import json
import os
from pathlib import Path
import shutil
import subprocess
import time
import urllib.request

import numpy as np
from PIL import Image
import websocket

FLAGS = (
    '--headless', '--no-sandbox', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync',
    '--hide-scrollbars', '--remote-debugging-port=0', '--remote-allow-origins=*',
)  # fmt: skip
# WebGL on the processor, which a page of plain canvases is drawn twenty times slower with.
GL = ('--use-angle=swiftshader', '--enable-unsafe-swiftshader')

EXECUTABLE = shutil.which('chromium')
# Where a browser is required, its absence must fail and not skip.
ABSENT = EXECUTABLE is None and not os.environ.get('HVD_REQUIRE_BROWSER')


class Chromium:
    """One browser with one tab; close() ends it."""

    def __init__(self, folder: Path, url, size=(1440, 900), gl=True):
        assert EXECUTABLE, 'no chromium on the PATH: apt install chromium'
        self._process = subprocess.Popen(
            [EXECUTABLE, *FLAGS, *(GL if gl else ['--disable-gpu']), f'--user-data-dir={folder}',
             f'--window-size={size[0]},{size[1]}', 'about:blank'],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._id = 0
        port = self._port(folder)
        tabs = json.load(urllib.request.urlopen(f'http://127.0.0.1:{port}/json', timeout=10))
        tab = next(t for t in tabs if t['type'] == 'page')
        self._socket = websocket.create_connection(tab['webSocketDebuggerUrl'], timeout=120)
        self.call(
            'Emulation.setDeviceMetricsOverride',
            width=size[0], height=size[1], deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.call('Page.navigate', url=url)

    def call(self, method, **params):
        self._id += 1
        self._socket.send(json.dumps({'id': self._id, 'method': method, 'params': params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get('id') == self._id:
                assert 'error' not in answer, answer
                return answer['result']

    def evaluate(self, expression):
        """Return the value of a JavaScript expression."""
        answer = self.call('Runtime.evaluate', expression=expression, returnByValue=True)
        assert 'exceptionDetails' not in answer, answer
        return answer['result'].get('value')

    def text(self):
        """Return the visible text of the page."""
        return self.evaluate('document.body ? document.body.innerText : ""')

    def wait_for(self, check, what, deadline_s=60.0):
        """Poll until check() returns something true, or pixels; return that."""
        end = time.monotonic() + deadline_s
        while time.monotonic() < end:
            found = check()
            if found is not None and np.any(found):
                return found
            time.sleep(0.1)
        raise AssertionError(f'{what} did not appear; the page says:\n{self.text()}')

    def screenshot(self):
        """Return what is seen as (height, width, 3) pixels."""
        data = base64.b64decode(self.call('Page.captureScreenshot', format='png')['data'])
        return np.array(Image.open(io.BytesIO(data)).convert('RGB'))

    def click(self, element):
        """Press and release the mouse in the middle of what a JavaScript expression names."""
        place = self.evaluate(
            f'(r => ({{x: r.x + r.width / 2, y: r.y + r.height / 2}}))'
            f'(({element}).getBoundingClientRect())'
        )
        for kind in ('mousePressed', 'mouseReleased'):
            self.call('Input.dispatchMouseEvent', type=kind, button='left', clickCount=1, **place)

    def close(self):
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _port(self, folder):
        file = folder / 'DevToolsActivePort'
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if file.exists() and '\n' in (text := file.read_text()):
                return int(text.split('\n')[0])
            time.sleep(0.05)
        self._process.kill()
        raise AssertionError('Chromium did not start')
