# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Looking for everything that can be wrong with an episode, and saying it in one line each.

Nothing is changed here; what can be mended is mended by `hvd episodes repair`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from hvd_ros.core.bag import cdr, rosbag2
from hvd_ros.core.bag.index import Bag, Times
from hvd_ros.core.episodes.checksums import wrong_files
from hvd_ros.core.episodes.meta import EpisodeMeta
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.streams import FRAME_KIND, FRAMES_TOPIC
from hvd_ros.core.errors import HvdError, did_you_mean
from hvd_ros.core.vision.codec import decode_color, decode_depth

_COPY = 'copy it again from where it is whole'


def verify(folder: Path, *, images: bool = False) -> list[str]:
    """Return what is wrong with an episode; nothing, if all is well. Images take their time."""
    try:
        with Episode.open(folder) as episode:
            found = [*_problems(episode), *(_images(episode) if images else ())]
            return [f'{folder}: {problem}' for problem in found]
    except HvdError as error:
        said = str(error)
        return [said if str(folder) in said else f'{folder}: {said}']


def verify_all(folders: Sequence[Path], *, images: bool = False) -> list[str]:
    """Return what is wrong with these episodes, each and together."""
    problems = [problem for folder in folders for problem in verify(folder, images=images)]
    return problems + list(_together(folders))


def _together(folders: Sequence[Path]) -> Iterator[str]:
    """Yield what is wrong between episodes: the same id twice, different bodies."""
    places: dict[str, list[Path]] = defaultdict(list)
    layouts: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        places[folder.name].append(folder)
        try:
            layouts[Episode.open(folder).meta.layout_id].append(folder)
        except HvdError:
            continue  # said by verify()
    for name, same in places.items():
        if len(same) > 1:
            yield f'duplicate episode id {name}: {_listed(same)}; remove the copies'
    if len(layouts) > 1:
        parts = [f'{layout or "unknown"}: {_listed(where)}' for layout, where in layouts.items()]
        yield (
            f'episodes of {len(layouts)} different bodies (layout ids) are mixed: '
            f'{"; ".join(parts)}; keep one root for each body'
        )


def _listed(folders: Sequence[Path]) -> str:
    names = [str(folder) for folder in folders[:3]]
    more = [f'{len(folders) - 3} more'] if len(folders) > 3 else []
    return ', '.join(names + more)


def _problems(episode: Episode) -> Iterator[str]:
    meta, bag = episode.meta, episode.bag
    yield from wrong_files(episode.folder)
    yield from _descriptions(episode)
    wrong = list(_schemas(bag, meta))
    yield from wrong
    yield from _missing(bag, meta)
    if wrong:
        return  # what follows would only repeat it
    yield from _messages(episode)
    yield from _frames(episode)
    yield from _labels(episode)


def _descriptions(episode: Episode) -> Iterator[str]:
    path = episode.folder / rosbag2.FILE
    if not path.exists():
        yield f'{rosbag2.FILE} is missing; run `hvd episodes repair`'
    elif path.read_text(encoding='utf-8') != rosbag2.metadata_text(episode.bag.path):
        yield f'{rosbag2.FILE} does not describe this bag; remove it and run `hvd episodes repair`'
    found = episode.bag.counts.get(FRAMES_TOPIC, 0)
    if found != episode.meta.frames:
        yield f'episode.json counts {episode.meta.frames} frames, the bag has {found}; {_COPY}'


def _schemas(bag: Bag, meta: EpisodeMeta) -> Iterator[str]:
    wanted = {row['topic']: row['kind'] for row in meta.streams.values()}
    wanted[FRAMES_TOPIC] = FRAME_KIND
    for topic, (_, kind) in bag.topics.items():
        if topic in wanted and kind != wanted[topic]:
            yield f'{topic} is a {kind}, it must be a {wanted[topic]}; it was not written by us'
    for kind, text in bag.schemas.items():
        if kind not in cdr.typestore().fielddefs:
            yield f'unknown schema {kind}; {did_you_mean(kind, cdr.typestore().fielddefs)[:200]}'
        elif text != cdr.definition(kind):
            yield (
                f'wrong schema: {kind} is defined differently here and in the bag; read it with '
                'the version of hvd_ros that wrote it (episode.json: software)'
            )


def _missing(bag: Bag, meta: EpisodeMeta) -> Iterator[str]:
    for camera in meta.cameras:
        for what in ('color', 'depth'):
            row = meta.streams.get(f'{camera}_{what}')
            if row is None or not bag.counts.get(row['topic']):
                yield f'missing camera: {camera} has no {what} images; leave the episode out'
    if not bag.counts.get(FRAMES_TOPIC):
        yield 'it has no frames; leave the episode out'


def _messages(episode: Episode) -> Iterator[str]:
    """Decode every message; look at its stamp and, where it has one, its layout."""
    counted: Counter[str] = Counter()
    layouts: dict[str, str] = {}
    stamps: dict[str, int] = {}
    back: Counter[str] = Counter()
    torn: dict[str, str] = {}
    for message in episode.messages():
        counted[message.topic] += 1
        try:
            decoded = cdr.decode(message.kind, message.cdr)
        except HvdError as error:
            torn.setdefault(message.topic, str(error))
            continue
        stamp_ns = cdr.ns_of(decoded.header.stamp)
        back[message.topic] += stamp_ns < stamps.get(message.topic, stamp_ns)
        stamps[message.topic] = stamp_ns
        if hasattr(decoded, 'layout_id'):
            layouts[f'{decoded.layout_id:016x}'] = message.topic
    yield from _counts(counted, episode.bag)
    yield from (f'{topic}: {said}' for topic, said in torn.items())
    for topic, count in back.items():
        if count:
            yield f'{topic}: {count} stamps are older than the one before; was a clock set back?'
    for layout, topic in layouts.items():
        if layout != episode.meta.layout_id:
            yield (
                f'mixed bodies: {topic} is of layout {layout}, episode.json says '
                f'{episode.meta.layout_id}; leave the episode out'
            )


def _counts(counted: Counter[str], bag: Bag) -> Iterator[str]:
    for topic, count in bag.counts.items():
        if counted[topic] != count:
            yield f'{topic}: counted {count} in the summary, {counted[topic]} are there; {_COPY}'


def _images(episode: Episode) -> Iterator[str]:
    """Decode every picture; one that is whole has the size that its camera says."""
    for camera, intrinsics in episode.meta.cameras.items():
        size = (intrinsics.height, intrinsics.width)
        for what, decode in (('color', decode_color), ('depth', decode_depth)):
            row = episode.meta.streams.get(f'{camera}_{what}')
            if row is None:
                continue  # said as a missing camera
            bad: list[str] = []
            for message in episode.messages({row['topic']}):
                try:
                    found = decode(cdr.decode(message.kind, message.cdr).data).shape[:2]
                except HvdError as error:
                    bad.append(str(error))
                    continue
                if found != size:
                    bad.append(f'{found[1]}x{found[0]} instead of {size[1]}x{size[0]}')
            if bad:
                said = f'{len(bad)} pictures are not whole (first: {bad[0]})'
                yield f'{row["topic"]}: {said}; {_COPY}'


def _frames(episode: Episode) -> Iterator[str]:
    table = episode.table()
    if (np.diff(table.stamp_ns) <= 0).any():
        yield 'frames do not follow one another in time; it was not written by us'
    for stream, received in table.received.items():
        row = episode.meta.streams.get(stream)
        if row is None:
            yield f"frames name a stream '{stream}' that episode.json does not know"
            continue
        missing = _absent(received, episode.bag, row['topic'])
        if missing:
            yield (
                f'{len(missing)} frames (first: {missing[0]}) name messages of {row["topic"]} '
                f'that are not in the bag; {_COPY}'
            )


def _absent(received: Times, bag: Bag, topic: str) -> list[int]:
    """Return the frames whose message is not there."""
    there = np.isin(received, bag.log_times(topic)) | (received == 0)
    return [int(i) for i in np.flatnonzero(~there)]


def _labels(episode: Episode) -> Iterable[str]:
    try:
        marks = episode.labels.marks
    except HvdError as error:
        return [str(error)]
    frames = episode.meta.frames
    return [
        f'label beyond the end: stage {m.stage} by {m.author} ends at frame {m.frame}, the '
        f'episode has {frames}; open it in the labeller'
        for m in marks
        if not 0 <= m.frame < frames
    ]
