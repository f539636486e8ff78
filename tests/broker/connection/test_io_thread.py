"""The one thread that owns the event loop: it reports, it stops, and nobody else's loop is touched by the library."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from functools import partial

import pytest

from bot.broker.connection import library
from bot.broker.connection.context import BrokerContext
from bot.broker.connection.io_thread import IoThread
from bot.broker.connection.session import BrokerSession
from tests.broker.script import NOW, TIMEOUT_S, Heard, settings


async def forever() -> None:
    await asyncio.Event().wait()


def test_what_is_posted_runs_in_order_on_the_thread() -> None:
    heard = Heard()
    io = IoThread("io", forever, heard.add)
    io.start()
    for n in range(50):
        io.post(partial(lambda n: heard.add((n, threading.current_thread().name)), n))
    heard.wait(lambda item: item == (49, "io"))
    assert io.stop(TIMEOUT_S)
    assert heard.all == [(n, "io") for n in range(50)]


def test_a_fault_on_the_loop_is_reported_and_the_thread_lives_on() -> None:
    heard = Heard()
    io = IoThread("io", forever, heard.add)
    io.start()
    io.post(lambda: 1 / 0)
    assert isinstance(heard.wait_for(BaseException), ZeroDivisionError)
    io.post(lambda: heard.add("alive"))
    heard.wait(lambda item: item == "alive")
    assert io.stop(TIMEOUT_S)


def test_the_end_of_the_main_work_by_a_fault_is_reported() -> None:
    async def broken() -> None:
        raise OSError("gone")

    heard = Heard()
    io = IoThread("io", broken, heard.add)
    io.start()
    assert isinstance(heard.wait_for(BaseException), OSError)
    assert io.stop(TIMEOUT_S)


def test_after_the_end_nothing_is_taken_any_more() -> None:
    heard = Heard()
    io = IoThread("io", forever, heard.add)
    io.start()
    assert io.stop(TIMEOUT_S)
    assert io.stop(TIMEOUT_S)
    assert not io.post(lambda: heard.add("late"))
    assert heard.all == []


def test_background_work_that_fails_is_reported() -> None:
    heard = Heard()

    async def work() -> None:
        link = BrokerContext(
            settings(1), library.load_library("ib_insync"), lambda: NOW, 1.0, heard.add, heard.add
        )

        async def broken() -> None:
            raise KeyError("lost")

        link.spawn(broken())
        await forever()

    io = IoThread("io", work, heard.add)
    io.start()
    assert isinstance(heard.wait_for(BaseException), KeyError)
    assert io.stop(TIMEOUT_S)


def test_a_stop_that_comes_together_with_the_end_of_the_connection_is_not_swallowed() -> None:
    async def end_and_cancel_at_once() -> bool:
        implementation = library.load_library("ib_insync")
        ib = implementation.IB()
        link = BrokerContext(settings(1), implementation, lambda: NOW, 1.0, Heard().add, Heard().add)
        watch = asyncio.create_task(BrokerSession(link, ib, 1).until_lost(lambda _: None))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ib.client.conn.disconnected.emit("")
        watch.cancel()
        await asyncio.wait({watch})
        return watch.cancelled()

    assert asyncio.run(end_and_cancel_at_once())


@pytest.mark.parametrize(
    "script",
    [
        "import asyncio; asyncio.run(asyncio.sleep(0)); {load}",
        "import threading; t = threading.Thread(target=lambda: {load}); t.start(); t.join(); {load}",
        (
            "import asyncio; loop = asyncio.new_event_loop(); asyncio.set_event_loop(loop); {load}; "
            "assert asyncio.get_event_loop_policy().get_event_loop() is loop; loop.close()"
        ),
    ],
    ids=["after asyncio.run", "on another thread", "beside a loop"],
)
def test_the_library_is_imported_where_a_bare_import_would_fail(script: str) -> None:
    load = "__import__('bot.broker.connection.library', fromlist=['load_library']).load_library('ib_insync')"
    done = subprocess.run([sys.executable, "-c", script.format(load=load)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_library_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="ib_insync, ib_async"):
        library.load_library("ibapi")
