"""What lock-step rests on: an event loop that says when it has nothing left to run, and alarms that the market's time rings."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from bot.domain.types import Now

Ready = list[tuple[selectors.SelectorKey, int]]


class _Poll(selectors.DefaultSelector):
    """asyncio polls without waiting as long as a callback is ready (``BaseEventLoop._run_once``). When it would wait, and
    neither a socket nor another thread has something for it, nothing is left to run."""

    def __init__(self) -> None:
        super().__init__()
        self.resting: list[asyncio.Future[None]] = []

    def select(self, timeout: float | None = None) -> Ready:
        would_wait = timeout is None or timeout > 0
        if not (would_wait and self.resting):
            return super().select(timeout)
        came: Ready = super().select(0)
        if came:
            return came
        resting, self.resting = self.resting, []
        for one in resting:
            if not one.done():
                one.set_result(None)
        return []


class RestingLoop(asyncio.SelectorEventLoop):
    """``rest`` returns when every task waits for something that only the outside, or the wall's time, can bring."""

    def __init__(self) -> None:
        self._poll = _Poll()
        super().__init__(self._poll)

    async def rest(self) -> None:
        """However many turns of the loop that takes: none is counted, and how slow the machine is changes nothing."""
        at_rest: asyncio.Future[None] = self.create_future()
        self._poll.resting.append(at_rest)
        await at_rest


class Alarms:
    """What is due at an instant of the market's time. Those that are due together ring in the order of their setting."""

    def __init__(self, now: Now) -> None:
        self._now = now
        self._numbers = count()
        self._set: dict[int, tuple[datetime, Callable[[], object]]] = {}

    def after(self, bot_s: float, action: Callable[[], object]) -> Callable[[], None]:
        """Returns how to take it back. ``math.inf`` is never."""
        number = next(self._numbers)
        if bot_s < math.inf:
            self._set[number] = (self._now() + timedelta(seconds=bot_s), action)
        return lambda: self._forget(number)

    def _forget(self, number: int) -> None:
        self._set.pop(number, None)

    def ring(self) -> None:
        """Carry out what is due by now."""
        now = self._now()
        due = {number: action for number, (at, action) in self._set.items() if at <= now}
        for number in due:
            del self._set[number]
        for action in due.values():
            action()

    async def sleep(self, bot_s: float) -> None:
        """Until the market's time has gone on by so much."""
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not awake.done():
                awake.set_result(None)

        take_back = self.after(bot_s, wake)
        try:
            await awake
        finally:
            take_back()
