# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verbs of the running graph, each as its own process, against a stand-in for the mux."""

import json
import signal
import subprocess
import sys
import threading

import pytest

pytestmark = pytest.mark.ros
pytest.importorskip('rclpy')
pytest.importorskip('hvd_msgs')

from hvd_msgs.msg import Gate  # noqa: E402
from hvd_msgs.srv import SetMode  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402

from hvd_ros.core.mux.command import Mode  # noqa: E402
from hvd_ros.core.robot.body import Kind  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from test.cli.fake_mux import FakeMux  # noqa: E402

BODY = load_body('r1')
HVD = (sys.executable, '-m', 'hvd_ros.cli.main')


def hvd(*words):
    """Run a verb; nothing may ever end in a traceback."""
    done = subprocess.run(
        [*HVD, *words],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert 'Traceback' not in done.stderr, done.stderr
    return done


def joints(pose):
    """Return the joint state of a body that stands in a pose."""
    pairs = [
        (d.joint, float(value * d.joint_per_unit))
        for d, value in zip(BODY.dimensions, BODY.pose(pose), strict=True)
        if d.kind is not Kind.VELOCITY
    ]
    return JointState(name=[name for name, _ in pairs], position=[x for _, x in pairs])


def test_without_a_graph_every_verb_says_what_is_missing():
    waiting = {
        'status': [*HVD, 'status', '--timeout', '0.3'],
        'estop show': [*HVD, 'estop', 'show'],
        'estop trigger': [*HVD, 'estop', 'trigger'],
        'home': [*HVD, 'home', '--yes'],
        'policy start': [*HVD, 'policy', 'start'],
        'policy prompt': [*HVD, 'policy', 'prompt', 'wave'],
    }
    running = {
        name: subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            text=True,
        )
        for name, words in waiting.items()
    }  # fmt: skip
    said = {name: process.communicate(timeout=30)[0] for name, process in running.items()}
    codes = {name: process.returncode for name, process in running.items()}
    assert codes == {
        'status': 3, 'estop show': 3, 'estop trigger': 1, 'home': 3,
        'policy start': 3, 'policy prompt': 3,
    }  # fmt: skip
    assert said['status'].startswith("NOT MOVING: no mux heard: nothing on '/mux/status'")
    assert 'ROS_DOMAIN_ID=' in said['status'] and 'hvd launch teleop' in said['status']
    assert 'press the hardware e-stop' in said['estop trigger']
    assert 'no mux heard' in said['home']
    assert {said[name].count('\n') for name in ('status', 'estop show', 'home')} == {1}


def test_status_exit_code_follows_the_gates():
    with FakeMux() as mux:
        done = hvd('status')
        assert (done.returncode, done.stdout[:5]) == (0, 'READY')
        mux.status.gates = [Gate(name='source', open=False, reason='disengaged')]
        done = hvd('status', '--json')
    assert done.returncode == 1
    data = json.loads(done.stdout)
    assert data['gates'][0]['fix'] == 'hold L or R and press Plus'
    assert {n['name']: n['count'] for n in data['nodes']}['mux'] == 1


def test_status_of_a_frozen_mux_is_not_believed():
    with FakeMux(status=False) as mux:
        mux.publish_once()
        done = hvd('status')
    assert done.returncode == 1
    assert 'frozen' in done.stdout.splitlines()[0]


def test_status_watches_until_ctrl_c():
    with FakeMux() as mux:
        process = subprocess.Popen(
            [*HVD, 'status', '--watch', '--json'],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert json.loads(process.stdout.readline())['would_move'] is True
        mux.status.gates = [Gate(name='source', open=False, reason='disengaged')]
        pages = (json.loads(process.stdout.readline()) for _ in range(3))
        assert any(not page['would_move'] for page in pages)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=20)[1]
    assert (process.returncode, error) == (130, '')


def test_status_keeps_to_its_namespace():
    with FakeMux(namespace='other'):
        assert hvd('status', '--timeout', '0.5').returncode == 3
        assert hvd('status', '--namespace', 'other').returncode == 0
    done = hvd('status', '--namespace', 'not valid!')
    assert done.returncode == 2
    assert done.stderr.startswith("error: namespace 'not valid!' is not valid")


def test_home_arrives_with_a_heartbeat_all_the_way():
    with FakeMux() as mux:
        mux.joints = joints('park')

        def start(request):
            mux.status.mode = Mode.HOME
            threading.Timer(0.8, arrive).start()

        def arrive():
            mux.status.mode, mux.status.reason = Mode.HOLD, 'arrived'

        mux.on_grant = start
        done = hvd('home', '--yes')
        # 10 Hz over 0.8 s; half of them is already enough to keep a mux going.
        assert mux.beats >= 5
        assert mux.asked == [('home', 'home')]
    assert done.returncode == 0
    assert done.stdout.startswith("'home': ") and '(now = measured)' in done.stdout
    assert 'torso_joint2' in done.stdout and '-1.50' in done.stdout
    assert done.stdout.endswith("arrived at 'home'; the joints are held\n")


def test_home_refused_says_why_and_fails():
    with FakeMux() as mux:
        mux.joints = joints('park')
        mux.grant = SetMode.Response(success=False, mode='estop', reason='estop_latched')
        done = hvd('home', '--yes')
    assert done.returncode == 1
    assert done.stderr == (
        'error: refused in mode estop: an earlier e-stop is still latched; '
        'make safe, then: hvd estop reset\n'
    )


def test_park_that_ends_elsewhere_fails_with_the_reason():
    with FakeMux() as mux:
        mux.joints = joints('home')

        def start(request):
            mux.status.mode, mux.status.reason = Mode.HOLD, 'motor_fault'

        mux.on_grant = start
        done = hvd('park', '--yes')
        assert mux.asked == [('home', 'park')]
    assert done.returncode == 1
    assert "stopped before 'park': a motor reports a fault" in done.stderr


def test_ctrl_c_stops_the_heartbeat_and_asks_for_hold():
    granted = threading.Event()
    with FakeMux() as mux:
        mux.joints = joints('park')

        def start(request):
            mux.status.mode = Mode.HOME if request.mode == 'home' else Mode.HOLD
            granted.set()

        mux.on_grant = start
        process = subprocess.Popen([*HVD, 'home', '--yes'], stdout=subprocess.PIPE, text=True)
        assert granted.wait(20)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=20)[0]
        assert process.returncode == 130
        assert mux.asked == [('home', 'home'), ('hold', '')]
    assert 'stopped: the joints are held' in said


def test_home_asks_first_and_needs_a_known_pose():
    with FakeMux() as mux:
        mux.joints = joints('park')
        done = hvd('home')
        assert (done.returncode, mux.asked) == (2, [])
    assert '--yes' in done.stderr
    done = hvd('home', '--pose', 'hoem', '--yes')
    assert done.returncode == 2
    assert "did you mean 'home'?" in done.stderr


def test_estop_round_trip():
    with FakeMux() as mux:
        assert hvd('estop', 'show').returncode == 0
        assert hvd('estop', 'trigger').returncode == 0
        assert mux.status.estop
        done = hvd('estop', 'show')
        assert done.returncode == 1
        assert 'guardian: STOPPED: e-stop asked by service' in done.stdout
        done = hvd('estop', 'reset')
        assert (done.returncode, done.stdout) == (0, 'guardian: released\nmux: free\n')
        assert not mux.status.estop


def test_estop_with_one_side_alone_still_counts():
    with FakeMux(services=False):
        done = hvd('estop', 'trigger')
    assert (done.returncode, done.stdout) == (0, 'mux: no answer\nguardian: stopped\n')


def test_policy_asks_the_mux_and_says_why_not():
    with FakeMux() as mux:
        assert hvd('policy', 'start').stdout == 'the policy drives\n'
        assert hvd('policy', 'stop').returncode == 0
        assert [mode for mode, _ in mux.asked] == ['policy', 'hold']
        mux.grant = SetMode.Response(success=False, mode='idle', reason='never_heard')
        refused = hvd('policy', 'start')
    assert refused.returncode == 1
    assert refused.stderr.startswith('error: refused in mode idle: ')
    assert hvd('policy', 'prompt').returncode == 1
