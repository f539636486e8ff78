"""Which part carries out which command, and what happens to a question that a disconnect cut off: it is asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bot.broker.connection.context import BrokerContext
from bot.broker.connection.error_codes import CodeEffect, code
from bot.broker.connection.errors import NotConnected, RequestTrouble, UnreadableAnswer
from bot.broker.data.bar_feed import Bars
from bot.broker.data.contracts import ContractQueries
from bot.broker.data.quote_feed import Quotes
from bot.broker.orders.order_sender import Orders
from bot.broker.orders.snapshot import Snapshots
from bot.domain import broker_messages as b
from bot.domain.messages import Message

_ATTEMPTS_BEFORE_FAILURE = 3


class Commands:
    def __init__(
        self,
        link: BrokerContext,
        *,
        orders: Orders,
        quotes: Quotes,
        bars: Bars,
        contracts: ContractQueries,
        snapshots: Snapshots,
    ) -> None:
        self._link = link
        self.is_connected = asyncio.Event()
        self._running: set[Message] = set()
        self._handlers: dict[type, Callable[[Any], None]] = {
            b.SendOrders: orders.put,
            b.SendCancel: orders.put,
            b.SendRevision: orders.put,
            b.QuoteMargin: self._once(orders.quote_margin),
            b.TakeSnapshot: self._once(snapshots.take),
            b.WatchBars: bars.watch,
            b.WatchQuote: self._once(quotes.watch),
            b.UnwatchQuote: self._once(quotes.unwatch),
            b.QualifyUnderlying: self._persistently(
                contracts.qualify_underlying, lambda x: f"underlying:{x.symbol}"
            ),
            b.ListHours: self._persistently(contracts.list_hours, lambda x: f"hours:{x.underlying.symbol}"),
            b.ListChain: self._persistently(contracts.list_chain, lambda x: f"chain:{x.underlying.symbol}"),
            b.QualifyOptions: self._persistently(
                contracts.qualify_options, lambda x: f"options:{x.underlying.symbol}:{x.expiry}"
            ),
        }

    def dispatch(self, command: Message) -> None:
        """Raises TypeError for what is no command to a broker."""
        try:
            answer = self._handlers[type(command)]
        except KeyError:
            raise TypeError(f"a broker is not told {type(command).__name__}") from None
        answer(command)

    def _once(self, work: Callable[[Any], Awaitable[None]]) -> Callable[[Any], None]:
        async def run(command: Message) -> None:
            await work(command)

        return lambda command: void(self._link.spawn(run(command)))

    def _persistently(
        self, work: Callable[[Any], Awaitable[None]], subject: Callable[[Any], str]
    ) -> Callable[[Any], None]:
        def start(command: Message) -> None:
            if command not in self._running:
                self._running.add(command)
                self._link.spawn(self._keep_asking(command, work, subject(command)))

        return start

    async def _keep_asking(
        self, command: Message, work: Callable[[Any], Awaitable[None]], subject: str
    ) -> None:
        try:
            await self._try(command, work, subject)
        finally:
            self._running.discard(command)

    async def _try(self, command: Message, work: Callable[[Any], Awaitable[None]], subject: str) -> None:
        """Until there is an answer, or a refusal that no repeating changes. A lost connection is waited out and counts as no
        attempt.

        The third trouble in a row is published, and asking goes on: whoever starts while the gateway is cut off from IB must
        not stay without its contracts when the line is back.
        """
        settings = self._link.settings
        pause_s, attempt = settings.retry_first_s, 0
        while True:
            await self.is_connected.wait()
            try:
                await _readably(work(command))
            except NotConnected:
                # The loss is noticed a moment later than it happens; in lock-step no time passes meanwhile.
                await asyncio.sleep(0 if self._link.is_in_steps else 0.05)
            except RequestTrouble as trouble:
                attempt += 1
                is_final = _is_final(trouble)
                if is_final or attempt == _ATTEMPTS_BEFORE_FAILURE:
                    self._link.publish_failure(subject, trouble)
                if is_final:
                    return
                await self._link.sleep(pause_s)
                pause_s = min(pause_s * 2, settings.retry_most_s)
            else:
                return


async def _readably(work: Awaitable[None]) -> None:
    """One bad message ends no line: an answer that makes no sense is none, and is asked for again."""
    try:
        await work
    except (ValueError, ArithmeticError, LookupError) as error:
        raise UnreadableAnswer(f"the answer cannot be read: {type(error).__name__} {error}"[:300]) from error


def _is_final(trouble: RequestTrouble) -> bool:
    row = code(trouble.code)
    return row.effect is CodeEffect.REJECT and not row.retriable


def void(_: object) -> None:
    """Take a result that nobody needs."""
