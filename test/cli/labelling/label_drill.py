# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What labelling costs in keys and in time that the page itself takes; run by hand, not a test.

    .venv/bin/python -m test.cli.labelling.label_drill FOLDER [--episodes 5]

Draws 40 s of the twin in its office once (640x480, three cameras), makes four-stage episodes of
it, and lets a script label them in headless Chromium. The script knows where the stages end; what
a person needs to look and to decide is not in these figures.
"""

import argparse
import json
from pathlib import Path
import sys
import threading
import time

import numpy as np
from PIL import Image

from hvd_ros.cli.labelling.desk import Desk
from hvd_ros.cli.labelling.server import LabelServer
from hvd_ros.core.labels.file import load_labels
from hvd_ros.core.robot.body import Kind
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.vision.codec import decode_color, encode_color
from hvd_ros.sim.robot import SimRobot
from hvd_ros.sim.studio import Studio
from hvd_ros.sim.views import View
from test import episode_maker as maker
from test.cli.labelling.annotator import Annotator
from test.nodes.chromium import Chromium

FRAMES, SIZE = 400, (640, 480)
VIEWS = [View(name, *SIZE, fovy_deg=70.0) for name in maker.CAMERAS]
BODY = load_body('r1')
# What happens when [frame]: base speed, opening of both grippers, bend of the torso.
ACTS = ((0, 0.12, 1.0, 0.0), (45, 0.0, 1.0, 0.0), (70, 0.0, 1.0, 0.5), (110, 0.0, 0.2, 0.5),
        (150, 0.0, 0.2, 0.0), (200, -0.05, 0.2, 0.0), (260, 0.0, 0.2, 0.3), (290, 0.0, 1.0, 0.3),
        (320, 0.0, 1.0, 0.0), (350, 0.0, 0.2, 0.0), (390, 0.0, 1.0, 0.0))  # fmt: skip
ENDS = (46, 112, 291, 399)  # of the four stages; the marks go to the likely ends beside them
REACTION_S = 0.5  # assumed, of somebody who watches at 4x and knows what to look for


def act(frame):
    return next(row for row in reversed(ACTS) if row[0] <= frame)[1:]


def rendered(folder):
    """Return asked and measured (FRAMES, D) and the JPEGs [frame][camera], drawn once."""
    file = folder / 'drawn.npz'
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        asked, measured, images = draw()
        np.savez(
            file, asked=asked, measured=measured, sizes=[len(image) for image in images],
            data=np.frombuffer(b''.join(images), np.uint8),
        )  # fmt: skip
    found = np.load(file)
    ends = np.cumsum(found['sizes'])
    data = found['data'].tobytes()
    images = [data[end - size : end] for end, size in zip(ends, found['sizes'], strict=True)]
    return found['asked'], found['measured'], np.reshape(np.array(images, object), (FRAMES, -1))


def draw():
    robot, studio = SimRobot(BODY, 'home', scene='office'), Studio(BODY, 'office', VIEWS)
    robot.set_base_acceleration_limit(1.0, 1.0, 1.0)
    home = BODY.pose('home')
    asked, measured, images = [], [], []
    color, depth = np.empty((*SIZE[::-1], 3), np.uint8), np.empty(SIZE[::-1], np.uint16)
    for frame in range(FRAMES):
        base, opening, bend = act(frame)
        goal = home.copy()
        goal[BODY.index('base_vx')] = base
        goal[BODY.mask(Kind.OPENING)] = opening
        torso = [i for i, d in enumerate(BODY.dimensions) if d.group == 'torso']
        goal[torso[:3]] += np.array([1.0, -1.6, -0.6]) * bend
        wave = 0.25 * np.sin(frame / 12)
        for side in ('left', 'right'):
            arm = [i for i, d in enumerate(BODY.dimensions) if d.part == f'{side}_arm']
            goal[arm[:2]] += wave * np.array([1.0, 0.4])
            robot.set_arm_target(side, goal[arm])
            robot.set_gripper_stroke(side, 100 * opening)
        robot.set_torso_target(goal[torso])
        robot.set_base_target(base, 0.0, 0.0)
        for _ in range(10):
            robot.step(0.01)
        asked.append(goal)
        measured.append(now(robot))
        studio.place(robot.data.qpos)
        for view in VIEWS:
            studio.draw(view, color, depth)
            images.append(encode_color(color))
    studio.close()
    return np.array(asked), np.array(measured), images


def now(robot):
    joints = dict(zip(*robot.joint_state()[:2], strict=True))
    values = np.zeros(BODY.size)
    for i, d in enumerate(BODY.dimensions):
        values[i] = joints[d.joint] / d.joint_per_unit if d.joint else 0.0
    values[BODY.mask(Kind.VELOCITY)] = robot.base_twist
    return values


def make(folder, count):
    """Make episodes of the drawn motion with the tests' own maker."""
    asked, measured, images = rendered(folder.parent)

    def row(values, ns):
        at = (ns - maker.START_NS) / maker.PERIOD_NS
        return values[int(np.clip(round(at), 0, FRAMES - 1))]

    maker.position_at = lambda ns, seed=0: row(measured, ns).copy()
    maker.sent_at = lambda ns, seed=0: row(asked, ns).copy()
    maker.color_of = lambda index, camera, size=SIZE: images[index][camera]
    maker.encode_color = lambda image: image
    maker.depth_of = lambda index, camera, size=SIZE: np.zeros((2, 2), np.uint16)
    prompt = 'move to the storage box, pick up the storage box and place it on the table, then '
    return [
        maker.make_episode(
            folder / 'episodes', task='basket_carry', frames=FRAMES, size=SIZE, cloud=False,
            seed=seed, prompt=prompt + 'put the pen on the table into the box',
            marks=((60, 0, 1.0), (112, 1, 0.5)) if seed == 0 else (),
        )
        for seed in range(count)
    ]  # fmt: skip


def label_by_jumping(anna, ends):
    """Press N to each end, score, Enter."""
    for end in ends:
        while anna.see('hvd.state.frame') < end:
            anna.press('n')
        anna.until(f'hvd.state.shown === {end}')
        anna.press('1')


def label_by_watching(anna, ends):
    """Watch all of it at 4x; after each end react late, go back to it, score, play on."""
    anna.press('Home', ' ')
    for end in ends[:-1]:
        anna.until(f'hvd.state.frame >= {end}')
        time.sleep(REACTION_S)
        anna.press('p')
        while anna.see('hvd.state.frame') > end:
            anna.press('p')
        anna.press('1', ' ')
    anna.until('!hvd.state.playing')
    time.sleep(REACTION_S)
    anna.press('1')


def percentiles(values):
    return {'n': len(values), 'p50': round(float(np.percentile(values, 50)), 1),
            'p99': round(float(np.percentile(values, 99)), 1)}  # fmt: skip


def spans(anna, what):
    rows = anna.see(f'hvd.figures.{what}.filter(x => x.ended).map(x => x.ended - x.began)')
    return percentiles(rows)


def drill(folder, count, how):
    episodes = make(folder / how.__name__, count)
    report = {'how': how.__name__, 'episodes': count}
    with LabelServer(Desk(episodes), 'anna') as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        browser = Chromium(folder / how.__name__ / 'chromium', 'about:blank', gl=False)
        try:
            anna = Annotator(browser)
            anna.visit(server.port)
            began = time.monotonic()
            for index in range(count):
                anna.until(f'hvd.state.index === {index} && hvd.state.shown >= 0')
                events = [e['frame'] for e in anna.see('hvd.state.view.events')]
                how(anna, [min(events, key=lambda e: abs(e - end)) for end in ENDS])
                if index == 0:
                    Image.fromarray(browser.screenshot()).save(folder / f'{how.__name__}.png')
                anna.press('Enter')
            anna.saved()
            report |= {
                'wall_s_per_episode': round((time.monotonic() - began) / count, 2),
                'data_s_per_episode': FRAMES / 10,
                'keys_per_episode': len(anna.see('hvd.figures.keys')) / count,
                'key_to_picture_ms': spans(anna, 'keys'),
                'key_to_disk_ms': spans(anna, 'saves'),
                'episode_opened_ms': percentiles(anna.see('hvd.figures.opened')),
                'stalls': anna.see('hvd.figures.stalled'),
                'pictures_shown_while_playing': anna.see('hvd.figures.frames'),
            }
        finally:
            browser.close()
            server.shutdown()
    assert all(load_labels(episode).finished == ('anna',) for episode in episodes)
    assert all(load_labels(episode).success for episode in episodes)
    return report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folder', type=Path)
    parser.add_argument('--episodes', type=int, default=5)
    args = parser.parse_args()
    for how in (label_by_jumping, label_by_watching):
        print(json.dumps(drill(args.folder, args.episodes, how)))
    _, _, images = rendered(args.folder)
    print(
        'mean JPEG bytes', np.mean([len(i) for i in images.flat]), decode_color(images[0][0]).shape
    )


if __name__ == '__main__':
    sys.exit(main())
