# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Films and contact sheets of chosen episodes: the failures that teach something, and one success.

An episode is played once more to be filmed. The same policy, seed and scene give the same bits, so
the film shows what was scored; where it does not, the film says so, and so does the report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from hvd_ros.core.policy.observation import Picture
from hvd_ros.core.robot.description import load_body
from hvd_ros.sim.cameras import mount_cameras
from hvd_ros.sim.side_view import SideView
from hvd_ros.sim.task_env import STEP_S, TaskEnv
from hvd_training.evaluate.outcome import Outcome
from hvd_training.evaluate.players import play
from hvd_training.evaluate.runner import LOOKS
from hvd_training.evaluate.specs import Spec, load

SPEED = 4  # times as fast as the robot
_EVERY = 2  # control steps a frame
_MOMENTS = 6  # of an episode on a contact sheet
_CAPTION_PX = 22
_INK, _PAPER = (30, 30, 30), 255
_PLAIN = 0  # no dithering, in the words of Pillow


@dataclass(frozen=True)
class Take:
    """One episode to film; travels to a worker."""

    method: str
    spec: Spec
    outcome: Outcome
    robot: str
    cloud: str
    path: Path  # of the mp4


@dataclass(frozen=True)
class Film:
    """What was filmed."""

    take: Take
    again: Outcome  # how it ended this time
    strip: Picture  # moments of it beside each other, with a line of text above

    @property
    def faithful(self) -> bool:
        """Whether the episode went as it had gone when it was scored."""
        before, now = self.take.outcome, self.again
        return (before.ending, before.scores, before.duration_s) == (
            now.ending, now.scores, now.duration_s,
        )  # fmt: skip


def choose(outcomes: Sequence[Outcome], failures: int) -> list[Outcome]:
    """Choose the first failures, and the first success, of one cell."""
    failed = [o for o in outcomes if not o.strict][:failures]
    done = [o for o in outcomes if o.strict][: 1 if failures else 0]
    return [*failed, *done]


def film(take: Take) -> Film:
    """Play an episode once more and keep what is seen of it."""
    body, view = load_body(take.robot), SideView(take.outcome.task)
    look = LOOKS[take.cloud]
    extend = view.extend(lambda spec: mount_cameras(spec, body, look))
    env = TaskEnv(take.outcome.task, body, take.outcome.setting, extend, look)
    frames: list[Picture] = []

    def watch(seen: TaskEnv) -> None:
        if (len(seen.truths) - 1) % _EVERY == 0:
            frames.append(view.draw(seen.model, seen.data))

    try:
        again = play(load(take.spec, body), env, take.outcome.seed, watch)
    finally:
        view.close()
        env.close()
    if frames:
        write_mp4(frames, take.path)
    return Film(take, again, _strip(frames, _caption(take, again)))


def write_mp4(frames: Sequence[Picture], path: Path) -> None:
    """Write a film that any browser plays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rate = round(SPEED / (STEP_S * _EVERY))
    with av.open(str(path), 'w', options={'movflags': 'faststart'}) as output:
        stream: Any = output.add_stream(
            'libx264', rate, options={'crf': '28', 'preset': 'veryfast'}
        )
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.time_base = 'yuv420p', Fraction(1, rate)
        stream.codec_context.thread_count = 1
        for picture in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format='rgb24')))
        output.mux(stream.encode())


def gif_of(mp4: Path, gif: Path, width: int = 320, every: int = 3) -> None:
    """Write a film once more as a picture that moves, smaller, for pages that show no films."""
    with av.open(str(mp4)) as source:
        rate = float(source.streams.video[0].average_rate or 10)
        frames: Any = source.decode(video=0)
        shown = [frame.to_image() for i, frame in enumerate(frames) if i % every == 0]
    size = (width, round(width * shown[0].height / shown[0].width))
    small = [frame.resize(size) for frame in shown]
    # The same few colours in every frame, undithered: what stands still then costs nothing.
    colours = small[len(small) // 2].quantize(48)
    first, *rest = (frame.quantize(palette=colours, dither=_PLAIN) for frame in small)
    first.save(gif, save_all=True, append_images=rest, duration=1000 * every / rate, loop=0)


def contact_sheet(films: Sequence[Film], path: Path) -> None:
    """Put the strips of a cell on top of each other, into a JPEG."""
    width = max(film.strip.shape[1] for film in films)
    rows = [
        np.pad(f.strip, ((0, 0), (0, width - f.strip.shape[1]), (0, 0)), constant_values=_PAPER)
        for f in films
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = cv2.cvtColor(np.vstack(rows), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(path), sheet, [cv2.IMWRITE_JPEG_QUALITY, 80])


def _caption(take: Take, again: Outcome) -> str:
    o = take.outcome
    how = 'success' if o.strict else ' '.join(f'{s:g}' for s in o.scores) or str(o.ending)
    text = f'{take.method}: {o.task}, {o.setting}, seed {o.seed}: {how}, {again.duration_s:.0f} s'
    faithful = Film(take, again, np.empty((0, 0, 3), np.uint8)).faithful
    return text if faithful else f'{text} (went otherwise when it was filmed)'


def _strip(frames: Sequence[Picture], caption: str) -> Picture:
    if not frames:
        shown = [np.full((240, 320, 3), _PAPER, np.uint8)]
    else:
        moments = np.unique(np.linspace(0, len(frames) - 1, _MOMENTS).astype(int))
        shown = [frames[i] for i in moments]
    small = [cv2.resize(f, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA) for f in shown]
    line = np.full((_CAPTION_PX, sum(f.shape[1] for f in small), 3), _PAPER, np.uint8)
    cv2.putText(line, caption, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _INK, 1, cv2.LINE_AA)
    strip: Picture = np.vstack([line, np.hstack(small)])
    return strip
