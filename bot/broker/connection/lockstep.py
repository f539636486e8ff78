"""Lock-step with a simulated gateway whose time waits: what it sends is published when it has sent the time.

Two standard questions carry it. ``reqIds`` is a round trip: what came before its answer is all there is. ``reqCurrentTime``
says that we have handled everything; its answer comes behind all that happened in the market's next step, with its time.
So how the bytes fall into reads of the socket, and how fast this machine is, change nothing.

Rule: time may go on when all that was written was followed by a round trip, all that came was handled, and the event loop has
nothing left to run (``is_at_rest``). These are counted, never guessed from a silence: what the gateway has not answered by
then it will answer at a later instant of the market, and its deadline is one of the market's, too.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.broker.connection.context import BrokerContext, Send
from bot.broker.connection.errors import RequestTrouble
from bot.broker.connection.steps import RestingLoop
from bot.domain.clock import SteppedTime

_NEXT_ID, _CURRENT_TIME = "nextValidId", "currentTime"
_PATIENCE_S = 60.0
"""The wall's, while a session is being opened: a round trip on a machine with a load of 20 takes less."""
_NO_OFFSET_S = 0.0
"""The gateway's time is set as ours at each step, so the two cannot differ."""
_NEVER = -1


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
        self._asked_behind = _NEVER
        """How much had been written when the question was that was answered last."""
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

    def open(self) -> None:
        """From now on time stands until it is asked for: what was written to open the session is waited for first."""
        self.is_open = True
        self._asked_behind = _NEVER

    def close(self) -> None:
        """The session is over: what it had sent and nobody handled is lost, as its socket's bytes are."""
        self.is_open = False
        self._held.clear()
        self._pulse_due = None

    @property
    def is_at_rest(self) -> bool:
        """All that was written was followed by a question that was answered, and all that came was handled."""
        return self._link.sent == self._asked_behind and not self._held

    async def settle(self) -> None:
        """Round trips until the session is at rest; at once where it has ended, since time stands still then."""
        while self.is_open:
            with suppress(RequestTrouble):
                await self.round_trip()
                if self.is_at_rest:
                    return
            await asyncio.sleep(0)  # a loss is noticed a moment later than it happens

    async def round_trip(self, *, while_opening: bool = False) -> None:
        """Raises RequestTrouble when the session is lost, or this simple question is left unanswered while it is opened."""
        await self._ask(
            _NEXT_ID, lambda client: client.reqIds(1), lambda _: self._handle_held(), while_opening
        )

    async def let_time_go_on(self) -> datetime | None:
        """The market's next instant; None when the connection was lost before it came."""
        try:
            await self._ask(_CURRENT_TIME, lambda client: client.reqCurrentTime(), self._arrive)
        except RequestTrouble:
            return None
        return self._clock.now()

    async def _ask(
        self, key: str, send: Send, on_end: Callable[[Any], None], while_opening: bool = False
    ) -> None:
        """Returns when nothing is left to run of what the answer, and what came before it, have set going."""
        behind = _NEVER

        def send_behind_all(client: Any) -> None:
            nonlocal behind
            behind = self._link.sent  # a message is counted and written without a pause between: see ``pace``
            send(client)

        await self._link.ask_in_turn(
            key,
            send_behind_all,
            timeout_s=_PATIENCE_S if while_opening else math.inf,
            while_opening=while_opening,
            on_end=on_end,
        )
        self._asked_behind = behind
        loop = asyncio.get_running_loop()
        if not isinstance(loop, RestingLoop):
            raise TypeError("lock-step needs an event loop that says when it is at rest")
        await loop.rest()

    def _arrive(self, seconds: int) -> None:
        self._clock.move_to(datetime.fromtimestamp(int(seconds), UTC))
        self._handle_held()
        self._link.ring_alarms()
        self._pulse(self._clock.now())

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
