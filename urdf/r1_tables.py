# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The Galaxea R1 in numbers: what generate_r1.py writes into r1.urdf.

The kinematic tree and the masses are the published ones (the vendor's axis-aligned description).
The shapes are ours: primitives that fill the bounding boxes of the vendor's meshes, which we may
not ship. Of the arms the left one is written down; the generator mirrors it.
"""

from math import pi
from typing import NamedTuple

BLACK, DARK, GREY, WHITE, BLUE = 'black', 'dark', 'grey', 'white', 'blue'
COLORS = {
    BLACK: '0.06 0.06 0.07 1',
    DARK: '0.20 0.21 0.24 1',
    GREY: '0.55 0.57 0.60 1',
    WHITE: '0.92 0.93 0.94 1',
    BLUE: '0.13 0.36 0.72 1',
}
ALONG_X, ALONG_Y, UPRIGHT = (0, pi / 2, 0), (-pi / 2, 0, 0), (0, 0, 0)


class Shape(NamedTuple):
    """A primitive: box (edges), cylinder (radius, length along z); in link axes."""

    size: tuple
    xyz: tuple
    color: str
    rpy: tuple = UPRIGHT
    solid: bool = True  # also a collision shape, else only seen
    seen: bool = True  # also drawn, else only touched


class Link(NamedTuple):
    """Mass [kg], centre of mass, diagonal of the inertia about it, shapes."""

    mass: float
    com: tuple
    inertia: tuple
    shapes: tuple


class Joint(NamedTuple):
    """One row of the tree; limit is (low, high, velocity, effort)."""

    name: str
    kind: str
    parent: str
    child: str
    xyz: tuple
    axis: tuple = ()
    limit: tuple = ()
    rpy: tuple = (0, 0, 0)
    mimic: str = ''


def steering(i, side):
    """Return a drive module; `side` is where its bracket stands, left (1) or right (-1)."""
    column = Shape((0.05, 0.085), (0, 0, 0.0175), DARK)
    fork = Shape((0.05, 0.012, 0.09), (0, 0.036 * side, -0.065), DARK, solid=False)
    wheel = (
        Shape((0.07, 0.055), (0, 0, 0), BLACK, ALONG_Y),
        Shape((0.04, 0.058), (0, 0, 0), GREY, ALONG_Y, solid=False),
    )
    return {
        f'steer_motor_link{i}': Link(
            1.2, (0.001, 0.0343 * side, -0.0346), (8.85e-5, 7.5e-5, 1.02e-4), (column, fork)
        ),
        f'wheel_motor_link{i}': Link(5.0, (0, 0.0016, 0), (9e-4, 1.59e-3, 9e-4), wheel),
    }


HEAD = (  # in zed_link, whose z looks ahead and 20 degrees down: undo that for an upright head
    Shape((0.201, 0.150, 0.150), (0.06, 0.0266, -0.076), WHITE, (0.349104, 0, 0)),
    Shape((0.177, 0.032, 0.034), (0.06, 0, 0.003), BLACK),
)
LINKS = {
    'base_link': Link(
        *(47.63, (-0.0024, -0.0001, 0.1374), (1.58, 1.46, 2.83)),
        (
            Shape((0.445, 0.476, 0.180), (-0.0125, 0, 0.080), WHITE),
            # Behind and below the torso's first joint, so that a squat stays clear of it.
            Shape((0.200, 0.240, 0.101), (-0.110, 0, 0.2205), DARK),
            Shape((0.447, 0.478, 0.030), (-0.0125, 0, 0.110), BLUE, solid=False),
        ),
    ),
    **steering(1, 1),
    **steering(2, -1),
    **steering(3, 1),
    'torso_link1': Link(
        *(5.72, (0.0007, 0.0032, 0.2314), (0.109, 0.107, 8.12e-3)),
        (
            Shape((0.063, 0.120), (0, 0, 0), GREY, ALONG_Y),
            Shape((0.035, 0.177), (0, 0, 0), DARK, ALONG_Y),
            Shape((0.056, 0.300), (0, 0, 0.200), WHITE),
            Shape((0.062, 0.120), (0, 0, 0.4), GREY, ALONG_Y),
        ),
    ),
    'torso_link2': Link(
        *(3.5, (0.0053, 0.0144, 0.1571), (0.0261, 0.0276, 1.85e-3)),
        (
            Shape((0.063, 0.121), (0, 0, 0), DARK, ALONG_Y),
            Shape((0.035, 0.183), (0, 0, 0), GREY, ALONG_Y),
            Shape((0.050, 0.200), (0, 0, 0.150), WHITE),
            Shape((0.062, 0.118), (0, 0, 0.3), DARK, ALONG_Y),
        ),
    ),
    'torso_link3': Link(
        *(3.4, (0, -0.0093, 0.0042), (1.41e-3, 2.2e-3, 1.33e-3)),
        (
            Shape((0.063, 0.127), (0, 0, 0), GREY, ALONG_Y),
            Shape((0.060, 0.076), (0, 0, 0.062), DARK),
        ),
    ),
    # The published row (com 0.0187 up, 1.5e-3) describes the yaw motor alone: we keep its mass and
    # spread it over the trunk.
    'torso_link4': Link(
        *(7.4, (0.0115, 0, 0.217), (0.147, 0.151, 0.053)),
        (
            Shape((0.215, 0.200, 0.446), (0.0115, 0, 0.217), WHITE, seen=False),
            # What is drawn stays below the view of the head camera, as the real chest does.
            Shape((0.215, 0.200, 0.336), (0.0115, 0, 0.162), WHITE, solid=False),
            Shape((0.166, 0.160, 0.110), (-0.013, 0, 0.385), WHITE, solid=False),
            Shape((0.012, 0.140, 0.160), (0.1205, 0, 0.28), BLUE, solid=False),
        ),
    ),
    'zed_link': Link(2.05, (0.0600, 0.0159, -0.0684), (0.0104, 0.0146, 0.0122), HEAD),
}
LEFT_LINKS = {
    'arm_base_link': Link(
        *(1.658, (-0.0006, 0.0389, 0), (1.06e-3, 1.18e-3, 1.06e-3)),
        (Shape((0.055, 0.072), (0, 0.036, 0), DARK, ALONG_Y),),
    ),
    'arm_link1': Link(
        *(1.164, (0, 0.1053, -0.0020), (1.12e-3, 1.08e-3, 1.16e-3)),
        (Shape((0.050, 0.124), (0, 0.106, 0), WHITE, ALONG_Y),),
    ),
    'arm_link2': Link(
        *(1.3, (-0.2362, 0.0164, -0.0001), (6.06e-4, 7.59e-3, 7.57e-3)),
        (
            Shape((0.050, 0.088), (0, 0, 0), DARK),
            Shape((0.040, 0.300), (-0.175, 0.006, 0), WHITE, ALONG_X),
            Shape((0.044, 0.088), (-0.34928, 0.010, 0), DARK),
        ),
    ),
    'arm_link3': Link(
        *(0.818, (0.0451, 0.0546, -0.0005), (6.01e-4, 1.40e-3, 1.50e-3)),
        (
            Shape((0.035, 0.094), (0, 0, 0), GREY),
            Shape((0.060, 0.090, 0.070), (0.020, 0.055, 0), WHITE),
            Shape((0.033, 0.178), (0.139, 0.069767, 0), WHITE, ALONG_X),
        ),
    ),
    'arm_link4': Link(
        *(0.698, (0.2429, 0.0024, 0), (8.45e-5, 1.02e-4, 9.7e-5)),
        (Shape((0.032, 0.070), (0.2477, 0, 0), DARK, ALONG_X),),
    ),
    'arm_link5': Link(
        *(0.417, (0.0543, 0.0042, 0), (8.4e-5, 9.85e-5, 1.13e-4)),
        (Shape((0.031, 0.103), (0.0215, 0, 0), WHITE, ALONG_X),),
    ),
    'arm_link6': Link(
        *(0.037, (0.0281, 0, 0), (3.6e-6, 2.0e-6, 2.0e-6)),
        (Shape((0.025, 0.030), (0.030, 0, 0), GREY, ALONG_X),),
    ),
    'gripper_link': Link(
        *(0.604, (-0.0311, 0, 0), (1.76e-4, 9.86e-5, 1.65e-4)),
        (
            Shape((0.060, 0.108, 0.077), (-0.030, 0, 0), DARK),
            Shape((0.024, 0.090, 0.025), (-0.004, 0.002107, 0.050), GREY, solid=False),  # camera
        ),
    ),
    # Closed, the two inner faces meet at y = 0 of the gripper. The box that a finger's foot fills
    # would hide the hand from the wrist camera, so less of it is drawn.
    'gripper_finger_link1': Link(
        *(0.027, (-0.0196, -0.0151, 0.0054), (2.4e-6, 5.7e-6, 6.5e-6)),
        (
            Shape((0.070, 0.013, 0.022), (0.006, -0.006953, 0), BLACK),
            Shape((0.031, 0.036, 0.070), (-0.0355, 0.004547, 0), GREY, seen=False),
            Shape((0.031, 0.036, 0.026), (-0.0355, 0.004547, 0), GREY, solid=False),
        ),
    ),
    'gripper_finger_link2': Link(
        *(0.027, (-0.0196, 0.0151, -0.0054), (2.4e-6, 5.7e-6, 6.5e-6)),
        (
            Shape((0.070, 0.013, 0.022), (0.006, 0.006953, 0), BLACK),
            Shape((0.031, 0.036, 0.070), (-0.0355, -0.004547, 0), GREY, seen=False),
            Shape((0.031, 0.036, 0.026), (-0.0355, -0.004547, 0), GREY, solid=False),
        ),
    ),
}
STEER, TORSO = (-1.5708, 1.5708, 3.1416, 44), (2.5, 100)
X, Y, Z = (1, 0, 0), (0, 1, 0), (0, 0, 1)
JOINTS = [
    # Front left, front right, rear: the order of the vendor's chassis feedback.
    *(
        Joint(
            *(f'steer_motor_joint{i}', 'revolute', 'base_link'),
            *(f'steer_motor_link{i}', xyz, Z, STEER),
        )
        for i, xyz in enumerate(
            [(0.21516, 0.28, 0.12375), (0.21516, -0.28, 0.12375), (-0.28084, 0, 0.12375)], 1
        )
    ),
    *(
        Joint(
            *(f'wheel_motor_joint{i}', 'continuous', f'steer_motor_link{i}'),
            *(f'wheel_motor_link{i}', (0, 0, -0.09525), Y),
        )
        for i in (1, 2, 3)
    ),
    # Positive leans forward, forward, backward, turns left. torso3 has the vendor's tighter range.
    Joint(
        *('torso_joint1', 'revolute', 'base_link', 'torso_link1'),
        *((-0.032845, 0, 0.301), Y, (-1.1345, 1.8326, *TORSO)),
    ),
    Joint(
        *('torso_joint2', 'revolute', 'torso_link1', 'torso_link2'),
        *((0, 0, 0.4), Y, (-2.7925, 2.5307, *TORSO)),
    ),
    Joint(
        *('torso_joint3', 'revolute', 'torso_link2', 'torso_link3'),
        *((0, 0, 0.3), (0, -1, 0), (-1.8326, 1.5708, *TORSO)),
    ),
    Joint(
        *('torso_joint4', 'revolute', 'torso_link3', 'torso_link4'),
        *((0, 0, 0.09962), Z, (-3.0543, 3.0543, *TORSO)),
    ),
    # zed_link is the left eye in optical axes already (z ahead, x right).
    Joint(
        *('zed_joint', 'fixed', 'torso_link4', 'zed_link', (0.065512, 0.060005, 0.47598)),
        rpy=(-1.9199, 0, -1.5708),
    ),
    Joint('zed_optical_joint', 'fixed', 'zed_link', 'zed_left_camera_optical_frame', (0, 0, 0)),
    Joint(
        *('zed_camera_joint', 'fixed', 'torso_link4', 'zed_left_camera_frame'),
        (0.065512, 0.060005, 0.47598),
        rpy=(0, 0.349104, 0),
    ),
    Joint('head_point_joint', 'fixed', 'torso_link4', 'head_point', (0.0723, 0, 0.4742)),
]
# fmt: off
LEFT_JOINTS = [
    Joint('arm_base_joint', 'fixed', 'torso_link4', 'arm_base_link',
          (0.00077694, 0.097234, 0.30285)),
    Joint('arm_joint1', 'revolute', 'arm_base_link', 'arm_link1',
          (-0.0011149, 0.0446, 0), Y, (-2.8798, 2.8798, 20.944, 40)),
    Joint('arm_joint2', 'revolute', 'arm_link1', 'arm_link2',
          (0, 0.1061, 0), (0, 0, -1), (0, 3.2289, 20.944, 40)),
    Joint('arm_joint3', 'revolute', 'arm_link2', 'arm_link3',
          (-0.34928, 0.019998, 0), (0, 0, -1), (-3.3161, 0, 7.5398, 27)),
    Joint('arm_joint4', 'revolute', 'arm_link3', 'arm_link4',
          (0.02735, 0.069767, 0), X, (-2.8798, 2.8798, 25.133, 7)),
    Joint('arm_joint5', 'revolute', 'arm_link4', 'arm_link5',
          (0.2463, -0.00049894, 0), Y, (-1.6581, 1.6581, 25.133, 7)),
    Joint('arm_joint6', 'revolute', 'arm_link5', 'arm_link6',
          (0.058249, 0.00050025, 0), X, (-2.8798, 2.8798, 25.133, 7)),
    Joint('gripper_joint', 'fixed', 'arm_link6', 'gripper_link', (0.1039, 0, 0)),
    Joint('gripper_finger_joint1', 'prismatic', 'gripper_link', 'gripper_finger_link1',
          (0.03689, 0.013453, 0.00012), Y, (0, 0.05, 0.25, 100)),
    Joint('gripper_finger_joint2', 'prismatic', 'gripper_link', 'gripper_finger_link2',
          (0.03689, -0.013453, -0.00012), (0, -1, 0), (0, 0.05, 0.25, 100),
          mimic='gripper_finger_joint1'),
    Joint('gripping_point_joint', 'fixed', 'gripper_link', 'gripping_point', (0.06, 0, 0)),
    # Optical axes already, like zed_link.
    Joint('realsense_joint', 'fixed', 'arm_link6', 'realsense_link',
          (0.098768, 0.0021071, 0.05055), rpy=(-2.0071, 0.00778, -1.5708)),
    Joint('realsense_optical_joint', 'fixed', 'realsense_link', 'realsense_color_optical_frame',
          (0, 0, 0)),
]
# fmt: on
