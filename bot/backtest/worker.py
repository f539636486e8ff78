"""A process that works for this one: it leaves Ctrl-C to whoever made it, and ends with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread


def processors() -> int:
    """Those that this process may use: fewer than the machine has where it was told so (taskset, a container's set)."""
    allowed = getattr(os, "sched_getaffinity", None)  # not everywhere
    return (os.cpu_count() or 1) if allowed is None else len(allowed(0))


@contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """While processes are made: a terminal's Ctrl-C reaches every one, and a new one must not answer it on its own."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin_worker() -> None:
    """The first thing in such a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal tells all of them: whoever made them ends them
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """One whose maker was killed would work on, or wait for its next task for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
