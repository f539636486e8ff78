"""One symbol's machine: shows its strategies every closed bar and turns a signal into an idea with a contract.

Rules of rank and mode live here, and who outranks or confirms whom is written in each strategy's SPEC.
``growth``: all of them trade, and where several fire on the same instant only the highest of rank does.
``hybrid``: those that confirm others do not trade themselves; a confirmed one trades at half size unless one that
confirms it stands for the same direction.
A signal on an hour's end waits for the hour's bar, which may arrive just after the minute's, where that bar can speak.
A signal that comes when no entry is allowed is postponed, where its strategy waits at all: each minute it is judged again
until it may enter, has expired, or the market has moved too far.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from bot.domain import messages as m
from bot.domain.contract import Contract
from bot.domain.idea import Idea, read_idea
from bot.domain.limits.messages import LimitsChanged
from bot.domain.machine import StateMachine
from bot.domain.market import Bar, BarSize, Quote
from bot.domain.types import ConId, Direction, IdeaId, Numbers, Right, Symbol
from bot.strategies.base import Judgement, Strategy
from bot.strategies.entry_timing import (
    ANY_TIME,
    SIGNAL_OUTRANKED,
    SIGNAL_REPLACED,
    EntryTiming,
    Postponed,
    Wait,
    market_minutes_after,
)
from bot.strategies.own_code import glance_of, judgement_of, own_code
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


Limits: TypeAlias = LimitsChanged | None
"""What differs from the settings now, as Risk last said it; None before it said anything."""
Choose: TypeAlias = Callable[
    [
        str,
        Direction,
        Sequence[Contract],
        Mapping[ConId, Quote],
        float | None,
        datetime,
        Limits,
        Collection[ConId],
    ],
    Chosen | Unfit,
]
"""(strategy, direction, watched contracts, their quotes, the underlying's price, now, limits, held) → what carries the idea."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What a strategy's bar said, as far as an idea needs it. ``close`` is the underlying's price then."""

    strategy: str
    symbol: Symbol
    bar_end: datetime
    close: float
    direction: Direction
    confidence: float
    reason: str
    numbers: Numbers

    @property
    def idea_id(self) -> IdeaId:
        return Idea(self.symbol, self.bar_end, self.strategy).idea_id


class SymbolStrategy(StateMachine):
    """See the module's head."""

    def __init__(
        self,
        symbol: Symbol,
        strategies: Sequence[Strategy],
        mode: Mode,
        choose: Choose,
        timing: EntryTiming = ANY_TIME,
    ) -> None:
        super().__init__()
        self._timing = timing
        self._symbol = symbol
        self._strategies = strategies
        self._glances = [(one, glance_of(one)) for one in strategies]
        self._mode = mode
        self._choose = choose
        self._contracts: dict[ConId, Contract] = {}
        self._quotes: dict[ConId, Quote] = {}
        self._underlying: ConId | None = None
        self._spot: float | None = None
        self._waiting: list[Signal] = []
        self._hour_seen: datetime | None = None
        self._last_fired: dict[str, datetime] = {}
        self._postponed: dict[str, Postponed] = {}
        self._held: dict[IdeaId, ConId] = {}
        self._limits: Limits = None

        self.listen(
            {
                m.HistoryLoaded: self._warm_up,
                m.WatchlistChanged: self._on_watchlist,
                LimitsChanged: self._on_limits,
                m.SignalFired: self._fired,
                m.SignalPostponed: self._postpone,
                m.PlaceBracket: self._entered,
                m.BracketAdopted: lambda adopted: self._entered(adopted.place),
                m.BracketClosed: self._released,
                m.EntryAbandoned: self._released,
            },
            decides={
                m.QuoteUpdated: lambda x: self._on_quote(x.quote),
                m.BarClosed: lambda x: self._on_bar(x.bar, is_live=x.is_live),
            },
        )

    def _fired(self, signal: m.SignalFired) -> None:
        for strategy in self._strategies:
            if strategy.name == signal.strategy:
                with own_code(strategy.name, "told that it fired"):
                    strategy.remember_fired(signal.bar_end, signal.direction)

    def _postpone(self, signal: m.SignalPostponed) -> None:
        self._postponed[signal.strategy] = Postponed(signal)

    def _entered(self, place: m.PlaceBracket) -> None:
        """An entry was approved: its contract is held, its signal waits no longer, its strategy's debounce begins."""
        self._held[place.idea_id] = place.contract.con_id
        idea = read_idea(place.idea_id)
        waiting = self._postponed.get(place.strategy)
        if waiting is not None and waiting.signal.idea_id == place.idea_id:
            del self._postponed[place.strategy]
        direction = Direction.BEARISH if place.contract.right is Right.PUT else Direction.BULLISH
        for strategy in self._strategies:
            if strategy.name == place.strategy and idea is not None:
                with own_code(strategy.name, "told that it entered"):
                    strategy.remember_entered(idea.bar_end, direction)

    def _released(self, end: m.BracketClosed | m.EntryAbandoned) -> None:
        self._held.pop(end.idea_id, None)

    def _warm_up(self, history: m.HistoryLoaded) -> None:
        for strategy, glance in self._glances:
            if strategy.bar_size is history.size:
                for bar in history.bars:
                    glance(bar, False)

    def _on_watchlist(self, message: m.WatchlistChanged) -> None:
        self._underlying = message.underlying_con_id
        self._contracts = {contract.con_id: contract for contract in message.contracts}
        self._quotes = {con_id: quote for con_id, quote in self._quotes.items() if con_id in self._contracts}

    def _on_limits(self, changed: LimitsChanged) -> None:
        self._limits = changed

    def _on_quote(self, quote: Quote) -> Iterator[m.Message]:
        if quote.con_id in self._contracts:
            self._quotes[quote.con_id] = quote
        elif quote.mid is not None and quote.con_id == self._underlying:
            self._spot = float(quote.mid)
        if self._waiting and quote.at >= self._waiting[0].bar_end + HOUR_BAR_GRACE:
            yield from self._release(quote.at)

    def look(self, bar: Bar, *, is_live: bool) -> Iterator[tuple[str, bool, str]]:
        """Of a minute's bar each strategy's name, whether it fired and why, said to nobody.

        For a backtest that knows of nothing that waits for it.
        """
        for strategy, glance in self._glances:
            if strategy.bar_size is bar.size:
                yield strategy.name, *glance(bar, is_live)

    def _on_bar(self, bar: Bar, *, is_live: bool) -> Iterator[m.Message]:
        if self._waiting and bar.size is BarSize.M1:
            yield from self._release(bar.end)
        for strategy in self._strategies:
            if strategy.bar_size is bar.size:
                judgement = judgement_of(strategy, bar, may_fire=is_live)
                yield judgement.to_message(strategy.name, bar)
                if judgement.fired and judgement.direction is not None:
                    yield from self._on_signal(strategy, bar, judgement, judgement.direction)
        if bar.size is BarSize.M60:
            self._hour_seen = bar.end
            yield from self._release(bar.end)
        elif is_live:
            yield from self._judge_again(bar.end)

    def _on_signal(
        self, strategy: Strategy, bar: Bar, judgement: Judgement, direction: Direction
    ) -> Iterator[m.Message]:
        name = strategy.name
        yield m.SignalFired(self._symbol, name, direction, bar.end)
        self._last_fired[name] = bar.end
        numbers = judgement.to_message(name, bar).numbers
        signal = Signal(
            name, bar.symbol, bar.end, bar.close, direction, judgement.confidence, judgement.reason, numbers
        )
        if self._must_wait(signal, bar.size):
            self._waiting.append(signal)
        else:
            yield from self._idea(signal, bar.end)

    def _must_wait(self, signal: Signal, size: BarSize) -> bool:
        """Whether an hour's bar that ends with this one is still to come, and its strategy has a word in this."""
        if size is BarSize.M60 or signal.bar_end.minute or self._hour_seen == signal.bar_end:
            return False
        hourly = {one.name for one in self._strategies if one.bar_size is BarSize.M60}
        return bool(hourly & (confirmers(signal.strategy) | self._higher(signal.strategy)))

    def _higher(self, name: str) -> frozenset[str]:
        rank = spec_of(name).rank
        return frozenset(one.name for one in self._strategies if spec_of(one.name).rank < rank)

    def _release(self, at: datetime) -> Iterator[m.Message]:
        """The hour's bar was received, or will not come in time: what waits has its turn."""
        waiting, self._waiting = self._waiting, []
        for signal in waiting:
            yield from self._idea(signal, max(at, signal.bar_end))

    def _idea(self, signal: Signal, at: datetime) -> Iterator[m.Message]:
        name = signal.strategy
        if self._mode is Mode.HYBRID and spec_of(name).confirms:
            yield self._dropped(signal.idea_id, name, at, mode_denial(name), {"mode": self._mode})
            return
        above = sorted(one for one in self._higher(name) if self._last_fired.get(one) == signal.bar_end)
        if self._mode is Mode.GROWTH and above:
            yield self._dropped(signal.idea_id, name, at, SIGNAL_OUTRANKED, {"by": ", ".join(above)})
            return
        wait = self._timing.wait_of(name)
        if wait.minutes and not self._timing.may_enter(at):
            yield from self._wait_for_the_window(signal, at, wait)
            return
        found = self._chosen(name, signal.direction, at)
        if isinstance(found, Unfit):
            yield self._dropped(signal.idea_id, name, at, found.code, found.numbers)
        else:
            yield self._trade(signal, found, at)

    def _wait_for_the_window(self, signal: Signal, at: datetime, wait: Wait) -> Iterator[m.Message]:
        older = self._postponed.get(signal.strategy)
        if older is not None:
            by = {"by": signal.idea_id}
            yield self._dropped(older.signal.idea_id, signal.strategy, at, SIGNAL_REPLACED, by)
        yield m.SignalPostponed(
            idea_id=signal.idea_id,
            symbol=self._symbol,
            strategy=signal.strategy,
            direction=signal.direction,
            confidence=signal.confidence,
            reason=signal.reason,
            close=signal.close,
            at=at,
            valid_until=market_minutes_after(at, wait.minutes),
            numbers=signal.numbers,
        )

    def _judge_again(self, at: datetime) -> Iterator[m.Message]:
        """Whether a signal that waits may be an idea now, or is over."""
        for name, waiting in tuple(self._postponed.items()):
            signal = waiting.signal
            end = waiting.end(at, self._spot, self._timing.wait_of(name))
            if end is not None:
                del self._postponed[name]
                # What expired while the bot was down for longer is of no interest at every start that follows.
                if at - signal.valid_until < timedelta(days=1):
                    yield self._dropped(signal.idea_id, name, at, *end)
            elif self._timing.may_enter(at):
                found = self._chosen(name, signal.direction, at)
                if isinstance(found, Unfit):
                    waiting.last_refusal = found.code
                else:
                    del self._postponed[name]
                    yield self._trade(_signal_again(signal), found, at)

    def _chosen(self, strategy: str, direction: Direction, at: datetime) -> Chosen | Unfit:
        contracts, held = tuple(self._contracts.values()), frozenset(self._held.values())
        return self._choose(strategy, direction, contracts, self._quotes, self._spot, at, self._limits, held)

    def _trade(self, signal: Signal, found: Chosen, at: datetime) -> m.TradeIdea:
        return m.TradeIdea(
            idea_id=signal.idea_id,
            symbol=self._symbol,
            strategy=signal.strategy,
            direction=signal.direction,
            confidence=signal.confidence,
            contract=found.contract,
            quote=found.quote,
            at=at,
            reason=signal.reason,
            size_factor=self._size_factor(signal, at),
            numbers=signal.numbers,
        )

    def _size_factor(self, signal: Signal, at: datetime) -> Decimal:
        if self._mode is Mode.GROWTH:
            return Decimal(1)
        asked = confirmers(signal.strategy)
        heard = [one for one in self._strategies if one.name in asked and isinstance(one, Confirming)]
        agrees = any(one.standing(at) is signal.direction for one in heard)
        return Decimal(1) if agrees or not asked else Decimal("0.5")

    def _dropped(
        self, idea_id: IdeaId, strategy: str, at: datetime, code: str, numbers: Numbers
    ) -> m.IdeaDropped:
        return m.IdeaDropped(
            idea_id=idea_id, symbol=self._symbol, strategy=strategy, at=at, code=code, numbers=numbers
        )


def _signal_again(postponed: m.SignalPostponed) -> Signal:
    idea = read_idea(postponed.idea_id)
    return Signal(
        postponed.strategy,
        postponed.symbol,
        postponed.at if idea is None else idea.bar_end,
        postponed.close,
        postponed.direction,
        postponed.confidence,
        postponed.reason,
        postponed.numbers,
    )
