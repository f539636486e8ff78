"""What the parts of the adapter share: settings, time, the session, requests with deadlines, and the way out for facts.

Everything in here runs on the io thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from datetime import datetime
from types import ModuleType
from typing import Any

from bot.broker.connection.errors import NotConnected, RequestTrouble
from bot.broker.connection.pacing import Pacers
from bot.broker.connection.requests import Requests
from bot.broker.connection.settings import BrokerSettings
from bot.broker.connection.steps import Alarms
from bot.domain import broker_messages as b
from bot.domain.messages import Message

Send = Callable[[Any], None]
"""Writes one request with the library's client."""

_SECOND_S = 1.1
"""What we count as the gateway's second: two bursts that leave one second apart arrive closer where the first of them was held
up on its way, and the gateway counts both (seed 34200226: 64 messages in 0.99 s, by ten milliseconds of jitter)."""
_SHORTEST_SECOND_WALL_S = 0.05
"""In fast time a second of the gateway's passes while a thread waits for its turn, and what was spread over several
seconds arrives in one. The limiter never lets more than a second's share into the time such a wait can take."""


class BrokerContext:
    """``speed`` is how many seconds of bot time pass in one of the wall's."""

    def __init__(
        self,
        settings: BrokerSettings,
        library: ModuleType,
        now: Callable[[], datetime],
        speed: float,
        publish: Callable[[Message], None],
        failed: Callable[[BaseException], None],
        pacers: Pacers | None = None,
    ) -> None:
        self.settings = settings
        self.library = library
        self.now = now
        self.speed = speed
        self.failed = failed
        self.requests = Requests()
        self.ib: Any = None
        self.account = ""
        self.last_id = 0
        self.is_ib_up = True
        """False between 1100 and 1101/1102: the gateway hears us, IB does not hear the gateway."""
        self.waiting = 0
        """Messages that the limiter holds back."""
        self.sent = 0
        """Messages that were let through to the gateway."""
        self.alarms: Alarms | None = None
        """Where the bot's time goes in steps: what it is to bring about. No limiter counts the wall's seconds there, and no
        request's deadline, once a session is open."""
        self.waited_s = 0.0
        """Bot time that it has held messages back, all together."""
        self._publish = publish
        self._held: list[Message] | None = None
        span_s = max(_SECOND_S / speed, _SHORTEST_SECOND_WALL_S)
        self._messages, self._history = (pacers or Pacers()).of(settings.pacing, span_s)
        self._queues: dict[bool, asyncio.Lock] = {True: asyncio.Lock(), False: asyncio.Lock()}
        self._turns: dict[Hashable, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    # ── facts ──

    def publish(self, fact: Message) -> None:
        """Our answer to a command, or news of ours."""
        self._publish(fact)

    def pass_on(self, fact: Message) -> None:
        """What the gateway says unasked. While a session is being opened it waits for BrokerConnected."""
        if self._held is None:
            self._publish(fact)
        else:
            self._held.append(fact)

    def begin_session(self, ib: Any) -> None:
        self.ib = ib
        self._held = []

    def open_session(self, connected: Message) -> None:
        """From now on commands may use the session; what it had said so far follows the news of it."""
        held, self._held = self._held or [], None
        for fact in (connected, *held):
            self._publish(fact)

    def end_session(self) -> None:
        """Also of one that never came about: what it said is no fact of ours then."""
        self.ib = None
        self._held = None

    def publish_failure(self, subject: str, trouble: RequestTrouble) -> None:
        self.publish(b.RequestFailed(subject, trouble.code, trouble.text, self.now()))

    # ── time ──

    def wall_s(self, bot_s: float) -> float:
        """Bot seconds as a wait of the event loop."""
        return bot_s / self.speed

    async def sleep(self, bot_s: float) -> None:
        """Wait so long in bot time."""
        if self.alarms is None:
            await asyncio.sleep(self.wall_s(bot_s))
        else:
            await self.alarms.sleep(bot_s)

    @property
    def is_in_steps(self) -> bool:
        """Time waits for us: a simulated day in lock-step."""
        return self.alarms is not None

    def ring_alarms(self) -> None:
        """The market's time has gone on."""
        if self.alarms is not None:
            self.alarms.ring()

    def deadline_wall_s(self, bot_s: float) -> float:
        return max(self.wall_s(bot_s), self.settings.shortest_deadline_wall_s)

    # ── the session ──

    @property
    def client(self) -> Any:
        """The library's client. Raises NotConnected while there is no session, or none that was told yet."""
        if self._held is not None:
            raise NotConnected
        return self.opening_client

    @property
    def opening_client(self) -> Any:
        """The same, also while the session is being opened. Raises NotConnected without a socket."""
        if self.ib is None or not self.ib.client.isReady():
            raise NotConnected
        return self.ib.client

    def next_id(self) -> int:
        """A number for a request or an order: both come from one sequence, so that an error's id names only one."""
        self.last_id = int(self.opening_client.getReqId())
        return self.last_id

    def keep_ids_above(self, used: int) -> None:
        """An order bears this id already. Told while the session is made or ends, too: such words come when they come."""
        if self.ib is not None:
            self.ib.client.updateReqId(used + 1)

    # ── sending ──

    async def pace(self, *, is_urgent: bool, count: int = 1) -> None:
        """Wait until the message limiter lets ``count`` messages go, which are to be written at once. Orders overtake data."""
        self.sent += count
        if self.is_in_steps:
            return
        self.waiting += 1
        try:
            async with self._queues[is_urgent]:
                clock = asyncio.get_running_loop().time
                while (wait := self._messages.take(clock(), is_urgent=is_urgent, count=count)) > 0:
                    await asyncio.sleep(wait)
                    self.waited_s += wait * self.speed
        finally:
            self.waiting -= 1

    async def pace_history(self, contract: Hashable, whole: Hashable) -> None:
        if self.is_in_steps:
            return
        self.waiting += 1
        try:
            clock = asyncio.get_running_loop().time
            while (wait := self._history.take(clock() * self.speed, contract, whole)) > 0:
                await asyncio.sleep(self.wall_s(wait))
                self.waited_s += wait
        finally:
            self.waiting -= 1

    async def post(self, send: Send, *, is_urgent: bool = False) -> None:
        """Write a message that has no answer of its own."""
        await self.pace(is_urgent=is_urgent)
        send(self.client)

    async def ask(
        self,
        key: Hashable,
        send: Send,
        *,
        timeout_s: float | None = None,
        is_urgent: bool = False,
        while_opening: bool = False,
        on_end: Callable[[Any], None] | None = None,
        each: Callable[[Any], Any] | None = None,
    ) -> Any:
        """Write a request and wait for its whole answer. Raises RequestTrouble; code 0 is our own deadline.

        ``on_end`` takes the answer while the socket is still being read, before anything that follows it; ``each`` makes of a
        piece what is kept of it.
        """
        await self.pace(is_urgent=is_urgent)
        client = self.opening_client if while_opening else self.client
        seconds = self.settings.request_timeout_s if timeout_s is None else timeout_s
        answer = self.requests.open(key, on_end, each)
        try:
            send(client)
            return await self._in_time(key, answer, seconds, while_opening=while_opening)
        finally:
            self.requests.close(key)

    async def _in_time(
        self, key: Hashable, answer: Awaitable[Any], seconds: float, *, while_opening: bool
    ) -> Any:
        """In lock-step by the market's time, which goes on while the answer is awaited, but for a session's opening."""
        trouble = RequestTrouble(0, f"no answer within {seconds:g} s")
        if self.alarms is not None and not while_opening:
            take_back = self.alarms.after(seconds, lambda: self.requests.fail(key, trouble))
            try:
                return await answer
            finally:
                take_back()
        try:
            # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with the answer.
            async with asyncio.timeout(self.deadline_wall_s(seconds)):
                return await answer
        except TimeoutError:
            raise trouble from None

    async def ask_by_id(self, send: Callable[[Any, int], None], **how: Any) -> Any:
        """As ``ask``, for requests that carry an id. Raises NotConnected, RequestTrouble."""
        if self._held is not None:
            raise NotConnected
        request_id = self.next_id()
        return await self.ask(request_id, lambda client: send(client, request_id), **how)

    async def ask_in_turn(self, key: str, send: Send, **how: Any) -> Any:
        """As ``ask``, for requests without an id: only one of a kind may be on its way."""
        async with self.turn(key):
            return await self.ask(key, send, **how)

    def turn(self, name: Hashable) -> asyncio.Lock:
        return self._turns.setdefault(name, asyncio.Lock())

    def publish_pulse(self, clock_offset_s: float, lines_used: int) -> None:
        """What a heartbeat found out, and how much of IB's limits is in use."""
        clock, settings = asyncio.get_running_loop().time(), self.settings
        self.publish(
            b.BrokerPulse(
                at=self.now(),
                clock_offset_s=clock_offset_s,
                lines_used=lines_used,
                lines_limit=settings.line_budget,
                messages_free=self._messages.free(clock),
                messages_limit=settings.pacing.messages_per_s,
                history_free=self._history.free(clock * self.speed),
                history_limit=settings.pacing.history_per_10min,
                waiting=self.waiting,
                waited_s=self.waited_s,
            )
        )

    # ── background work ──

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run beside everything else; an exception is reported, not lost."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed(error)
