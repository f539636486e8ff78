"""No helper thread dies unseen: whatever carries bad news, or keeps time, is missed when it has ended."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from loguru import logger

ThreadDied = Callable[[str, BaseException], None]
"""(the thread's name, what it died of)"""


@contextmanager
def watched_threads(note: ThreadDied) -> Iterator[None]:
    """While the block runs, a thread that ends by an exception is logged and noted."""
    before = threading.excepthook

    def died(args: threading.ExceptHookArgs) -> None:
        error = args.exc_value or RuntimeError("unknown failure")
        name = "unknown" if args.thread is None else args.thread.name
        logger.opt(exception=error).error("thread {} has ended: {}", name, type(error).__name__)
        note(name, error)

    threading.excepthook = died
    try:
        yield
    finally:
        threading.excepthook = before
