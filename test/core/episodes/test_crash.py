# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A recorder that is killed at a random moment loses at most the last second of its episode.

The child records as fast as it is allowed to: one frame every 33 ms, flushed so much
more often in proportion, so that 10 Hz and one second become 30 Hz and a third.
"""

from concurrent.futures import ThreadPoolExecutor
import hashlib
import os
from pathlib import Path
import random
import signal
import subprocess
import sys
import time

import pytest

from hvd_ros.core.bag.salvage import is_whole
from hvd_ros.core.episodes.frame import frame_to_cdr
from hvd_ros.core.episodes.reader import Episode
from hvd_ros.core.episodes.rebuild import rebuild
from hvd_ros.core.episodes.repair import repair_all
from hvd_ros.core.episodes.verify import verify, verify_all
from test import episode_maker as maker

ROOT = Path(__file__).resolve().parents[3]
FRAMES_PER_SECOND = 10  # of the episode's own time
SPEED = 3  # how much faster than that the child records
CHILD = """
import sys, time
from pathlib import Path
from dataclasses import replace
from test import episode_maker as maker
from hvd_ros.core.episodes.streams import streams_for
from hvd_ros.core.episodes.writer import EpisodeWriter, WriterConfig
root, name, speed = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
streams = streams_for(('head',), True)
meta = maker._meta(name, 'pen_insert', 'expert', streams)
meta = replace(meta, cameras={'head': maker.intrinsics((64, 48))})
writer = EpisodeWriter(
    root / 'pen_insert' / name, meta, WriterConfig(free_floor_gb=0.0, flush_period_s=0.5 / speed)
)
class Paced:
    frames, start = 0, time.monotonic()
    def write(self, topic, kind, log_ns, publish_ns, cdr):
        writer.write(topic, kind, log_ns, publish_ns, cdr)
        if topic == '/recorded/frames':
            self.frames += 1
            print(self.frames, flush=True)
            time.sleep(max(0.0, self.start + self.frames / 10 / speed - time.monotonic()))
maker.write_frames(Paced(), streams, 100000, ('head',), (64, 48))
"""


def digests(root):
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob('*'))
        if p.is_file()
    }


def record_and_kill(root, name, frames):
    """Kill a recorder some milliseconds after it has given that many frames to its writer."""
    child = subprocess.Popen(
        [sys.executable, '-c', CHILD, str(root), name, str(SPEED)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        for line in child.stdout:
            if int(line) >= frames:
                break
        os.kill(child.pid, signal.SIGKILL)
        # What the child said before it died.
        return max([frames, *(int(line) for line in child.stdout if line.endswith('\n'))])
    finally:
        child.kill()
        child.wait()


def kill_and_repair(tmp_path, times, seed):
    moments = random.Random(seed)
    bystander = maker.make_episode(tmp_path, frames=5, task='wipe_board', cameras=('head',))
    before = digests(bystander)
    lost = []
    for i in range(times):
        name = f'killed{i:02d}'
        given = record_and_kill(tmp_path, name, moments.randint(1, 40))
        assert (tmp_path / 'pen_insert' / f'{name}.partial').is_dir()
        results = {r.folder.name: r for r in repair_all(tmp_path)}
        assert results[name].rescued, results[name].done
        lost.append(given - check_rescued(results[name].folder))
        whole = digests(tmp_path)
        assert all(not r.done for r in repair_all(tmp_path)), 'a second repair found work'
        assert digests(tmp_path) == whole
    assert digests(bystander) == before
    assert max(lost) <= FRAMES_PER_SECOND, f'frames lost: {lost}'
    # One that was killed before its first flush is whole, but nothing is in it.
    some = [f for f in sorted((tmp_path / 'pen_insert').iterdir()) if Episode.open(f).meta.frames]
    assert some
    assert verify_all(some) == []


def check_rescued(folder):
    """Check that everything that was rescued is consistent; return the number of frames."""
    episode = Episode.open(folder)
    assert not episode.meta.healthy
    assert 'could seal' in episode.meta.notes[-1]
    pairs = list(rebuild(episode, maker.body()))
    assert all(recorded.cdr == frame_to_cdr(frame) for recorded, frame in pairs)
    assert [frame.index for _, frame in pairs] == list(range(episode.meta.frames))
    return episode.meta.frames


def test_kill_9_loses_at_most_a_second_and_repair_is_idempotent(tmp_path):
    kill_and_repair(tmp_path, times=5, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kill_9_fifty_times(tmp_path):
    with ThreadPoolExecutor() as pool:
        disks = [tmp_path / name for name in ('one', 'two')]
        list(pool.map(lambda disk: kill_and_repair(disk, times=25, seed=disk.name), disks))


def test_cut_off_at_any_byte_it_is_rescued_up_to_the_last_whole_chunk(tmp_path):
    """Every length that a torn write can leave, sampled; each message that is kept is whole."""
    folder = maker.make_episode(tmp_path, frames=8, cameras=('head',), seed=1)
    path = next(folder.glob('*.mcap'))
    data, moments = path.read_bytes(), random.Random(0)
    bag = Episode.open(folder).bag
    whole = [m.cdr for m in bag.messages()]
    # Also right behind each chunk, where its index is missing, and within that index.
    ends = [c.chunk_start_offset + c.chunk_length for c in bag._chunks]
    lengths = [*moments.sample(range(30, len(data)), 40), *ends, *(end + 40 for end in ends)]
    kept = []
    for length in sorted(lengths):
        path.write_bytes(data[:length])
        assert not is_whole(path)
        assert repair_all(tmp_path)[0].rescued
        assert is_whole(path)
        kept.append(check_kept(folder, whole))
    assert kept == sorted(kept)
    assert kept[-1] == len(whole)


def check_kept(folder, whole):
    """Check that index and frames know exactly what is there; return how many messages."""
    episode = Episode.open(folder)
    found = [m.cdr for m in episode.messages()]
    assert set(found) <= set(whole)
    for topic, count in episode.bag.counts.items():
        times = episode.bag.log_times(topic)
        assert len(times) == count
        assert all(episode.bag.at(topic, int(t)) in found for t in times[:3])
    # No frame names an image that the torn end took away.
    assert not [problem for problem in verify(folder) if 'name messages of' in problem]
    return len(found)


def test_garbage_behind_the_last_chunk_is_cut_off(tmp_path):
    """After a power cut a file may end in zeros, or in what was on the disk before."""
    folder = maker.make_episode(tmp_path, frames=8, cameras=(), cloud=False)
    path = next(folder.glob('*.mcap'))
    data = path.read_bytes()
    end = data.rindex(b'\x0f' + (4).to_bytes(8, 'little'))  # the record that ends the data
    for tail in (bytes(5000), random.Random(1).randbytes(5000), data[8:3000]):
        path.write_bytes(data[:end] + tail)
        assert repair_all(tmp_path)[0].rescued
        assert Episode.open(folder).meta.frames == 8


def test_damaged_bytes_anywhere_give_a_clear_answer_and_never_an_exception(tmp_path):
    folder = maker.make_episode(tmp_path, frames=3, cameras=('head',))
    path, texts = next(folder.glob('*.mcap')), [folder / 'episode.json', folder / 'metadata.yaml']
    data, before, random_ = path.read_bytes(), [t.read_bytes() for t in texts], random.Random(3)
    for _ in range(150):
        damaged = bytearray(data)
        # Anywhere, in the summary, in the footer, at the beginning.
        for low, high in ((0, len(data)), (len(data) - 6000, len(data)), (0, 200))[
            : random_.randint(1, 3)
        ]:
            damaged[random_.randrange(low, high)] = random_.randrange(256)
        path.write_bytes(damaged)
        assert all(str(folder) in line for line in verify_all([folder]))
        repair_all(tmp_path)
        for text, content in zip(texts, before, strict=True):
            text.write_bytes(content)


def test_a_flipped_bit_inside_a_chunk_is_noticed_and_nothing_behind_it_is_trusted(tmp_path):
    folder = maker.make_episode(tmp_path, frames=8, cameras=(), cloud=False)
    path = next(folder.glob('*.mcap'))
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data[:-1])
    assert repair_all(tmp_path)[0].rescued
    assert Episode.open(folder).meta.frames == 0


def test_a_recorder_at_work_is_left_alone(tmp_path):
    child = subprocess.Popen(
        [sys.executable, '-c', CHILD, str(tmp_path), 'running', '3'],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        for line in child.stdout:
            if int(line) >= 5:
                break
        (result,) = repair_all(tmp_path)
        assert not result.rescued
        assert 'is being recorded right now' in result.done
        assert result.folder.name == 'running.partial'
    finally:
        child.kill()
        child.wait()
    deadline = time.monotonic() + 5
    while not repair_all(tmp_path)[0].rescued:
        assert time.monotonic() < deadline


@pytest.mark.parametrize('limit', [3000, 40_000])
def test_a_real_full_file_system_seals_what_was_taken(tmp_path, limit):
    """The kernel refuses to let the file grow: the write fails half way, as on a full disk."""
    code = (
        'import resource, signal, time\n'
        'signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n'
        + CHILD.split('class Paced')[0]
        + f"""
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
for _ in range(200):
    maker.write_frames(writer, streams, 3, ('head',), (64, 48))
    if writer.status.error: break
    time.sleep(0.01)
print(writer.status.error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(writer.seal(meta))
"""
    )
    done = subprocess.run(
        [sys.executable, '-c', code, str(tmp_path), 'full', '3'],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert 'File too large' in done.stdout
    episode = Episode.open(tmp_path / 'pen_insert' / 'full')
    assert not episode.meta.healthy
    assert sum(1 for _ in episode.messages()) == sum(episode.bag.counts.values())
