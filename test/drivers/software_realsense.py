# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""librealsense's own software_device, dressed as a D435i whose pixels and stamps are ours."""

import numpy as np
import pyrealsense2 as rs

SERIAL = '044122070299'
SIZE = (64, 48)
FOCAL = 50.0


# Colour's centre is a little off: of pixels that map exactly onto pixels, librealsense's alignment
# loses some to rounding.
OFF = 0.2


def lens(size, *, model=rs.distortion.brown_conrady, coeffs=(0.0,) * 5, focal=FOCAL, off=OFF):
    made = rs.intrinsics()
    made.width, made.height = size
    made.fx = made.fy = focal
    made.ppx, made.ppy = size[0] / 2 + off, size[1] / 2 + off
    made.model, made.coeffs = model, list(coeffs)
    return made


class SoftwareRealsense:
    """Frames go in by depth() and color(); the device can be unplugged."""

    def __init__(
        self, serial=SERIAL, *, size=SIZE, baseline_m=0.0, color_lens=None, units_m=0.001, fps=30
    ):
        self.size, self.units_m = size, units_m
        self.plugged = True
        self.device = rs.software_device()
        info = {'name': 'Intel RealSense D435I', 'serial_number': serial}
        info |= {'usb_type_descriptor': '3.2', 'firmware_version': '5.16.0.1'}
        for key, value in info.items():
            self.device.register_info(getattr(rs.camera_info, key), value)
        self._depth = self.device.add_sensor('Stereo Module')
        self._color = self.device.add_sensor('RGB Camera')
        self._depth.add_read_only_option(rs.option.depth_units, units_m)
        stream = self._stream(rs.stream.depth, rs.format.z16, 2, 1, fps, lens(size, off=0.0))
        self.depth_profile = self._depth.add_video_stream(stream, True)
        made = color_lens or lens(size)
        stream = self._stream(rs.stream.color, rs.format.rgb8, 3, 2, fps, made)
        self.color_profile = self._color.add_video_stream(stream, True)
        place = rs.extrinsics()
        place.rotation, place.translation = [1, 0, 0, 0, 1, 0, 0, 0, 1], [baseline_m, 0, 0]
        self.depth_profile.register_extrinsics_to(self.color_profile, place)

    def depth(self, pixels, stamp_ms, number, domain=rs.timestamp_domain.global_time):
        frame = self._frame(self.depth_profile, pixels, 2, stamp_ms, number, domain)
        frame.depth_units = self.units_m
        self._depth.on_video_frame(frame)

    def color(self, pixels, stamp_ms, number, domain=rs.timestamp_domain.global_time):
        frame = self._frame(self.color_profile, pixels, 3, stamp_ms, number, domain)
        self._color.on_video_frame(frame)

    def both(self, stamp_ms, number, *, mm=1000, value=7, **domain):
        width, height = self.size
        self.depth(np.full((height, width), mm, np.uint16), stamp_ms, number, **domain)
        self.color(np.full((height, width, 3), value, np.uint8), stamp_ms + 3.0, number, **domain)

    def found(self):
        """Return what a look at the bus finds."""
        return [_Plugged(self)] if self.plugged else []

    def _stream(self, kind, form, bytes_per_pixel, uid, fps, optics):
        stream = rs.video_stream()
        stream.type, stream.fmt, stream.bpp, stream.uid = kind, form, bytes_per_pixel, uid
        stream.index, stream.fps, stream.intrinsics = 0, fps, optics
        stream.width, stream.height = self.size
        return stream

    def _frame(self, profile, pixels, bytes_per_pixel, stamp_ms, number, domain):
        frame = rs.software_video_frame()
        frame.pixels, frame.stride, frame.bpp = pixels, pixels.strides[0], bytes_per_pixel
        frame.timestamp, frame.domain, frame.frame_number = stamp_ms, domain, number
        frame.profile = profile.as_video_stream_profile()
        return frame


class _Plugged:
    """The device itself, except that a software_device can not be unplugged."""

    def __init__(self, owner):
        self._owner = owner

    def is_connected(self):
        return self._owner.plugged and self._owner.device.is_connected()

    def __getattr__(self, name):
        return getattr(self._owner.device, name)
