# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How far the robot is from touching itself, asked 100 times a second.

Links are covered by spheres (config/robots/*_spheres.yaml), so a distance is a subtraction and all
pairs are one NumPy expression. Libraries such as coal or hpp-fcl are exact on the primitives, but
they are compiled dependencies in the process that moves the robot, and a mesh-exact answer about
primitives that only resemble the robot is no better. The cover is complete: while the primitives
are apart, the distance said here is never above theirs, and at most a few centimetres below it.
"""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import yaml

from hvd_ros.core.errors import ConfigError, did_you_mean
from hvd_ros.core.robot.body import Array, Body
from hvd_ros.core.robot.kinematics import BodyKinematics
from hvd_ros.core.robot.urdf import Urdf, read_urdf


class SelfCollision:
    """The sphere model of one body; raises ConfigError if it has none or a wrong one."""

    def __init__(self, body: Body) -> None:
        if body.urdf is None or body.spheres is None:
            raise ConfigError(
                f'{body.name}: the robot description names no `spheres:` file (or no URDF), '
                'so self-collisions can not be found'
            )
        self._kinematics = BodyKinematics(body)
        links, balls, ignored = read_spheres(body.spheres, self._kinematics.tree.links)
        # Pairs of links that are watched.
        self.pairs = _pairs(read_urdf(body.urdf), links, ignored, _moved(body))
        if not self.pairs:
            raise ConfigError(f'{body.spheres}: no two links of it could ever touch')
        self._links = links
        self._row = np.array([self._kinematics.tree.link(name) for name in links], dtype=np.intp)
        self._center, radius = balls[:, :3, None], balls[:, 3]
        # What is not watched is infinitely far away; each pair stands above the diagonal once.
        ids = {name: i for i, name in enumerate(dict.fromkeys(links))}
        by_link = np.zeros((len(ids), len(ids)), dtype=bool)
        for a, b in self.pairs:
            by_link[ids[a], ids[b]] = True
        owner = np.array([ids[name] for name in links], dtype=np.intp)
        touching = radius[:, None] + radius
        self._reach = np.where(by_link[np.ix_(owner, owner)], touching, -np.inf)

    def distance(self, values: Array) -> tuple[float, str, str]:
        """
        Return the smallest distance [m] between two links of a pair, and their names.

        `values` are body values (D,); negative means that spheres overlap.
        """
        pose = self._kinematics.poses(values)[self._row]
        center = (pose[:, :3, :3] @ self._center)[:, :, 0] + pose[:, :3, 3]
        # |a - b|^2 = a.a + b.b - 2 a.b for all at once; good to a micrometre.
        square = np.einsum('ij,ij->i', center, center)
        gap = square[:, None] + square - 2.0 * (center @ center.T)
        np.sqrt(np.maximum(gap, 0.0, out=gap), out=gap)
        gap -= self._reach
        i, j = divmod(int(np.argmin(gap)), len(self._links))
        return float(gap[i, j]), self._links[i], self._links[j]


def _moved(body: Body) -> set[str]:
    return {d.joint for d in body.dimensions if d.joint}


def _pairs(
    urdf: Urdf, links: list[str], ignored: set[frozenset[str]], moved: set[str]
) -> list[tuple[str, str]]:
    # Links that never move against each other form one piece; a joint's two pieces always touch.
    piece = {urdf.root: urdf.root}
    touching = set()
    for joint in urdf.joints:
        free = joint.name in moved or joint.mimic in moved
        piece[joint.child] = joint.child if free else piece[joint.parent]
        touching.add(frozenset((piece[joint.parent], piece[joint.child])))

    def apart(a: str, b: str) -> bool:
        pieces = frozenset((piece[a], piece[b]))
        return len(pieces) == 2 and pieces not in touching and frozenset((a, b)) not in ignored

    return [(a, b) for a, b in combinations(dict.fromkeys(links), 2) if apart(a, b)]


def read_spheres(
    path: Path, known: tuple[str, ...]
) -> tuple[list[str], Array, set[frozenset[str]]]:
    """
    Return the link of every sphere, rows x, y, z, radius [m] in link axes, and ignored pairs.

    `known` are the links that there are; raises ConfigError naming the file and the entry.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f'{path}: not readable as YAML: {error}') from None
    if not isinstance(data, dict) or not isinstance(data.get('spheres'), dict):
        raise ConfigError(f'{path}: expected `spheres:` with rows [x, y, z, radius] by link')
    rows = list(_rows(path, data['spheres'], known))
    ignored = set()
    for pair in data.get('ignore') or []:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ConfigError(f'{path}: ignore: {pair!r} must be a pair of links')
        for link in pair:
            _known(path, link, known)
        ignored.add(frozenset(pair))
    return [name for name, _ in rows], np.array([row for _, row in rows]), ignored


def _rows(
    path: Path, spheres: dict[str, object], known: tuple[str, ...]
) -> Iterator[tuple[str, Array]]:
    for name, rows in spheres.items():
        _known(path, name, known)
        for row in rows if isinstance(rows, list) else [rows]:
            try:
                ball = np.array(row, dtype=np.float64)
            except (TypeError, ValueError):
                ball = np.zeros(0)
            if ball.shape != (4,) or not np.all(np.isfinite(ball)) or ball[3] <= 0:
                raise ConfigError(f"{path}: link '{name}': {row!r} must be [x, y, z, radius > 0]")
            yield name, ball


def _known(path: Path, link: str, known: tuple[str, ...]) -> None:
    if link not in known:
        raise ConfigError(
            f"{path}: no link '{link}' in the URDF; {did_you_mean(str(link), known)}"
        )
