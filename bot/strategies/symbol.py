"""One symbol's machine: shows its strategies every closed bar and turns a signal into an idea with a contract.

Rules of rank and mode live here. ``growth``: whale and scalp both trade, and where both fire on the same instant only
the whale does. ``hybrid``: only the scalp trades, at half size unless the whale stands for the same direction.
A scalp signal on an hour's end waits for the hour's bar, which may arrive just after the minute's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.idea import Idea
from bot.domain.machine import StateMachine
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.types import ConId, Direction, IdeaId, Numbers, Symbol
from bot.strategies.base import Judgement, Strategy
from bot.strategies.whale import Whale

HOUR_BAR_GRACE = timedelta(seconds=5)


class Mode(StrEnum):
    GROWTH = "growth"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class Chosen:
    contract: Contract
    quote: Quote


@dataclass(frozen=True, slots=True)
class Unfit:
    """No contract was fit; ``code`` and ``numbers`` say why."""

    code: str
    numbers: Numbers


Choose: TypeAlias = Callable[
    [Direction, Sequence[Contract], Mapping[ConId, Quote], float | None, datetime], Chosen | Unfit
]
"""(direction, watched contracts, their latest quotes, the underlying's price, now) → which contract carries it."""


@dataclass(frozen=True, slots=True)
class Signal:
    strategy: Strategy
    bar: Bar
    judgement: Judgement
    direction: Direction

    @property
    def idea_id(self) -> IdeaId:
        return Idea(self.bar.symbol, self.bar.end, self.strategy.name).idea_id


class SymbolStrategy(StateMachine):
    """See the module's head."""

    def __init__(self, symbol: Symbol, strategies: Sequence[Strategy], mode: Mode, choose: Choose) -> None:
        super().__init__()
        self._symbol = symbol
        self._strategies = strategies
        self._mode = mode
        self._choose = choose
        self._contracts: dict[ConId, Contract] = {}
        self._quotes: dict[ConId, Quote] = {}
        self._underlying: ConId | None = None
        self._spot: float | None = None
        self._waiting: Signal | None = None
        self._hour_seen: datetime | None = None
        self._whale_fired: datetime | None = None

        self.listen(
            {
                m.HistoryLoaded: self._warm_up,
                m.WatchlistChanged: self._on_watchlist,
                m.SignalFired: self._fired,
            },
            decides={
                m.QuoteUpdated: lambda x: self._on_quote(x.quote),
                m.BarClosed: lambda x: self._on_bar(x.bar, is_live=x.is_live),
            },
        )

    def _fired(self, signal: m.SignalFired) -> None:
        for strategy in self._strategies:
            if strategy.name == signal.strategy:
                strategy.remember_fired(signal.bar_end, signal.direction)

    def _warm_up(self, history: m.HistoryLoaded) -> None:
        for strategy in self._strategies:
            if strategy.bar_size is history.size:
                for bar in history.bars:
                    strategy.judge(bar, may_fire=False)

    def _on_watchlist(self, message: m.WatchlistChanged) -> None:
        self._underlying = message.underlying_con_id
        self._contracts = {contract.con_id: contract for contract in message.contracts}
        self._quotes = {con_id: quote for con_id, quote in self._quotes.items() if con_id in self._contracts}

    def _on_quote(self, quote: Quote) -> Iterator[m.Message]:
        if quote.con_id in self._contracts:
            self._quotes[quote.con_id] = quote
        elif quote.mid is not None and quote.con_id == self._underlying:
            self._spot = float(quote.mid)
        if self._waiting is not None and quote.at >= self._waiting.bar.end + HOUR_BAR_GRACE:
            yield from self._release(quote.at)

    def _on_bar(self, bar: Bar, *, is_live: bool) -> Iterator[m.Message]:
        if self._waiting is not None and bar.size is BarSize.M1:
            yield from self._release(bar.end)
        for strategy in self._strategies:
            if strategy.bar_size is bar.size:
                judgement = strategy.judge(bar, may_fire=is_live)
                yield judgement.to_message(strategy.name, bar)
                if judgement.fired and judgement.direction is not None:
                    yield from self._on_signal(Signal(strategy, bar, judgement, judgement.direction))
        if bar.size is BarSize.M60:
            self._hour_seen = bar.end
            yield from self._release(bar.end)

    def _on_signal(self, signal: Signal) -> Iterator[m.Message]:
        yield m.SignalFired(self._symbol, signal.strategy.name, signal.direction, signal.bar.end)
        if signal.strategy.name == Whale.name:
            self._whale_fired = signal.bar.end
            yield from self._idea(signal, signal.bar.end)
        elif signal.bar.end.minute == 0 and self._hour_seen != signal.bar.end:
            self._waiting = signal
        else:
            yield from self._idea(signal, signal.bar.end)

    def _release(self, at: datetime) -> Iterator[m.Message]:
        """The hour's bar was heard, or will not come in time: the waiting scalp has its turn."""
        signal, self._waiting = self._waiting, None
        if signal is not None:
            yield from self._idea(signal, max(at, signal.bar.end))

    def _idea(self, signal: Signal, at: datetime) -> Iterator[m.Message]:
        is_whale = signal.strategy.name == Whale.name
        if is_whale and self._mode is Mode.HYBRID:
            yield self._dropped(signal, at, "MODE_DOES_NOT_TRADE_WHALE", {"mode": self._mode})
            return
        if not is_whale and self._mode is Mode.GROWTH and self._whale_fired == signal.bar.end:
            yield self._dropped(signal, at, "SIGNAL_OUTRANKED", {"by": Whale.name})
            return
        found = self._choose(signal.direction, tuple(self._contracts.values()), self._quotes, self._spot, at)
        if isinstance(found, Unfit):
            yield self._dropped(signal, at, found.code, found.numbers)
            return
        yield m.TradeIdea(
            idea_id=signal.idea_id,
            symbol=self._symbol,
            strategy=signal.strategy.name,
            direction=signal.direction,
            confidence=signal.judgement.confidence,
            contract=found.contract,
            quote=found.quote,
            at=at,
            reason=signal.judgement.reason,
            size_factor=self._size_factor(signal, at),
            numbers=signal.judgement.to_message(signal.strategy.name, signal.bar).numbers,
        )

    def _size_factor(self, signal: Signal, at: datetime) -> Decimal:
        if self._mode is Mode.GROWTH:
            return Decimal(1)
        whales = (one for one in self._strategies if isinstance(one, Whale))
        agrees = any(whale.standing(at) is signal.direction for whale in whales)
        return Decimal(1) if agrees else Decimal("0.5")

    def _dropped(self, signal: Signal, at: datetime, code: str, numbers: Numbers) -> m.IdeaDropped:
        return m.IdeaDropped(
            idea_id=signal.idea_id,
            symbol=self._symbol,
            strategy=signal.strategy.name,
            at=at,
            code=code,
            numbers=numbers,
        )
