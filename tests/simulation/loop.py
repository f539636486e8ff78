"""An event loop without a clock, a socket or a thread: time jumps to the next thing that was planned.

asyncio's own loop runs, unchanged, over a selector that waits for nothing. Whatever would leave the simulation (a thread,
a name look-up, a real server) raises ``Escaped``.
"""

from __future__ import annotations

import asyncio
import heapq
import traceback
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import count
from typing import Any, NoReturn, Protocol


class Escaped(BaseException):
    """Something reached for the real world. No handler of a program under test may swallow it."""


class Dialled(Protocol):
    """What the loop needs of the network."""

    async def connect(
        self, factory: Callable[[], asyncio.Protocol], host: str, port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]: ...


class _Jump:
    """In the selector's place: nothing is waited for, so the clock goes where the loop wanted to sleep to."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise Escaped("nothing is planned and nothing can come: the simulation hangs")
        if timeout > 0:
            self._loop.jump()
        return []


class _Timer(asyncio.TimerHandle):
    """Those of one instant come in the order in which they were planned. asyncio leaves it to its heap, which cancelled timers
    move, and the garbage collector cancels some when it likes (seeds 9000003 and 9000049)."""

    number = 0

    def __lt__(self, other: object) -> bool:
        assert isinstance(other, _Timer)
        return (self.when(), self.number) < (other.when(), other.number)


class SimulatedLoop(asyncio.BaseEventLoop):
    """``network`` must be set before anything connects. ``born`` are all tasks in the order of their making."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Jump(self)
        self._now_s = 0.0
        self._numbers = count()
        self._clock_resolution = 1e-9
        self.network: Dialled | None = None
        self.born: list[asyncio.Task[Any]] = []

    def time(self) -> float:
        return self._now_s

    def call_at(  # type: ignore[override]  # its types, more plainly
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        timer = _Timer(when, callback, args, self, context)
        timer.number = next(self._numbers)
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]  # the base class's own heap
        timer._scheduled = True  # type: ignore[attr-defined]  # as the base class marks it
        return timer

    def jump(self) -> None:
        """To the next planned instant."""
        planned: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # the base class's own heap
        if planned:
            self._now_s = max(self._now_s, planned[0].when())

    def create_task(self, coro: Any, **how: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = super().create_task(coro, **how)
        self.born.append(task)
        if len(self.born) > 256:
            self.born = [one for one in self.born if not one.done()]
        return task

    async def create_connection(
        self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any
    ) -> Any:
        if self.network is None:
            raise Escaped(f"a connection to {host}:{port} without a network")
        return await self.network.connect(protocol_factory, host, port)

    # ── what the base class leaves to those that have sockets ──

    def _process_events(self, _: object) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps, so nobody is woken."""

    def _leave(self, what: str) -> NoReturn:
        raise Escaped(what)

    def run_in_executor(self, *_: Any) -> Any:  # type: ignore[override]
        self._leave("a thread of an executor")

    def getaddrinfo(self, *_: Any, **__: Any) -> Any:
        self._leave("a name look-up")

    def create_server(self, *_: Any, **__: Any) -> Any:
        self._leave("a real server")


def run(main: Callable[[SimulatedLoop], Coroutine[Any, Any, Any]], loop: SimulatedLoop) -> Any:
    """``main`` to its end; what it left running is thrown away with the loop."""
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main(loop))
    finally:
        for task in loop.born:
            task.cancel()
        # Whoever ends there cancels what was born after it, and this, too.
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(asyncio.sleep(0))
        asyncio.set_event_loop(None)
        loop.close()


def is_ours(error: BaseException) -> bool:
    """Whether the innermost frame is the simulation's own."""
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and "/tests/simulation/" in frames[-1].filename
