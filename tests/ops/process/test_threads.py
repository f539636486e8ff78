"""A thread that dies is missed."""

from __future__ import annotations

import threading

from bot.ops.process.threads import watched_threads


def fail() -> None:
    raise ZeroDivisionError("on its own")


def test_a_thread_that_dies_is_noted_with_its_name_and_cause() -> None:
    noted: list[tuple[str, BaseException]] = []
    before = threading.excepthook
    with watched_threads(lambda name, error: noted.append((name, error))):
        thread = threading.Thread(target=fail, name="helper")
        thread.start()
        thread.join()

    assert [(name, str(error)) for name, error in noted] == [("helper", "on its own")]
    assert threading.excepthook is before
