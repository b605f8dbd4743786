"""
Build file for colcon (ament_python) and pip alike.

pip on a machine without ROS installs core, drivers, runtime, sim and the `hvd` command; colcon
adds the nodes' executables under lib/hvd_ros, where `ros2 run` and `ros2 launch` look for them.
"""

from pathlib import Path

from setuptools import find_packages, setup

NODES = (
    'cloud',
    'guardian',
    'joylo',
    'mux',
    'policy',
    'r1',
    'realsense_camera',
    'recorder',
    'replay',
    'rosbridge_twin',
    'scripted_operator',
    'sim_cameras',
    'sim_joylo',
    'sim_oracle',
    'sim_robot',
    'viewer',
    'zed_camera',
)


def share(folder: str) -> list[tuple[str, list[str]]]:
    """List the files below a top-level folder as data files of share/hvd_ros."""
    found: dict[str, list[str]] = {}
    for path in sorted(Path(folder).rglob('*')):
        if path.is_file() and '__pycache__' not in path.parts:
            found.setdefault(f'share/hvd_ros/{path.parent}', []).append(str(path))
    return list(found.items())


setup(
    name='hvd_ros',
    version='0.1.0',
    description='Teleoperate, record, train and deploy whole-body policies on the Galaxea R1.',
    license='Apache-2.0',
    python_requires='>=3.11',
    packages=find_packages(include=['hvd_ros', 'hvd_ros.*']),
    package_data={'hvd_ros': ['py.typed', 'cli/labelling/page/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/hvd_ros']),
        ('share/hvd_ros', ['package.xml']),
        *share('config'),
        *share('launch'),
        *share('msg'),
        *share('urdf'),
    ],
    install_requires=[
        'argcomplete>=3.1',
        'fpsample>=1.0',
        'mcap>=1.5',
        'numpy>=1.26',
        'opencv-python-headless>=4.7',
        'pyyaml>=6.0',
        'rosbags>=0.11',
    ],
    extras_require={
        'plots': ['matplotlib>=3.6'],
        'cameras': ['pyrealsense2>=2.55'],
        'drivers': [
            'dynamixel-sdk>=4.0.3',
            'hidapi>=0.14',
            'pyserial>=3.5',
            'websocket-client>=1.7',
            'websockets>=13',
        ],
        'policy': ['msgpack>=1.0', 'onnxruntime>=1.18', 'websockets>=13'],
        'sim': ['mujoco>=3.3.7'],
        'gym': ['gymnasium>=1.0', 'mujoco>=3.3.7'],
        'viewer': ['viser>=1.1'],
    },
    entry_points={
        'console_scripts': [
            'hvd = hvd_ros.cli.main:main',
            *(f'{node}_node = hvd_ros.nodes.{node}_node:main' for node in NODES),
        ],
    },
    zip_safe=False,
)
