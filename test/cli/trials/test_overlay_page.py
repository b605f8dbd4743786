# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of the start: both pictures, for a browser of this machine only."""

import http.client

import pytest

from hvd_ros.cli.trials.page import OverlayPage
from hvd_ros.core.errors import ContractMismatch


def get(page, path, **headers):
    connection = http.client.HTTPConnection('127.0.0.1', page.port, timeout=10)
    try:
        connection.request('GET', path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_the_page_its_script_and_the_picture_of_now():
    pictures = iter([b'', b'one', b'two'])
    with OverlayPage(lambda: next(pictures)) as page:
        status, text = get(page, '/')
        assert (status, b'overlay.js' in text) == (200, True)
        assert get(page, '/overlay.js')[0] == 200
        assert get(page, '/overlay.jpg') == (404, b'no picture of the head camera so far')
        assert get(page, '/overlay.jpg') == (200, b'one')
        assert get(page, '/overlay.jpg') == (200, b'two')
        assert get(page, '/../keys.py')[0] == 404


@pytest.mark.parametrize('headers', [{'Host': 'rebound.example'}, {'Origin': 'http://a.example'}])
def test_a_page_of_another_site_sees_nothing(headers):
    with OverlayPage(lambda: b'one') as page:
        assert get(page, '/overlay.jpg', **headers)[0] == 403


def test_why_there_is_no_overlay_is_said_on_the_page():
    def differ():
        raise ContractMismatch('the picture of the start is 64x48')

    with OverlayPage(differ) as page:
        assert get(page, '/overlay.jpg') == (409, b'the picture of the start is 64x48')
