"""The one module that knows ib_insync and ib_async, and where they differ or must be held on a short rein.

The library is used as codec and session: it speaks the protocol, and every message it decodes comes to our handlers. Its own
books of orders, tickers and futures stay empty, because they mark live orders cancelled, grow for ever, and hide
repeated messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any

from bot.broker.connection.io_thread import Failed

MessageHandler = Callable[..., None]

IMPLEMENTATIONS = ("ib_insync", "ib_async")
_EXECUTION = "11"
"""The wire's number of an execDetails message."""
_HISTORY = 17
"""The wire's number of a historicalData message."""
# IBKR Campus, "TWS API: Date and time formats": YYYYMMDD-hh:mm:ss is UTC, a time with a space is in the zone that follows.
_DASHED_TIME = re.compile(r"^(\d{8})-(\d{2}:\d{2}:\d{2})$")


def load_library(name: str) -> ModuleType:
    """Import the library by name. Works on any thread and after ``asyncio.run``, where a bare import of it fails.

    Raises ValueError for a name that is not in IMPLEMENTATIONS.
    """
    if name not in IMPLEMENTATIONS:
        raise ValueError(f"the broker library is one of {', '.join(IMPLEMENTATIONS)}, not {name!r}")
    if name not in sys.modules:
        # eventkit asks for the current event loop at its import: a helper thread has one of its own to offer,
        # and the caller's stays as it is.
        importer = threading.Thread(target=_import_beside_a_loop, args=(name,), name=f"import-{name}")
        importer.start()
        importer.join()
    return importlib.import_module(name)


def _import_beside_a_loop(name: str) -> None:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        with (
            contextlib.suppress(ImportError),
            _without_what_nobody_uses(name),
        ):  # the caller's own import says it
            importlib.import_module(name)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


@contextlib.contextmanager
def _without_what_nobody_uses(name: str) -> Iterator[None]:
    """eventkit imports numpy for one operator, ``Event.array``: 16 MiB and a quarter of the start; the library HTTP, XML and
    OpenSSL for its Flex reports: 5 MiB. Nothing here uses either.

    What is loaded already stays; what is asked for later is the real one.
    """
    flex = ModuleType(f"{name}.flexreport", "stands in while the library is imported")
    flex.__dict__.update(FlexReport=None, FlexError=None)
    found = (ModuleType("numpy", "stands in while eventkit is imported"), flex)
    stand_ins = {module.__name__: module for module in found if module.__name__ not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for absent in stand_ins:
            del sys.modules[absent]


def new_session(
    library: ModuleType,
    handlers: Mapping[str, MessageHandler],
    *,
    zone: str,
    on_read: MessageHandler,
    on_unreadable: Failed,
    failed: Failed,
) -> Any:
    """A fresh IB object whose messages go to ``handlers`` (by the name of the library's wrapper method) and nowhere else.

    ``on_read`` runs after each read of the socket. An exception in an ear goes to ``failed``, one in the library's
    decoder to ``on_unreadable``; neither is swallowed.
    Raises AttributeError for a name that the library does not know.
    """
    ib = library.IB()
    ib.errorEvent -= ib._onError  # noqa: SLF001  it opens another account summary on every 1102
    ib.TimezoneTWS = zone
    for name, handle in handlers.items():
        if not hasattr(ib.wrapper, name):
            raise AttributeError(f"{library.__name__} has no message {name}")
        setattr(ib.wrapper, name, _guarded(handle, failed))
    ib.client._tcpDataProcessed = _guarded(on_read, failed)  # noqa: SLF001  bound when the client was made
    ib.client.MaxRequests = 0  # our own limiter keeps the rate, and lets orders pass first
    ib.client.decoder.logger = _DecoderAlarm(on_unreadable)
    ib.client.decoder.interpret = _with_utc_times(ib.client.decoder.interpret)
    ib.client.decoder.handlers[_HISTORY] = _letting_go(ib.wrapper, library.BarData)
    return ib


def _with_utc_times(interpret: Callable[[list[str]], None]) -> Callable[[list[str]], None]:
    """Executions' times with a dash are UTC; the libraries read them in the gateway's zone."""

    def interpret_utc(fields: list[str]) -> None:
        if fields and fields[0] == _EXECUTION:
            fields = [_DASHED_TIME.sub(r"\1 \2 UTC", field) for field in fields]
        interpret(fields)

    return interpret_utc


def _letting_go(wrapper: Any, make: Callable[..., Any]) -> Callable[[list[str]], None]:
    """A history's bars as both libraries read them, but what was read of the answer is let go at once: the texts of 21 sessions
    take 4 MiB, and of memory that is taken beside them little goes back to the system."""

    def historical_data(fields: list[str]) -> None:
        _, text, start, end, count = fields[:5]
        number = int(text)
        fields.reverse()
        del fields[-5:]
        take = fields.pop
        for _ in range(int(count)):
            bar = make(take(), *(float(take()) for _ in range(6)), int(take()))
            wrapper.historicalData(number, bar)
        wrapper.historicalDataEnd(number, start, end)

    return historical_data


def _guarded(handle: MessageHandler, failed: Failed) -> MessageHandler:
    def handle_or_report(*args: Any) -> None:
        try:
            handle(*args)
        except Exception as error:  # noqa: BLE001  reported, never swallowed: the library would only log it
            failed(error)

    return handle_or_report


class _DecoderAlarm:
    """Stands in for the decoder's logger, whose ``exception`` is the only trace of a message that was not understood."""

    def __init__(self, unreadable: Failed) -> None:
        self._unreadable = unreadable

    def exception(self, text: str, *args: object) -> None:
        error = sys.exc_info()[1]
        self._unreadable(RuntimeError(f"{text % args if args else text} {error!r}"[:1000]))
