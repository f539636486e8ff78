"""Lock-step with a simulated gateway whose time waits: what it sends is published when it has sent the time.

Two standard questions carry it. ``reqIds`` is a round trip: what came before its answer is all there is. ``reqCurrentTime``
says that we have handled everything; its answer comes behind all that happened in the market's next step, with its time.
So how the bytes fall into reads of the socket, and how fast this machine is, change nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.errors import RequestTrouble
from bot.domain.clock import SteppedTime

_NEXT_ID, _CURRENT_TIME = "nextValidId", "currentTime"
_PATIENCE_S = 60.0
"""The wall's: a round trip on a machine with a load of 20 takes less."""
_FOREVER_S = 1e6
_NO_OFFSET_S = 0.0
"""The gateway's time is set as ours at each step, so the two cannot differ."""
_HOPS = 8
"""Turns of the event loop after which a task that was woken has written its next request."""


class LockStep:
    """``publish_sums`` is called after what was held has been handled, to publish what it added up to.

    ``on_pulse`` is told the clock's offset, as often as a heartbeat would find it out (``BrokerSettings.heartbeat_s``).
    """

    def __init__(
        self,
        link: BrokerContext,
        clock: SteppedTime,
        publish_sums: Callable[[], None],
        on_pulse: Callable[[float], None],
    ) -> None:
        self._link, self._clock, self._publish_sums = link, clock, publish_sums
        self._on_pulse = on_pulse
        self._pulse_due: datetime | None = None
        """None before the first step of a session."""
        self._held: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []
        self._sent_before = 0
        self.is_open = False
        """Messages are held; while a session is being opened they are handled as they come."""

    def table(self) -> dict[str, Callable[..., None]]:
        """By the name of the library's wrapper method."""
        end = self._link.requests.end
        return {
            "nextValidId": lambda number: end(_NEXT_ID, number),
            "currentTime": lambda seconds: end(_CURRENT_TIME, seconds),
        }

    def handle(self, handler: Callable[..., None], args: tuple[Any, ...]) -> None:
        if self.is_open:
            self._held.append((handler, args))
        else:
            handler(*args)

    def close(self) -> None:
        """The session is over: what it had sent and nobody handled is lost, as its socket's bytes are."""
        self.is_open = False
        self._held.clear()
        self._pulse_due = None

    @property
    def is_at_rest(self) -> bool:
        """Nothing was written since the last round trip."""
        return self._link.sent == self._sent_before

    async def round_trip(self, *, while_opening: bool = False) -> None:
        """Raises RequestTrouble when the gateway leaves this simple question unanswered."""
        await self._link.ask_in_turn(
            _NEXT_ID,
            lambda client: client.reqIds(1),
            timeout_s=_PATIENCE_S,
            while_opening=while_opening,
            on_end=lambda _: self._handle_held(),
        )
        await self._let_tasks_go_on()
        self._sent_before = self._link.sent if not self._link.requests.count else -1

    async def let_time_go_on(self) -> datetime | None:
        """The market's next instant; None when the connection was lost before it came."""
        try:
            await self._link.ask_in_turn(
                _CURRENT_TIME,
                lambda client: client.reqCurrentTime(),
                timeout_s=_FOREVER_S,
                on_end=self._arrive,
            )
        except RequestTrouble:
            return None
        before = self._link.sent
        await self._let_tasks_go_on()
        self._sent_before = before
        return self._clock.now()

    def _arrive(self, seconds: int) -> None:
        self._clock.move_to(datetime.fromtimestamp(int(seconds), UTC))
        self._handle_held()
        now = self._clock.now()
        due = [sleeper for at, sleeper in self._sleepers if at <= now]
        self._sleepers = [(at, sleeper) for at, sleeper in self._sleepers if at > now]
        for sleeper in due:
            if not sleeper.done():
                sleeper.set_result(None)
        self._pulse(now)

    def _pulse(self, now: datetime) -> None:
        """Each step is a heartbeat, answered; the first is told when a session's first pause is over, as in real time."""
        pause = timedelta(seconds=self._link.settings.heartbeat_s)
        if self._pulse_due is None:
            self._pulse_due = now + pause
        elif now >= self._pulse_due:
            self._pulse_due = now + pause
            self._on_pulse(_NO_OFFSET_S)

    def _handle_held(self) -> None:
        held, self._held = self._held, []
        for handler, args in held:
            try:
                handler(*args)
            except Exception as error:  # noqa: BLE001  reported, never swallowed
                self._link.failed(error)
        self._publish_sums()

    async def sleep(self, bot_s: float) -> None:
        """Until the market's time has gone on by so much."""
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._clock.now() + timedelta(seconds=bot_s), awake))
        await awake

    @staticmethod
    async def _let_tasks_go_on() -> None:
        for _ in range(_HOPS):
            await asyncio.sleep(0)
