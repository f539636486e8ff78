"""The simulated broker without a socket: a world that speaks the bot's own messages.

Rule: it is asked and it answers, in one thread and at once. As a machine it is the broker of the replay runtime
(time comes as TimePassed); as a broker port it stands in for the adapter in tests. Quotes are conflated to the latest
of each step, as a stream's are, and whoever acts on a bar knows the quotes up to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain import broker_messages as b
from bot.domain.contract import Contract, OptionChain
from bot.domain.market import Bar, BarSize
from bot.domain.messages import Message, TimePassed
from bot.domain.types import ConId, SecType
from bot.sim.exchange import events as e
from bot.sim.loopback.dry_run import DryRunExchange
from bot.sim.loopback.order_client import OrderClient
from bot.sim.loopback.translate import to_account, to_bar, to_quote
from bot.sim.market import events as market_events
from bot.sim.market.history import HistoryError, HistoryQuery
from bot.sim.market.listing import ContractQuery
from bot.sim.world.world import World

__all__ = ["DryRunExchange", "LoopbackBroker", "LoopbackExchange"]

SERVER_VERSION = 178
"""What BrokerConnected reports: the newest protocol the simulated gateway speaks."""
_NO_CONTRACT = 200
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=4), timedelta(seconds=60)
"""The pauses of the adapter, which asks again for a history that was empty: doubled until they are the longest."""


@dataclass(slots=True)
class _BarFeed:
    """One watched series of bars; ``is_open`` once its back-fill has been told."""

    contract: Contract
    size: BarSize
    sessions: int
    is_open: bool = False
    pause: timedelta = _FIRST_PAUSE
    asked_again_at: datetime | None = None


class LoopbackExchange:
    """A machine over a world. It connects with the first TimePassed and never disconnects by itself."""

    def __init__(self, world: World, client_id: int = 1) -> None:
        self.world = world
        self._client_id = client_id
        self._orders = OrderClient(world, client_id, world.highest_order_id(client_id) + 1)
        self._is_connected = False
        self._feeds: dict[tuple[ConId, BarSize], _BarFeed] = {}
        self._quotes: dict[ConId, Contract] = {}
        self._commands: dict[type, Callable[..., Iterator[Message]]] = {
            TimePassed: self._on_time,
            b.QualifyUnderlying: self._qualify_underlying,
            b.ListChain: self._list_chain,
            b.ListHours: lambda _: iter(()),  # its hours are the calendar's
            b.QualifyOptions: self._qualify_options,
            b.WatchBars: self._watch_bars,
            b.WatchQuote: self._watch_quote,
            b.UnwatchQuote: self._unwatch_quote,
        }

    def handle(self, message: Message) -> Iterator[Message]:
        """Carry out a command, or let time pass; the facts in the order in which they happened."""
        carry_out = self._commands.get(type(message))
        return self._orders.handle(message) if carry_out is None else carry_out(message)

    def remember(self, message: Message) -> None:
        """A broker keeps its own books."""

    def connect(self) -> Iterator[Message]:
        """The first facts of a session."""
        self._is_connected = True
        now = self.world.now
        yield b.BrokerConnected(
            now, self.world.account_id, self._client_id, SERVER_VERSION, self._orders.next_id
        )
        yield b.AccountUpdated(to_account(self.world.account_figures()))

    # ── time ──

    def _on_time(self, message: TimePassed) -> Iterator[Message]:
        if not self._is_connected:
            yield from self.connect()
        if message.at > self.world.now:
            yield from self.follow(self.world.advance_to(message.at))

    def follow(self, events: list[e.ExchangeEvent]) -> Iterator[Message]:
        """What this client is told of a step of the world that somebody else made."""
        yield from self._translate(events)
        yield from self._open_feeds()

    def _translate(self, events: list[e.ExchangeEvent]) -> Iterator[Message]:
        """As the adapter tells a step: orders as they come, then the account, then the quotes, then closed bars."""
        account: list[e.ExchangeEvent] = []
        newest: dict[ConId, market_events.BookChanged] = {}
        bars: list[Bar] = []
        for event in events:
            if isinstance(event, market_events.BookChanged):
                newest[event.ticker.con_id] = event
            elif isinstance(event, market_events.BarFormed):
                feed = self._feeds.get((event.con_id, event.bar.size))
                if event.is_closed and feed is not None and feed.is_open:
                    bars.append(event.bar)
            elif isinstance(event, e.AccountChanged):
                account = [event]
            else:
                yield from self._orders.facts([event])
        yield from self._orders.facts(account)
        for con_id, change in newest.items():
            contract = self._quotes.get(con_id)
            if contract is not None:
                yield b.QuoteReceived(to_quote(change.ticker, change.model, contract))
        # Of all symbols the minutes first: the hour's word is due when each has told its minute.
        yield from map(b.BarReceived, sorted(bars, key=lambda bar: bar.size is not BarSize.M1))

    # ── contracts ──

    def _qualify_underlying(self, command: b.QualifyUnderlying) -> Iterator[Message]:
        found = self.world.find_contracts(ContractQuery(symbol=command.symbol, sec_type=SecType.STOCK))
        if len(found) == 1:
            yield b.UnderlyingQualified(found[0].contract)
        else:
            yield self._failed(
                f"underlying:{command.symbol}", _NO_CONTRACT, f"{command.symbol} is no US stock here"
            )

    def _list_chain(self, command: b.ListChain) -> Iterator[Message]:
        stock = command.underlying
        for p in self.world.option_parameters(stock.con_id)[:1]:
            chain = OptionChain(
                stock.symbol, stock.con_id, p.trading_class, p.multiplier, p.expiries, p.strikes
            )
            yield b.ChainListed(chain)
            return
        yield self._failed(
            f"chain:{stock.symbol}", _NO_CONTRACT, f"{stock.symbol} has no standard option class"
        )

    def _qualify_options(self, command: b.QualifyOptions) -> Iterator[Message]:
        symbol = command.underlying.symbol
        wanted = {(strike, right) for strike in command.strikes for right in command.rights}
        listed = self.world.market.contracts.series(symbol, command.expiry)
        found = (c for c in listed if c.trading_class == command.trading_class)
        yield b.OptionsQualified(
            symbol, command.expiry, tuple(c for c in found if (c.strike, c.right) in wanted)
        )

    # ── data ──

    def _watch_bars(self, command: b.WatchBars) -> Iterator[Message]:
        feed = _BarFeed(command.contract, command.size, command.sessions)
        self._feeds[command.contract.con_id, command.size] = feed
        return self._open_feed(feed)

    def _open_feeds(self) -> Iterator[Message]:
        now = self.world.now
        for feed in self._feeds.values():
            if not feed.is_open and feed.asked_again_at is not None and now >= feed.asked_again_at:
                yield from self._open_feed(feed)

    def _open_feed(self, feed: _BarFeed) -> Iterator[Message]:
        """Tell the back-fill. Without any bar yet the feed stays shut and is tried again, as often as the adapter does.

        The bar in progress is an answer, too: it comes live when it closes. So a day without a history before it has the
        same bars as history, and the same ones live, whichever broker is behind the port.
        """
        bars = self._bars(feed)
        if bars:
            feed.is_open = True
            closed = tuple(bar for bar in bars if bar.end <= self.world.now)
            yield b.BarsBackfilled(feed.contract.symbol, feed.size, closed)
        else:
            feed.asked_again_at = self.world.now + feed.pause
            feed.pause = min(2 * feed.pause, _LONGEST_PAUSE)

    def _bars(self, feed: _BarFeed) -> tuple[Bar, ...]:
        query = HistoryQuery(feed.contract.con_id, None, f"{feed.sessions} D", feed.size.value)
        try:
            found = self.world.history(query)
        except HistoryError:
            return ()
        return tuple(to_bar(bar, feed.contract.symbol, feed.size) for bar in found)

    def _watch_quote(self, command: b.WatchQuote) -> Iterator[Message]:
        contract = command.contract
        if contract.con_id not in self._quotes:
            self._quotes[contract.con_id] = contract
            self.world.watch(contract.con_id)
        ticker = self.world.ticker(contract.con_id)
        if ticker is None:
            yield self._failed(
                f"quote:{contract.con_id}", _NO_CONTRACT, f"no contract has the conId {contract.con_id}"
            )
        elif ticker.book.bid is not None or ticker.book.last is not None:
            yield b.QuoteReceived(to_quote(ticker, self.world.model(contract.con_id), contract))

    def _unwatch_quote(self, command: b.UnwatchQuote) -> Iterator[Message]:
        if self._quotes.pop(command.contract.con_id, None) is not None:
            self.world.unwatch(command.contract.con_id)
        return iter(())

    def _failed(self, subject: str, code: int, text: str) -> b.RequestFailed:
        return b.RequestFailed(subject, code, text, self.world.now)


class LoopbackBroker:
    """A broker port around a :class:`LoopbackExchange`: facts are told before ``send`` returns."""

    def __init__(self, world: World, client_id: int = 1) -> None:
        self._exchange = LoopbackExchange(world, client_id)
        self._publish: Callable[[Message], None] | None = None

    def start(self, publish: Callable[[Message], None]) -> None:
        """Connect, and tell so."""
        self._publish = publish
        self._pass_on(self._exchange.connect())

    def send(self, command: Message) -> None:
        self._pass_on(self._exchange.handle(command))

    def advance_to(self, at: datetime) -> None:
        """Let the world's time pass; what happens is told on the way."""
        self._pass_on(self._exchange.handle(TimePassed(at)))

    def stop(self, timeout_s: float) -> None:
        """Tell nothing more. ``timeout_s`` is the port's: there is nothing to wait for."""
        del timeout_s
        self._publish = None

    def _pass_on(self, facts: Iterable[Message]) -> None:
        for fact in facts:
            if self._publish is not None:
                self._publish(fact)
