"""One symbol's machine: shows its strategies every closed bar and turns a signal into an idea with a contract.

Rules of rank and mode live here, and who outranks or confirms whom is written in each strategy's SPEC.
``growth``: all of them trade, and where several fire on the same instant only the highest of rank does.
``hybrid``: those that confirm others do not trade themselves; a confirmed one trades at half size unless one that
confirms it stands for the same direction.
A signal on an hour's end waits for the hour's bar, which may arrive just after the minute's, where that bar can speak.
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
from bot.strategies.registry import confirmers, spec_of
from bot.strategies.spec import Confirming

HOUR_BAR_GRACE = timedelta(seconds=5)


def mode_denial(name: str) -> str:
    """The code of an idea that the mode does not let its strategy trade."""
    return f"MODE_DOES_NOT_TRADE_{name.upper()}"


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
    [str, Direction, Sequence[Contract], Mapping[ConId, Quote], float | None, datetime], Chosen | Unfit
]
"""(strategy, direction, watched contracts, their latest quotes, the underlying's price, now) → what carries it."""


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
        self._waiting: list[Signal] = []
        self._hour_seen: datetime | None = None
        self._last_fired: dict[str, datetime] = {}

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
        if self._waiting and quote.at >= self._waiting[0].bar.end + HOUR_BAR_GRACE:
            yield from self._release(quote.at)

    def _on_bar(self, bar: Bar, *, is_live: bool) -> Iterator[m.Message]:
        if self._waiting and bar.size is BarSize.M1:
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
        self._last_fired[signal.strategy.name] = signal.bar.end
        if self._must_wait(signal):
            self._waiting.append(signal)
        else:
            yield from self._idea(signal, signal.bar.end)

    def _must_wait(self, signal: Signal) -> bool:
        """Whether an hour's bar that ends with this one is still to come, and its strategy has a word in this."""
        if signal.bar.size is BarSize.M60 or signal.bar.end.minute or self._hour_seen == signal.bar.end:
            return False
        name = signal.strategy.name
        hourly = {one.name for one in self._strategies if one.bar_size is BarSize.M60}
        return bool(hourly & (confirmers(name) | self._higher(name)))

    def _higher(self, name: str) -> frozenset[str]:
        rank = spec_of(name).rank
        return frozenset(one.name for one in self._strategies if spec_of(one.name).rank < rank)

    def _release(self, at: datetime) -> Iterator[m.Message]:
        """The hour's bar was received, or will not come in time: what waits has its turn."""
        waiting, self._waiting = self._waiting, []
        for signal in waiting:
            yield from self._idea(signal, max(at, signal.bar.end))

    def _idea(self, signal: Signal, at: datetime) -> Iterator[m.Message]:
        name = signal.strategy.name
        if self._mode is Mode.HYBRID and spec_of(name).confirms:
            yield self._dropped(signal, at, mode_denial(name), {"mode": self._mode})
            return
        above = sorted(one for one in self._higher(name) if self._last_fired.get(one) == signal.bar.end)
        if self._mode is Mode.GROWTH and above:
            yield self._dropped(signal, at, "SIGNAL_OUTRANKED", {"by": ", ".join(above)})
            return
        found = self._choose(
            name, signal.direction, tuple(self._contracts.values()), self._quotes, self._spot, at
        )
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
        asked = confirmers(signal.strategy.name)
        heard = [one for one in self._strategies if one.name in asked and isinstance(one, Confirming)]
        agrees = any(one.standing(at) is signal.direction for one in heard)
        return Decimal(1) if agrees or not asked else Decimal("0.5")

    def _dropped(self, signal: Signal, at: datetime, code: str, numbers: Numbers) -> m.IdeaDropped:
        return m.IdeaDropped(
            idea_id=signal.idea_id,
            symbol=self._symbol,
            strategy=signal.strategy.name,
            at=at,
            code=code,
            numbers=numbers,
        )
