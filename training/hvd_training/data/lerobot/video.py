# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
JPEG images into an mp4 whose frame k stands at exactly k/fps, and mp4 files into one.

The pixels go from the JPEG's own YCbCr to the encoder without a detour through RGB or PNG. A key
frame every second frame makes any frame two decodes away, which is what a training loader needs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
import os
from pathlib import Path
from typing import Any

import av
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import VideoReformatter
import numpy as np

from hvd_ros.core.errors import ConfigError, ContractMismatch, did_you_mean
from hvd_training.data.pixels import PixelStats

CODECS = {'h264': 'libx264', 'av1': 'libsvtav1'}
# Our name -> what the loader's `video.codec` calls it is the same word in both cases.
_DEFAULTS = {'h264': (23, 'veryfast'), 'av1': (30, '12')}
_PIXELS = 'yuv420p'
# SVT-AV1 prints its whole configuration for every video otherwise; 1 leaves its errors.
os.environ.setdefault('SVT_LOG', '1')
_SAMPLES = 100  # images of an episode that go into its statistics


@dataclass(frozen=True)
class VideoConfig:
    """How images are encoded."""

    codec: str = 'h264'
    crf: int | None = None  # quality; None: 23 for H.264, 30 for AV1
    preset: str | None = None  # None: veryfast for H.264, 12 for AV1
    gop: int = 2  # frames from one key frame to the next
    threads: int = 1  # of one encoder; episodes are what runs in parallel

    def __post_init__(self) -> None:
        if self.codec not in CODECS:
            raise ConfigError(f"codec '{self.codec}'; {did_you_mean(self.codec, CODECS)}")

    def filled(self) -> 'VideoConfig':
        """Return it with the codec's own defaults in the open places."""
        crf, preset = _DEFAULTS[self.codec]
        return replace(
            self,
            crf=crf if self.crf is None else self.crf,
            preset=preset if self.preset is None else self.preset,
        )

    def options(self) -> dict[str, str]:
        """Return the encoder's options."""
        full = self.filled()
        options = {'g': str(full.gop), 'crf': str(full.crf), 'preset': str(full.preset)}
        if self.codec == 'av1':
            # Without lp every encoder takes all cores, and so do its neighbours.
            return options | {'svtav1-params': f'lp={self.threads}'}
        # Without B frames packets leave in the order of display and no edit list is needed.
        return options | {'bf': '0', 'threads': str(self.threads)}

    def info(self, height: int, width: int, fps: int) -> dict[str, Any]:
        """Return what info.json says about a video."""
        return {
            'video.height': height,
            'video.width': width,
            'video.codec': self.codec,
            'video.pix_fmt': _PIXELS,
            'video.is_depth_map': False,
            'video.fps': fps,
            'video.channels': 3,
            'video.g': self.gop,
            'video.crf': self.filled().crf,
            'has_audio': False,
        }


class Encoder:
    """One video in the making; JPEG images go in one after the other."""

    def __init__(self, path: Path, size: tuple[int, int], fps: int, config: VideoConfig) -> None:
        self.path, self.size, self._fps = path, size, fps
        self.count = 0
        self.stats = PixelStats(_SAMPLES)
        self._output = av.open(str(path), 'w')
        stream: Any = self._output.add_stream(CODECS[config.codec], fps, options=config.options())
        stream.height, stream.width = size
        stream.pix_fmt, stream.time_base = _PIXELS, Fraction(1, fps)
        self._stream = stream
        # Kept, because making one costs more than using it.
        self._scaler = VideoReformatter()
        self._decoder: Any = av.CodecContext.create('mjpeg', 'r')
        self._decoder.thread_type = 'NONE'  # one image in, one frame out

    def add(self, jpeg: bytes) -> None:
        """Encode the next image; raises ContractMismatch for a torn one or another size."""
        frame = self._decoded(jpeg)
        self.stats.add(frame)
        frame.pts, frame.time_base = self.count, Fraction(1, self._fps)
        self._output.mux(self._stream.encode(frame))
        self.count += 1

    def finish(self) -> None:
        """Write what the encoder still holds, and the end of the file."""
        self._output.mux(self._stream.encode())
        self.close()
        self.stats.close()

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
        self._output.close()

    def _decoded(self, jpeg: bytes) -> VideoFrame:
        try:
            (frame,) = self._decoder.decode(av.Packet(jpeg))
        except (av.FFmpegError, ValueError) as error:
            raise ContractMismatch(
                f'{self.path.stem}: image {self.count} is no whole JPEG: {error}'
            ) from None
        if (frame.height, frame.width) != self.size:
            raise ContractMismatch(
                f'{self.path.stem}: image {self.count} is {frame.width}x{frame.height}, '
                f'not {self.size[1]}x{self.size[0]} as the camera says; a video has one size'
            )
        # A JPEG uses all 256 values, a video 16 to 235; who does not say so gets grey blacks.
        plain: VideoFrame = self._scaler.reformat(
            frame, format=_PIXELS, src_color_range='JPEG', dst_color_range='MPEG'
        )
        # Each JPEG calls itself a key frame, which would make every frame of the video one.
        plain.pict_type = PictureType.NONE
        return plain


def join(parts: Sequence[Path], path: Path, fps: int) -> list[int]:
    """
    Put videos of one codec and size behind each other without touching a pixel.

    Returns the number of frames of each; frame k of the whole still stands at k/fps.
    """
    counts: list[int] = []
    with av.open(str(path), 'w') as output:
        target: Any = None
        for part in parts:
            with av.open(str(part)) as source:
                stream = source.streams.video[0]
                if target is None:
                    target = output.add_stream_from_template(stream, opaque=True)
                    target.time_base = Fraction(1, fps)
                counts.append(_copy(source, stream, output, target, fps, sum(counts)))
    return counts


def _copy(source: Any, stream: Any, output: Any, target: Any, fps: int, first: int) -> int:
    count = 0
    for packet in source.demux(stream):
        if packet.size:
            _place(packet, packet.pts * packet.time_base * fps, first, fps)
            packet.stream = target
            output.mux(packet)
            count += 1
    return count


def _place(packet: Any, frame: Fraction, first: int, fps: int) -> None:
    if frame.denominator != 1:
        raise ContractMismatch(f'a frame stands at {float(frame / fps)} s, not at k/{fps} s')
    packet.time_base = Fraction(1, fps)
    packet.pts = packet.dts = int(frame) + first
    packet.duration = 1


def cut(path: Path, first: int, count: int, out: Path, fps: int) -> None:
    """Copy `count` frames from frame `first` on, which must be a key frame, into a video."""
    with av.open(str(path)) as source, av.open(str(out), 'w') as output:
        stream: Any = source.streams.video[0]
        target: Any = output.add_stream_from_template(stream, opaque=True)
        target.time_base = Fraction(1, fps)
        source.seek(int(Fraction(first, fps) / stream.time_base), stream=stream)
        copied = 0
        for packet in source.demux(stream):
            frame = packet.pts * packet.time_base * fps if packet.size else Fraction(-1)
            if not first <= frame < first + count:
                continue
            if copied == 0 and not packet.is_keyframe:
                raise ContractMismatch(f'{path}: frame {first} is no key frame; encode it again')
            _place(packet, frame, -first, fps)
            packet.stream = target
            output.mux(packet)
            copied += 1
    if copied != count:
        raise ContractMismatch(f'{path}: has {copied} of the {count} frames from {first} on')


@dataclass(frozen=True)
class Probe:
    """What a video says about itself without being decoded."""

    frames: int
    height: int
    width: int
    codec: str
    exact: bool  # every frame k stands at k/fps


def probe(path: Path, fps: int) -> Probe:
    """Count the frames of a video and look at their times."""
    try:
        with av.open(str(path)) as source:
            stream: Any = source.streams.video[0]
            times = [p.pts * p.time_base for p in source.demux(stream) if p.size]
            context = stream.codec_context
            codec = {'libdav1d': 'av1'}.get(context.name, context.name)
            size = context.height, context.width
    except (av.FFmpegError, OSError, IndexError) as error:
        raise ContractMismatch(f'{path} is no readable video: {error}') from None
    exact = sorted(times) == [Fraction(k, fps) for k in range(len(times))]
    return Probe(len(times), *size, codec, exact)


def codec_parameters(path: Path) -> bytes:
    """Return the header of a video's codec; only equal ones can be joined."""
    with av.open(str(path)) as source:
        context = source.streams.video[0].codec_context
        size = f'{context.name} {context.width}x{context.height}'
        return size.encode() + bytes(context.extradata or b'')


def decode_all(path: Path) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
    """Give every frame as RGB (H, W, 3)."""
    with av.open(str(path)) as source:
        for frame in source.decode(video=0):
            image: Any = frame.to_ndarray(format='rgb24')
            yield image
