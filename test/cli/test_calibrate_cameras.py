# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""`hvd calibrate cameras` on the twin: finds bumped cameras again, stores nothing unasked."""

import os
import pty
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

mujoco = pytest.importorskip('mujoco')

from hvd_ros.cli import main as cli  # noqa: E402
from hvd_ros.core.calibration.charuco import BoardNotSeen, Charuco  # noqa: E402
from hvd_ros.core.calibration.hand_eye import difference  # noqa: E402
from hvd_ros.core.calibration.view_folder import ViewFolder  # noqa: E402
from hvd_ros.core.robot.description import load_body  # noqa: E402
from hvd_ros.core.vision.codec import encode_color  # noqa: E402
from hvd_ros.core.vision.mounts import load_mounts, mounts_path, nominal_mounts  # noqa: E402
from hvd_ros.sim.calibration_scene import (  # noqa: E402
    Poses,
    bumped,
    calibration_scene,
    looking_poses,
)
from hvd_ros.sim.views import View  # noqa: E402
from test import episode_maker  # noqa: E402

BODY = load_body('r1')
NOMINAL = nominal_mounts(BODY)
TRUE = bumped(NOMINAL, most_m=0.03, most_rad=np.deg2rad(5.0), seed=3)
VIEWS = tuple(View(camera, 640, 480) for camera in NOMINAL)
BOARD = Charuco()
HVD = (sys.executable, '-m', 'hvd_ros.cli.main')


@pytest.fixture(scope='module')
def pictures():
    """Return (camera, joint values, picture) wherever the whole board is well in sight."""
    taken = []
    with calibration_scene(BODY, BOARD, VIEWS, TRUE) as scene:
        for view in VIEWS:
            mount = NOMINAL[view.camera]
            for values in looking_poses(BODY, BOARD, view, mount, Poses(each=20)):
                rgb = scene.picture(view.camera, values)
                try:
                    BOARD.find(rgb)
                except BoardNotSeen:
                    continue
                taken.append((view.camera, values, rgb))
    return taken


@pytest.fixture
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv('HVD_CONFIG_DIR', str(tmp_path / 'config'))
    return tmp_path


def keep(folder, pictures, noise_rad=0.0):
    random, lens = np.random.default_rng(7), VIEWS[0].intrinsics
    kept = ViewFolder(folder, BODY)
    for camera, values, rgb in pictures:
        kept.put(camera, values + random.normal(0, noise_rad, values.shape), rgb, lens)
    return folder


def small(error):
    mm, deg = error
    return mm <= 2.0 and deg <= 0.2


def errors(path=None):
    found = load_mounts(BODY, path)
    return {
        name: difference(mount.parent_from_camera, TRUE[name].parent_from_camera)
        for name, mount in found.items()
    }


def test_the_twin_finds_bumped_cameras_to_2_mm_and_a_fifth_of_a_degree(folders, pictures, capsys):
    folder = keep(folders / 'views', pictures)
    assert cli.main(['calibrate', 'cameras', '--from', str(folder), '--yes']) == 0
    out = capsys.readouterr().out
    for camera, (mm, deg) in errors().items():
        moved_mm, turned_deg = difference(
            NOMINAL[camera].parent_from_camera, TRUE[camera].parent_from_camera
        )
        assert moved_mm > 15.0 and turned_deg > 2.5
        assert small((mm, deg)), f'{camera}: {mm:.2f} mm, {deg:.3f} deg\n{out}'
        mount = load_mounts(BODY)[camera]
        assert mount.calibrated and 0 < mount.residual_px < 1 and 0 < mount.residual_m < 0.002
        assert f'{camera} on {mount.parent}: ' in out and 'against before (as drawn)' in out
    assert f'written: {mounts_path("r1")}' in out


def test_joints_that_are_off_by_a_milliradian_cost_millimetres_and_are_announced(
    folders, pictures, capsys
):
    folder = keep(folders / 'views', pictures, noise_rad=1e-3)
    assert cli.main(['calibrate', 'cameras', '--from', str(folder), '--yes']) == 0
    out = capsys.readouterr().out
    for camera, (mm, deg) in errors().items():
        print(f'{camera}: {mm:.2f} mm, {deg:.3f} deg with 0.001 rad')
        assert mm <= 8.0 and deg <= 0.8
        said = out.split(f'{camera} on ')[1].split('expected error ')[1]
        expected = float(said.split(' mm')[0])
        assert mm <= 3 * expected


def test_one_camera_alone_leaves_the_others_as_they_were(folders, pictures):
    folder, own = keep(folders / 'views', pictures), folders / 'mounts.json'
    words = ['calibrate', 'cameras', '--from', str(folder), '--yes', '--out', str(own)]
    assert cli.main([*words, '--cameras', 'left_wrist']) == 0
    found = load_mounts(BODY, own)
    assert found['left_wrist'].calibrated
    assert not found['head'].calibrated and not found['right_wrist'].calibrated
    assert small(errors(own)['left_wrist'])
    assert not mounts_path('r1').exists()


@pytest.mark.parametrize(('answer', 'code', 'stored'), [('y', 0, True), ('', 1, False)])
def test_nothing_is_stored_before_somebody_said_yes(folders, pictures, answer, code, stored):
    folder = keep(folders / 'views', [p for p in pictures if p[0] == 'head'])
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*HVD, 'calibrate', 'cameras', '--cameras', 'head', '--from', str(folder)],
        stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    os.write(master, f'{answer}\n'.encode())
    out, _ = process.communicate(timeout=30)
    os.close(master)
    os.close(slave)
    assert process.returncode == code, out
    assert 'store this in' in out and 'moved by' in out
    assert mounts_path('r1').exists() == stored


def test_without_a_terminal_and_without_yes_it_does_not_begin(folders, capsys, monkeypatch):
    monkeypatch.setattr('sys.stdin', type('Pipe', (), {'isatty': lambda self: False})())
    assert cli.main(['calibrate', 'cameras']) == 2
    assert '--yes' in capsys.readouterr().err


def test_a_damaged_file_of_mounts_does_not_keep_anybody_from_a_new_one(folders, pictures, capsys):
    mounts_path('r1').parent.mkdir(parents=True)
    mounts_path('r1').write_text('{')
    folder = keep(folders / 'views', pictures)
    assert cli.main(['calibrate', 'cameras', '--from', str(folder), '--yes']) == 0
    assert 'not readable' in capsys.readouterr().out
    assert all(mount.calibrated for mount in load_mounts(BODY).values())


def test_squares_of_another_size_are_noticed(folders, pictures, capsys):
    folder = keep(folders / 'views', pictures)
    words = ['calibrate', 'cameras', '--from', str(folder), '--yes', '--square-mm', '35']
    assert cli.main(words) == 0
    assert 'the squares look like 36.' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('words', 'code', 'said'),
    [
        (('--cameras', 'haed'), 2, "did you mean 'head'"),
        (('--squares', '7by5'), 2, "expected something like '7x5'"),
        (('--samples', '2'), 2, 'samples = 2 is outside'),
        (('--from', '.'), 2, 'neither views.json'),
        (('--print-board', 'board.gif'), 2, '.pdf or .png'),
        (('--robot', 'r9'), 2, "unknown robot 'r9'"),
    ],
)
def test_wrong_arguments_end_in_one_line(folders, monkeypatch, capsys, words, code, said):
    monkeypatch.chdir(folders)
    assert cli.main(['calibrate', 'cameras', '--yes', *words]) == code
    error = capsys.readouterr().err
    assert said in error and error.startswith('error: ') and error.count('\n') == 1


def test_too_few_pictures_are_refused_and_nothing_is_stored(folders, pictures, capsys):
    folder = keep(folders / 'views', pictures[:4])
    assert cli.main(['calibrate', 'cameras', '--from', str(folder), '--yes']) == 5
    assert '4 good views, at least 6' in capsys.readouterr().err
    assert not mounts_path('r1').exists()


def test_the_board_is_written_and_its_size_is_said(folders, capsys):
    path = folders / 'board.pdf'
    assert cli.main(['calibrate', 'cameras', '--print-board', str(path)]) == 0
    assert path.read_bytes().startswith(b'%PDF')
    assert 'A4 landscape, 7 x 5 squares of 36 mm' in capsys.readouterr().out


def test_an_episode_in_which_the_board_was_looked_at_serves_too(folders, pictures, monkeypatch):
    """Eight frames in each pose; the pictures taken while the arm jumps are not used."""
    seen = [p for p in pictures if p[0] == 'left_wrist'][:10]
    hold, lens = 8, VIEWS[1].intrinsics

    def values_at(ns, seed=0):
        index = (ns - episode_maker.tick_ns(0)) // (
            episode_maker.tick_ns(hold) - episode_maker.tick_ns(0)
        )
        return seen[min(max(int(index), 0), len(seen) - 1)][1]

    monkeypatch.setattr(episode_maker, 'position_at', values_at)
    monkeypatch.setattr(episode_maker, 'color_of', lambda i, camera, size: seen[i // hold][2])
    monkeypatch.setattr(episode_maker, 'intrinsics', lambda size: lens)
    folder = episode_maker.make_episode(
        folders / 'episodes', frames=hold * len(seen), cameras=('left_wrist',),
        size=(lens.width, lens.height), cloud=False,
    )  # fmt: skip
    words = ['calibrate', 'cameras', '--from', str(folder), '--yes', '--cameras', 'left_wrist']
    assert cli.main([*words, '--samples', '6']) == 0
    assert small(errors()['left_wrist'])


@pytest.mark.ros
def test_with_nobody_in_the_graph_it_says_who_is_missing(folders, capsys, monkeypatch):
    pytest.importorskip('rclpy')
    from hvd_ros.cli.calibrating import live

    monkeypatch.setattr(live, '_FIRST_S', 0.2)
    assert cli.main(['calibrate', 'cameras', '--yes', '--cameras', 'head']) == 3
    assert 'nothing was heard of joint_states, head' in capsys.readouterr().err


@pytest.mark.ros
def test_a_live_robot_is_calibrated_while_it_moves(folders, pictures):
    """A robot in the graph moves from pose to pose until the verb ends."""
    pytest.importorskip('rclpy')
    seen = [p for p in pictures if p[0] == 'left_wrist']
    process = subprocess.Popen(
        [*HVD, 'calibrate', 'cameras', '--cameras', 'left_wrist', '--samples', '10', '--yes',
         '--keep', str(folders / 'kept')],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    mover = Mover(seen)
    thread = threading.Thread(target=mover.run, args=(process,))
    thread.start()
    try:
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        thread.join()
    assert process.returncode == 0, out
    assert 'left_wrist 0/10: point left_wrist at the board' in out
    assert 'left_wrist 10 taken' in out
    assert small(errors()['left_wrist']), out
    assert len(list((folders / 'kept').glob('left_wrist_*.jpg'))) == 10


class Mover:
    """Publishes joints and pictures; its stamps run faster than the clock, nobody cares."""

    def __init__(self, pictures) -> None:
        import rclpy
        from rclpy.context import Context
        from sensor_msgs.msg import CameraInfo, CompressedImage, JointState

        from hvd_ros.nodes.camera.messages import camera_info
        from hvd_ros.nodes.shell import qos

        self._context = Context()
        rclpy.init(context=self._context, args=[])
        self._node = node = rclpy.create_node('mover', context=self._context)
        place = 'camera/left_wrist/color'
        self._info = camera_info(VIEWS[0].intrinsics)
        self._infos = node.create_publisher(CameraInfo, f'{place}/camera_info', qos.SENSOR)
        self._images = node.create_publisher(
            CompressedImage, f'{place}/image_raw/compressed', qos.SENSOR
        )
        self._joints = node.create_publisher(JointState, 'joint_states', qos.STATE)
        self._pictures = [(values, encode_color(rgb, 95)) for _, values, rgb in pictures]

    def run(self, process) -> None:
        from sensor_msgs.msg import CompressedImage, JointState

        from hvd_ros.nodes.cloud.messages import time_of

        now, turn = 1_000_000_000_000, 0
        while process.poll() is None:
            values, jpeg = self._pictures[turn // 8 % len(self._pictures)]
            turn += 1
            for step in range(10):
                now += 20_000_000
                message = JointState(
                    name=[d.joint for d in BODY.dimensions if d.joint],
                    position=[
                        float(v * d.joint_per_unit)
                        for d, v in zip(BODY.dimensions, values, strict=True)
                        if d.joint
                    ],
                )
                message.header.stamp = time_of(now)
                self._joints.publish(message)
                if step == 0:
                    image = CompressedImage(format='rgb8; jpeg compressed bgr8', data=jpeg)
                    image.header.stamp = message.header.stamp
                    self._images.publish(image)
                    self._infos.publish(self._info)
                time.sleep(0.005)
        self._node.destroy_node()
        self._context.try_shutdown()
