# Copyright 2026 hvd_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Many independent jobs in a few processes, each result as it comes.

Whoever runs long work over episodes needs the same three things: no more waiting than a few jobs
ahead, one clear end when a process dies, and Ctrl-C that leaves what is done.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
import multiprocessing
import os
import signal
import threading
import time
from typing import TypeVar

from hvd_ros.core.errors import EpisodeError

_J = TypeVar('_J')
_D = TypeVar('_D')
_LOOK_S = 1.0


class WorkerDied(EpisodeError):
    """A process of the pool ended without a word: out of memory, or killed."""


def run_pool(
    work: Callable[[_J], _D], jobs: Sequence[_J], workers: int, what_to_do: str
) -> Iterator[_D]:
    """
    Give the result of each job as it comes; `work` runs in so many processes, or here.

    Raises WorkerDied with `what_to_do` at its end. What `work` raises is raised here.
    """
    if workers <= 1:
        yield from map(work, jobs)
        return
    # Spawned, not forked: the parent may have threads of encoders and readers.
    context = multiprocessing.get_context('spawn')
    pool = ProcessPoolExecutor(
        workers, mp_context=context, initializer=belong_to, initargs=(os.getpid(),)
    )
    try:
        waiting: set[Future[_D]] = set()
        queue = iter(jobs)
        while True:
            # A few ahead are enough; a cluster's worth of futures would only cost memory.
            while len(waiting) < 2 * workers and (job := next(queue, None)) is not None:
                waiting.add(pool.submit(work, job))
            if not waiting:
                return
            finished, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in finished)
    except BrokenProcessPool:
        raise WorkerDied(f'a worker died (out of memory?); {what_to_do}') from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def belong_to(parent: int) -> None:
    """
    Let a worker end its job at Ctrl-C, of which the parent tells it, and end it with its parent.

    One whose parent was killed would wait for its next job for ever.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
