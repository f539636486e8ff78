"""The MarketData machine: owns subscriptions, bars, quotes, the option chain and data freshness. Trades nothing.

Broker data come in raw; what leaves is in order, sane and only about contracts that exist. Quotes are known by conId,
never by symbol, so that a stock's price can never pass for an option's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar

from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.machine import StateMachine
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.messages import TRADING
from bot.domain.session import new_york_day, session_on
from bot.domain.types import ConId, IdeaId, Symbol
from bot.market_data.bars import BarFeed
from bot.market_data.chain import ChainWatch, PicksExpiry

HOURS_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class MarketDataLimits:
    """Times in seconds of bot time. ``strikes_each_side`` real strikes are watched on both sides of the money."""

    strikes_each_side: int = 5
    m1_sessions: int = 21
    m60_sessions: int = 30
    bars_stale_after_s: float = 150.0
    quotes_stale_after_s: float = 90.0
    gap_wait_s: float = 60.0
    late_bar_after_s: float = 90.0


@dataclass(slots=True)
class SymbolWatch:
    """Everything known of one symbol."""

    symbol: Symbol
    chains: tuple[ChainWatch, ...]
    underlying: Contract | None = None
    spot: float | None = None
    quote_at: datetime | None = None
    hours_asked_at: datetime | None = None
    feeds: dict[BarSize, BarFeed] = field(
        default_factory=lambda: {BarSize.M1: BarFeed(), BarSize.M60: BarFeed()}
    )
    fresh: dict[str, bool] = field(default_factory=lambda: {"bars": True, "quotes": True, TRADING: True})
    renewed_at: dict[str, datetime] = field(default_factory=dict)
    told_of_none: bool = False

    @property
    def watched(self) -> dict[ConId, Contract]:
        """Every option whose quotes are asked for, pinned ones apart."""
        return {con_id: contract for chain in self.chains for con_id, contract in chain.watched.items()}


class MarketData(StateMachine):
    """See the module's head. ``expiry_rules``: what each strategy's option choice calls its expiry, each once."""

    JUDGED_FIRST: ClassVar[frozenset[type]] = frozenset({m.BracketAdopted, m.BracketClosed, m.EntryAbandoned})

    def __init__(
        self, symbols: tuple[Symbol, ...], limits: MarketDataLimits, expiry_rules: Sequence[PicksExpiry]
    ) -> None:
        super().__init__()
        self._limits = limits
        self._watches = {
            symbol: SymbolWatch(symbol, tuple(ChainWatch(rule) for rule in expiry_rules))
            for symbol in symbols
        }
        self._pinned: dict[IdeaId, Contract] = {}
        self._symbol_of: dict[ConId, Symbol] = {}
        self._day: date | None = None
        self.absent: frozenset[Symbol] = frozenset()
        """Those that have no data at all today, so that their silence means nothing, and a quote is yesterday's: only what
        is held has one. Only a backtest can know, and says so."""
        self.listen(
            {
                m.PlaceBracket: self._pin,
                m.BracketAdopted: lambda adopted: self._pin(adopted.place),
                m.BracketClosed: self._unpin,
                m.EntryAbandoned: self._unpin,
            },
            decides={
                m.TimePassed: self._on_time,
                b.BrokerConnected: self._on_connected,
                b.UnderlyingQualified: self._on_underlying,
                b.ChainListed: self._on_chain,
                b.OptionsQualified: self._on_options,
                b.BarsBackfilled: self._on_backfill,
                b.BarReceived: self._on_bar,
                b.QuoteReceived: self._on_quote,
                b.RequestFailed: self._on_failure,
                m.BracketAdopted: self._on_adopted,
                m.BracketClosed: self._on_bracket_end,
                m.EntryAbandoned: self._on_bracket_end,
            },
        )

    # ── time and connection ──

    def _on_connected(self, message: b.BrokerConnected) -> Iterator[m.Message]:
        self._see(message.at)
        for watch in self._watches.values():
            if watch.underlying is None:
                yield b.QualifyUnderlying(watch.symbol)
        for contract in self._pinned.values():
            yield b.WatchQuote(contract)

    def _on_time(self, message: m.TimePassed) -> Iterator[m.Message]:
        new_day = self._see(message.at)
        for watch in self._watches.values():
            if new_day and watch.underlying is not None:
                yield b.ListChain(watch.underlying)
            if watch.underlying is not None and self._hours_are_due(watch, message.at):
                watch.hours_asked_at = message.at
                yield b.ListHours(watch.underlying)
            for feed in watch.feeds.values():
                if feed.gap_asked_at and message.at - feed.gap_asked_at > timedelta(
                    seconds=self._limits.gap_wait_s
                ):
                    yield from self._closed(feed.give_up_on_gap())
            yield from self._judge_freshness(watch, message.at)

    @staticmethod
    def _hours_are_due(watch: SymbolWatch, at: datetime) -> bool:
        """Every hour: a day of mourning or an early close may be announced while the market is open."""
        asked_at = watch.hours_asked_at
        return asked_at is None or at - asked_at >= HOURS_EVERY

    def _see(self, at: datetime) -> bool:
        """Take the time; True when a new New York day began."""
        day = new_york_day(at)
        began = self._day is not None and day != self._day
        self._day = day
        return began

    def _judge_freshness(self, watch: SymbolWatch, at: datetime) -> Iterator[m.Message]:
        session = session_on(new_york_day(at))
        if session is None or watch.underlying is None or not session.open <= at < session.close:
            return
        ages = {
            "bars": (watch.feeds[BarSize.M1].received_at, self._limits.bars_stale_after_s),
            "quotes": (watch.quote_at, self._limits.quotes_stale_after_s),
        }
        for feed, (received_at, limit_s) in ages.items():
            since = max(received_at or session.open, session.open)
            is_fresh = watch.symbol in self.absent or at - since <= timedelta(seconds=limit_s)
            if is_fresh is not watch.fresh[feed]:
                watch.fresh[feed] = is_fresh
                yield m.FeedChanged(watch.symbol, feed, is_fresh, at)
            last = max(since, watch.renewed_at.get(feed, since))
            if not is_fresh and at - last > timedelta(seconds=limit_s):
                watch.renewed_at[feed] = at
                yield from self._renew(watch, watch.underlying, feed)

    def _renew(self, watch: SymbolWatch, underlying: Contract, feed: str) -> Iterator[m.Message]:
        """Request a silent feed again: a stream can die at the gateway without a word."""
        if feed == "bars":
            for size in watch.feeds:
                yield b.WatchBars(underlying, size, 1)
            return
        pinned = (contract for contract in self._pinned.values() if contract.symbol == watch.symbol)
        lines = {x.con_id: x for x in (underlying, *watch.watched.values(), *pinned)}
        for contract in lines.values():
            yield b.UnwatchQuote(contract)
            yield b.WatchQuote(contract)

    # ── contracts ──

    def _on_underlying(self, message: b.UnderlyingQualified) -> Iterator[m.Message]:
        contract = message.contract
        watch = self._watches[contract.symbol]
        watch.underlying = contract
        self._symbol_of[contract.con_id] = contract.symbol
        yield b.WatchBars(contract, BarSize.M60, self._limits.m60_sessions)
        yield b.WatchBars(contract, BarSize.M1, self._limits.m1_sessions)
        yield b.WatchQuote(contract)
        yield b.ListChain(contract)

    def _on_chain(self, message: b.ChainListed) -> Iterator[m.Message]:
        watch = self._watches[message.chain.symbol]
        known = watch.chains[0].chain
        # Adjusted classes (other multiplier or name) come beside the standard one; only the standard one is traded.
        if message.chain.multiplier != 100 or (known and message.chain.trading_class != message.chain.symbol):
            return
        for chain in watch.chains:
            chain.chain = message.chain
        yield from self._centre(watch)

    def _on_options(self, message: b.OptionsQualified) -> Iterator[m.Message]:
        watch = self._watches[message.symbol]
        for chain in watch.chains:
            if chain.expiry == message.expiry:
                chain.learn(message.contracts)
                yield from self._watch_around_money(watch, chain)

    def _centre(self, watch: SymbolWatch) -> Iterator[m.Message]:
        """Choose expiries and strikes once both the chain and the spot are known."""
        if watch.spot is None or self._day is None or watch.underlying is None:
            return
        taken: set[date] = set()
        for chain in watch.chains:
            expiry = None if chain.chain is None else chain.rule.pick(chain.chain.expiries, self._day)
            if expiry is None:
                continue
            if expiry != chain.expiry:
                chain.start_over(None if expiry in taken else expiry)
            taken.add(expiry)
            yield from self._ask_for_strikes(chain, watch.underlying, watch.spot)
            if chain.contracts or chain.is_spare:
                yield from self._watch_around_money(watch, chain)
        is_listed = any(chain.chain is not None for chain in watch.chains)
        if is_listed and not taken and not watch.watched and not watch.told_of_none:
            # Strategies learn the underlying with its contracts: without this they would take its price for unknown.
            watch.told_of_none = True
            yield m.WatchlistChanged(watch.symbol, watch.underlying.con_id, ())

    def _ask_for_strikes(self, chain: ChainWatch, underlying: Contract, spot: float) -> Iterator[m.Message]:
        if chain.chain is None or chain.expiry is None:
            return
        strikes = chain.unasked_strikes(spot, self._limits.strikes_each_side)
        if strikes:
            yield b.QualifyOptions(underlying, chain.chain.trading_class, chain.expiry, strikes)

    def _watch_around_money(self, watch: SymbolWatch, chain: ChainWatch) -> Iterator[m.Message]:
        if watch.spot is None or watch.underlying is None:
            return
        wanted = chain.wanted(watch.spot, self._limits.strikes_each_side)
        pinned = {contract.con_id for contract in self._pinned.values()}
        chain.centre = watch.spot
        if wanted.keys() == chain.watched.keys():
            return
        # An expiry that one strategy leaves and another comes to is, for a moment, in both lists.
        kept = {con_id for other in watch.chains if other is not chain for con_id in other.watched}
        for con_id in chain.watched.keys() - wanted.keys() - pinned - kept:
            yield b.UnwatchQuote(chain.watched[con_id])
            del self._symbol_of[con_id]
        for con_id in sorted(wanted.keys() - chain.watched.keys() - kept):
            self._symbol_of[con_id] = watch.symbol
            yield b.WatchQuote(wanted[con_id])
        chain.watched = wanted
        yield m.WatchlistChanged(watch.symbol, watch.underlying.con_id, tuple(watch.watched.values()))

    # ── positions keep their quotes ──

    def _pin(self, place: m.PlaceBracket) -> None:
        self._pinned[place.idea_id] = place.contract

    def _unpin(self, end: m.BracketClosed | m.EntryAbandoned) -> None:
        self._pinned.pop(end.idea_id, None)

    def _on_adopted(self, message: m.BracketAdopted) -> Iterator[m.Message]:
        """Its quotes may not flow yet: its strike need not be near the money any more."""
        contract = message.place.contract
        if contract.con_id not in self._symbol_of and contract not in self._pinned.values():
            yield b.WatchQuote(contract)
        self.apply(message)

    def _on_bracket_end(self, message: m.BracketClosed | m.EntryAbandoned) -> Iterator[m.Message]:
        contract = self._pinned.get(message.idea_id)
        self.apply(message)
        watch = self._watches.get(message.symbol)
        if contract is None or contract in self._pinned.values():
            return
        if watch is None or contract.con_id not in watch.watched:
            self._symbol_of.pop(contract.con_id, None)
            yield b.UnwatchQuote(contract)

    # ── bars and quotes ──

    def _on_backfill(self, message: b.BarsBackfilled) -> Iterator[m.Message]:
        watch = self._watches[message.symbol]
        feed = watch.feeds[message.size]
        is_first = feed.last is None
        bars = feed.backfill(message.bars)
        feed.received_at = self.now if self.has_time else None
        if is_first:
            yield m.HistoryLoaded(message.symbol, message.size, tuple(bars))
        else:
            yield from self._closed(bars)
        if bars and watch.spot is None:
            watch.spot = bars[-1].close
            yield from self._centre(watch)

    def _on_bar(self, message: b.BarReceived) -> Iterator[m.Message]:
        bar = message.bar
        watch = self._watches[bar.symbol]
        feed = watch.feeds[bar.size]
        feed.received_at = max(bar.end, self.now)
        bars, has_gap = feed.receive(bar, feed.received_at)
        if has_gap and watch.underlying is not None:
            yield b.WatchBars(watch.underlying, bar.size, 1)
        yield from self._closed(bars)

    def _closed(self, bars: list[Bar]) -> Iterator[m.Message]:
        late = timedelta(seconds=self._limits.late_bar_after_s)
        for bar in bars:
            yield m.BarClosed(bar, is_live=self.now <= bar.end + late)

    def _on_quote(self, message: b.QuoteReceived) -> Iterator[m.Message]:
        quote = message.quote
        symbol = self._symbol_of.get(quote.con_id)
        if symbol is None or symbol in self.absent:
            if quote.con_id in {contract.con_id for contract in self._pinned.values()}:
                yield m.QuoteUpdated(quote)
            return
        if quote.bid is not None and quote.ask is not None and quote.bid > quote.ask:
            return  # crossed: one side is old
        watch = self._watches[symbol]
        if watch.underlying is not None and quote.con_id == watch.underlying.con_id:
            yield from self._on_spot(watch, quote)
        yield m.QuoteUpdated(quote)

    def reaches(self, symbol: Symbol) -> list[tuple[float, float]] | None:
        """For each watched expiry its centre and how far the spot may move from it without any consequence; None: nowhere."""
        chains = [chain for chain in self._watches[symbol].chains if not chain.is_spare]
        found = [chain.reach() for chain in chains]
        return None if None in found else [reach for reach in found if reach is not None]

    def _on_spot(self, watch: SymbolWatch, quote: Quote) -> Iterator[m.Message]:
        watch.quote_at = quote.at
        if quote.is_halted is watch.fresh[TRADING]:
            watch.fresh[TRADING] = not quote.is_halted
            yield m.FeedChanged(watch.symbol, TRADING, not quote.is_halted, quote.at)
        spot = quote.mid if quote.mid is not None else quote.last
        if spot is None:
            return
        watch.spot = float(spot)
        if any(chain.strayed(watch.spot) for chain in watch.chains):
            yield from self._centre(watch)

    def _on_failure(self, message: b.RequestFailed) -> Iterator[m.Message]:
        """A failed request is asked again by the adapter; a gap that cannot be filled is passed over here."""
        kind, _, rest = message.subject.partition(":")
        symbol, _, size = rest.partition(":")
        if kind == "bars" and symbol in self._watches and size in set(BarSize):
            yield from self._closed(self._watches[symbol].feeds[BarSize(size)].give_up_on_gap())
