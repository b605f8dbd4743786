# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Episodes as the recorder wrote them, seen as a converter wants them.

Frames at the start before every camera, cloud and command was there are left out, and so are those
at the end behind the last command; labels move along. Nothing else is cut, filled or resampled.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hvd_ros.core.episodes.actions import action_at, of_the_step
from hvd_ros.core.episodes.meta import EpisodeMeta, hex_id, load_meta
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.errors import ContractMismatch, EpisodeError, HvdError, did_you_mean
from hvd_ros.core.labels.file import load_labels
from hvd_ros.core.labels.labels import Labels, Mark, empty_labels
from hvd_ros.core.labels.rewards import rewards, terminals
from hvd_ros.core.robot.body import Body
from hvd_ros.core.robot.description import load_body
from hvd_ros.core.robot.state import STATE_FEATURES, StateLayout
from hvd_ros.core.tasks import load_task
from hvd_training.data.facts import EpisodeFacts, StageEnd
from hvd_training.data.source import RawFrames, Sight


def native_facts(folder: Path, prompt: str = '') -> EpisodeFacts:
    """Read what is said about a sealed episode without opening its bag."""
    meta = load_meta(folder)
    labels = _labels(folder, meta)
    return EpisodeFacts(
        episode_id=meta.episode_id,
        task=meta.task,
        prompt=prompt or meta.prompt or load_task(meta.task).prompt,
        kind=meta.kind,
        outcome=labels.outcome or meta.outcome,
        operator=meta.operator,
        robot=meta.robot,
        layout_id=meta.layout_id,
        names=meta.dimensions,
        fps=max(1, round(meta.rate_hz)),
        frames=meta.frames,
        stages=len(labels.stages),
        ends=tuple(StageEnd(m.frame, m.stage, m.score) for m in labels.resolved()),
    )


def _labels(folder: Path, meta: EpisodeMeta) -> Labels:
    found = load_labels(folder, episode_id=meta.episode_id, frames=meta.frames)
    return found or empty_labels(meta.episode_id, meta.task, meta.frames)


@dataclass(frozen=True)
class NativeSource:
    """One sealed episode; implements EpisodeSource."""

    folder: Path
    prompt: str = ''  # in place of the one that was recorded
    only: tuple[str, ...] | None = None  # these cameras; None: all that were recorded
    state: tuple[str, ...] = STATE_FEATURES
    with_cloud: bool = True
    sim_state: tuple[str, ...] = ()  # numbers that only a simulation knows, in this order

    @cached_property
    def facts(self) -> EpisodeFacts:
        """What is said about the episode, with its frames counted as they are kept."""
        first, stop = self._kept
        said = native_facts(self.folder, self.prompt)
        ends = tuple(
            replace(e, frame=int(np.clip(e.frame, first, stop - 1)) - first) for e in said.ends
        )
        return replace(said, frames=stop - first, fps=self._fps, ends=ends)

    @property
    def fingerprint(self) -> str:
        """Of the small files, and the size of the large one."""
        total = hashlib.sha256(repr((self.prompt, self.only, self.state, self.sim_state)).encode())
        for path in sorted(self.folder.iterdir()):
            if path.suffix == '.json':
                total.update(path.read_bytes())
            elif path.suffix == '.mcap':
                total.update(str((path.name, path.stat().st_size)).encode())
        return total.hexdigest()

    @property
    def state_names(self) -> tuple[str, ...]:
        """Names of the numbers of the state."""
        return self._layout.names

    @cached_property
    def cameras(self) -> Mapping[str, tuple[int, int]]:
        """Name -> height and width."""
        there = self._episode.meta.cameras
        for camera in self.only or ():
            if camera not in there:
                raise ContractMismatch(
                    f"{self.folder.name}: no camera '{camera}' was recorded; "
                    f'{did_you_mean(camera, there)}; name other --cameras or leave it out'
                )
        names = there if self.only is None else self.only
        return {name: (there[name].height, there[name].width) for name in names}

    @property
    def has_cloud(self) -> bool:
        """Whether clouds were recorded and are wanted."""
        return self.with_cloud and 'cloud' in self._episode.meta.streams

    def raw(self) -> RawFrames:
        """Return the numbers of the frames that are kept."""
        first, stop = self._kept
        table = self._episode.table()
        kept = slice(first, stop)
        ends = [Mark(e.frame, e.stage, e.score, 'resolved') for e in self.facts.ends]
        return RawFrames(
            stamp_ns=table.stamp_ns[kept],
            position=table.position[kept],
            state=self._state[kept],
            action=self._action[kept],
            asked=of_the_step(table, table.asked)[kept],
            clip=of_the_step(table, table.clip)[kept],
            source=of_the_step(table, table.source)[kept],
            intervention=of_the_step(table, table.intervention)[kept],
            reward=rewards(ends, stop - first),
            terminal=terminals(stop - first),
            sim_state=self._sim_state[kept],
        )

    def sights(self) -> Iterator[Sight]:
        """Give images and clouds of the frames that are kept, in one pass over the bag."""
        episode = self._episode
        for index in range(*self._kept):
            images = {camera: episode.color(camera, index) for camera in self.cameras}
            cloud = episode.cloud(index) if self.has_cloud else None
            yield Sight({name: _there(jpeg, name, index) for name, jpeg in images.items()}, cloud)
        episode.close()

    @cached_property
    def _episode(self) -> Episode:
        episode = Episode.open(self.folder)
        table = episode.table()
        if table.frames != episode.meta.frames:
            raise EpisodeError(
                f'{self.folder.name}: its bag holds {table.frames} of the {episode.meta.frames} '
                'frames that episode.json counts; run `hvd episodes repair`'
            )
        return episode

    @cached_property
    def _body(self) -> Body:
        meta = self._episode.meta
        body = load_body(meta.robot)
        if hex_id(body.layout_id) != meta.layout_id:
            raise ContractMismatch(
                f"{meta.episode_id} was recorded with layout {meta.layout_id}, but '{meta.robot}' "
                f'is {hex_id(body.layout_id)} here; put back the robot description of that time'
            )
        return body

    @cached_property
    def _layout(self) -> StateLayout:
        return StateLayout(self._body, self.state)

    @cached_property
    def _state(self) -> NDArray[np.float64]:
        table = self._episode.table()
        rows = zip(table.position, table.velocity, strict=True)
        return np.array([self._layout.state(p, v) for p, v in rows])

    @cached_property
    def _sim_state(self) -> NDArray[np.float64]:
        """Return the wanted numbers; those of other tasks, which this one has not, are 0."""
        rows = np.zeros((self._episode.table().frames, len(self.sim_state)))
        if not self.sim_state:
            return rows
        found = self._episode.sim_state()
        if found is None:
            raise ContractMismatch(
                f'{self.folder.name}: the state of the simulation was not recorded, as it was in '
                'other episodes; convert with --sim-state off, or leave the episode out'
            )
        names, values = found
        for name in names:
            if name not in self.sim_state:
                raise ContractMismatch(
                    f"{self.folder.name}: '{name}' of the simulation is unknown to the first "
                    'episode of its task; convert with --sim-state off, or generate it again'
                )
        rows[:, [self.sim_state.index(name) for name in names]] = values
        return rows

    @cached_property
    def _action(self) -> NDArray[np.float64]:
        return action_at(self._episode.table())

    @cached_property
    def _fps(self) -> int:
        steps = np.diff(self._episode.table().stamp_ns)
        return max(1, round(1e9 / float(np.median(steps)))) if len(steps) else 10

    @cached_property
    def _kept(self) -> tuple[int, int]:
        """Return the first frame that has everything, and the one behind the last command."""
        table = self._episode.table()
        there: dict[str, NDArray[np.bool_]] = {
            'sim_state': np.asarray(np.isfinite(self._sim_state).all(axis=1)),
            **{c: table.received[f'{c}_color'] > 0 for c in self.cameras},
            'state': np.asarray(np.isfinite(self._state).all(axis=1)),
            'action': np.asarray(np.isfinite(self._action).all(axis=1)),
        }
        if self.has_cloud:
            there['cloud'] = table.received['cloud'] > 0
        for name, rows in there.items():
            if not rows.any():
                raise ContractMismatch(
                    f'{self.folder.name}: {self._named(name)} is missing in all {table.frames} '
                    'frames; convert without it, or leave the episode out (--skip-bad)'
                )
        first = max(int(np.argmax(rows)) for rows in there.values())
        stop = table.frames - int(np.argmax(there['action'][::-1]))
        return first, max(stop, first)

    def _named(self, name: str) -> str:
        """Return which numbers of a state or an action never were there."""
        values = {'state': self._state, 'action': self._action}.get(name)
        if values is None:
            return name
        names = {'state': self.state_names, 'action': self._body.names}[name]
        never = [not np.isfinite(column).any() for column in values.T]
        return f'{name} ({", ".join(n for n, lost in zip(names, never, strict=True) if lost)})'


def _there(jpeg: bytes | None, camera: str, index: int) -> bytes:
    if jpeg is None:
        raise ContractMismatch(f'{camera} has no image at frame {index}, after it had one')
    return jpeg


def sim_state_names(folders: Iterable[tuple[Path, EpisodeFacts]]) -> tuple[str, ...]:
    """
    Return what simulations recorded in any of these episodes, in the order of first appearance.

    Tasks have different things, so a dataset of several has the numbers of all of them. One
    episode of each task is opened; the others must fit it.
    """
    names: dict[str, None] = {}
    seen: set[str] = set()
    for folder, facts in folders:
        if facts.task in seen:
            continue
        try:
            with Episode.open(folder) as episode:
                found = episode.sim_state()
        except HvdError:
            continue  # said when its turn comes
        seen.add(facts.task)
        names |= dict.fromkeys(found[0] if found else ())
    return tuple(names)


def find_episodes(place: Path) -> list[Path]:
    """Return the sealed episodes of a folder: itself one, or of one task, or of all tasks."""
    if not place.is_dir():
        raise EpisodeError(f'{place} is not a folder; `hvd episodes list` names all episodes')
    for pattern in ('episode.json', '*/episode.json', '*/*/episode.json'):
        found = sorted(p.parent for p in place.glob(pattern) if p.parent.suffix != '.partial')
        if found:
            return found
    raise EpisodeError(f'{place} holds no sealed episode; `hvd episodes repair` rescues torn ones')
