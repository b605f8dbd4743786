# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Describe the files of a LeRobot dataset: names, types and nesting, no values.

    python test/training/describe_dataset.py DATASET

test/training/lerobot_schemas.json holds what this printed for datasets that LeRobot itself wrote
(test/training/write_with_lerobot.py); test_formats.py compares ours with it. Needs pyarrow only.
"""

import json
from pathlib import Path
import sys

import pyarrow.parquet as pq

# What a dataset holds differs; of these only the kinds of values count.
_PER_FEATURE = ('observation.images.head', 'observation.state', 'action', 'next.reward')
_INDEX = ('timestamp', 'frame_index', 'episode_index', 'index', 'task_index', 'next.done')


def describe(root: Path) -> dict:
    """Return the description."""
    info = json.loads((root / 'meta/info.json').read_text())
    features = info.pop('features')
    kept = [name for name in (*_PER_FEATURE, *_INDEX) if name in features]
    found = {
        'info': {k: kind(v) for k, v in info.items()} | {'version': info['codebase_version']},
        'paths': {k: info[k] for k in ('data_path', 'video_path')},
        'features': {name: feature(features[name]) for name in kept},
        'data': columns(next(iter(sorted(root.glob('data/*/*.parquet')))), kept),
        'files': sorted(pattern(path, root) for path in root.rglob('*.*') if ours_too(path)),
    }
    meta = root / 'meta'
    if (meta / 'tasks.parquet').exists():
        found['tasks'] = tasks(meta / 'tasks.parquet')
        episodes = next(iter(sorted(meta.glob('episodes/*/*.parquet'))))
        found['episodes'] = columns(episodes, None, kept)
        stats = json.loads((meta / 'stats.json').read_text())
    else:
        for name in ('tasks', 'episodes', 'episodes_stats'):
            line = json.loads((meta / f'{name}.jsonl').read_text().splitlines()[0])
            found[name] = {k: kind(v) for k, v in line.items() if k != 'stats'}
        stats = line['stats']
    found['stats'] = {
        name: {k: shape(v) for k, v in stats[name].items()} for name in kept if name in stats
    }
    return found


def feature(entry: dict) -> dict:
    """Return the declaration without the codec's details."""
    return {'dtype': entry['dtype'], 'rank': len(entry['shape'])}


def columns(path: Path, kept: list | None, features: list | None = None) -> dict:
    """Return column -> type; lists of fixed and of free length count alike."""
    schema = pq.read_schema(path)
    found = {}
    for name in schema.names:
        if kept is not None and name not in kept:
            continue
        # stats/FEATURE/mean: only of the features that every dataset has.
        if (
            features is not None
            and name.startswith('stats/')
            and name.split('/')[1] not in features
        ):
            continue
        found[name] = plain(str(schema.field(name).type))
    return found


def plain(text: str) -> str:
    """Return an arrow type without the names and sizes of its lists."""
    for old, new in (('fixed_size_list', 'list'), ('element: ', ''), ('item: ', '')):
        text = text.replace(old, new)
    return text.split(']')[0].split('[')[0].replace('large_', '')


def tasks(path: Path) -> dict:
    """Return what makes the words of a task the index of a pandas table."""
    schema = pq.read_schema(path)
    pandas = json.loads(schema.metadata[b'pandas'])
    index = pandas['index_columns'][0]
    return {
        'index_is_the_words': 'string' in str(schema.field(index).type),
        'columns': sorted(n for n in schema.names if n != index),
        'task_index': str(schema.field('task_index').type),
    }


def kind(value: object) -> str:
    """Return the JSON kind of a value."""
    return type(value).__name__


def shape(value: object) -> list:
    """Return the sizes of nested lists; the last one may vary with the feature."""
    sizes = []
    while isinstance(value, list):
        sizes.append(len(value))
        value = value[0]
    return sizes


def pattern(path: Path, root: Path) -> str:
    """Return a file's place."""
    return str(path.relative_to(root))


def ours_too(path: Path) -> bool:
    """Leave out what only we write, and other cameras."""
    mine = ('hvd', 'clouds', 'cache', 'norm_stats', 'wrist')
    return path.is_file() and not any(word in str(path) for word in mine)


if __name__ == '__main__':
    print(json.dumps(describe(Path(sys.argv[1])), indent=1, sort_keys=True))
