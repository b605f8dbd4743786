# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The doctor never crashes and says what to do."""

from hvd_ros.cli.checks.finding import examine, fail, ok, report, warn
from hvd_ros.cli.checks.network import check_exposure


def levels(environ):
    return [str(f.level) for f in check_exposure(environ)]


def test_a_check_that_raises_is_a_finding_and_the_next_one_runs():
    def broken():
        raise RuntimeError('two\nlines')

    found = examine({'a': broken, 'b': lambda: [ok('b', 'fine')]})
    assert [f.level for f in found] == ['fail', 'ok']
    assert found[0].text == 'the check itself failed: RuntimeError: two lines'


def test_the_report_has_a_line_per_finding_a_cure_and_a_count():
    text = report([ok('a', 'fine'), warn('long name', 'slow', 'hurry'), fail('c', 'bad', 'mend')])
    assert text.splitlines() == [
        'ok    a          fine',
        'warn  long name  slow',
        '                 -> hurry',
        'fail  c          bad',
        '                 -> mend',
        '1 ok, 1 warnings, 1 failures',
    ]


def test_exposure():
    assert levels({}) == ['ok', 'ok']
    assert levels({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}) == ['ok', 'ok']
    (subnet, _) = check_exposure({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET'})
    assert subnet.text == 'the graph is open to the whole subnet without DDS security'
    peers = {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'ROS_STATIC_PEERS': '10.0.0.20'}
    assert check_exposure(peers)[0].text.startswith('the graph is open to the hosts 10.0.0.20')
    assert levels({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'subnet'})[0] == 'fail'


def test_security_counts_only_when_it_is_enforced_with_a_keystore(tmp_path):
    environ = {
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET',
        'ROS_SECURITY_ENABLE': 'true',
        'ROS_SECURITY_STRATEGY': 'Enforce',
        'ROS_SECURITY_KEYSTORE': str(tmp_path),
    }
    assert levels(environ) == ['ok', 'ok']
    for name, wrong in (
        ('ROS_SECURITY_ENABLE', 'false'),
        ('ROS_SECURITY_STRATEGY', 'Permissive'),
        ('ROS_SECURITY_KEYSTORE', str(tmp_path / 'absent')),
    ):
        assert levels(environ | {name: wrong}) == ['warn', 'ok']


def test_domains():
    for domain, level in (('5', 'ok'), ('150', 'warn'), ('233', 'fail'), ('x', 'fail')):
        assert levels({'ROS_DOMAIN_ID': domain})[1] == level
