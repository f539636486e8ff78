"""The strategies' judgements again: the journal holds every bar they were shown, history included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from bot.assembly.machines import make_strategy
from bot.backtest.replay.differences import Difference, in_words
from bot.config import Settings
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.domain.market import Bar
from bot.journal.store import Row
from bot.strategies.symbol import SymbolStrategy

_WHAT_BECAME: tuple[type, ...] = (m.PlaceBracket, m.BracketAdopted, m.BracketClosed, m.EntryAbandoned)
"""What became of its ideas: a strategy may spend its debounce by an entry, and not by a signal."""
_SAID: tuple[type, ...] = (m.SignalFired, m.SignalPostponed)
"""By themselves: given back only at a start."""
REMEMBERED: tuple[type, ...] = (*_SAID, *_WHAT_BECAME)
KINDS: tuple[type, ...] = (m.LineStarted, m.HistoryLoaded, m.BarClosed, m.BarJudged, *REMEMBERED)
Key = tuple[str, str, Any]


class Strategies:
    """Shown the rows in order; ``compare`` afterwards. Each start of the line begins with fresh machines, as it did."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._machines: dict[str, SymbolStrategy] = {}
        self._remembered: list[tuple[str, m.Message]] = []
        self._without_history: set[str] = set()
        self._unjudged: list[datetime] = []
        self.journaled: dict[Key, m.BarJudged] = {}
        self.replayed: dict[Key, m.BarJudged] = {}

    def follow(self, settings: Settings) -> None:
        """From the next start on."""
        self._settings = settings

    def remember(self, row: Row) -> None:
        """Keep what the next start is given back."""
        if isinstance(row.message, REMEMBERED):
            self._remembered.append((_symbol_of(row.message), row.message))

    def take(self, row: Row) -> None:
        """Show the row to whom it was shown."""
        message = row.message
        if isinstance(message, m.LineStarted):
            self._machines = {}
            self._without_history.clear()
        elif isinstance(message, m.BarJudged):
            self.journaled[_key(message)] = message
        elif isinstance(message, REMEMBERED):
            self.remember(row)
            if isinstance(message, _WHAT_BECAME) and _symbol_of(message) in self._machines:
                self._note(self._machines[_symbol_of(message)].handle(message))
        elif isinstance(message, m.HistoryLoaded):
            self._note(self._machine(message.symbol).handle(message))
        elif isinstance(message, m.BarClosed):
            self._doubt(message.bar)
            self._note(self._machine(message.bar.symbol).handle(message))

    def _machine(self, symbol: str) -> SymbolStrategy:
        if symbol not in self._machines:
            machine = make_strategy(self._settings, symbol)
            for of, message in self._remembered:
                if of == symbol:
                    machine.remember(message)
            self._machines[symbol] = machine
        return self._machines[symbol]

    def _doubt(self, bar: Bar) -> None:
        if bar.symbol not in self._machines:
            self._without_history.add(bar.symbol)
        if bar.symbol in self._without_history:
            self._unjudged.append(bar.end)

    def _note(self, said: Iterable[m.Message]) -> None:
        for message in said:
            if isinstance(message, m.BarJudged):
                self.replayed[_key(message)] = message

    def compare(self, is_told: Callable[[datetime], bool]) -> Iterator[Difference]:
        """Every judgement that differs. FixTheMachine when the journal does not hold what those that are told would take."""
        if any(is_told(at) for at in self._unjudged):
            raise FixTheMachine(
                "it holds bars without the history before them: an older build wrote it, and its strategies "
                "cannot be replayed"
            )
        for key in sorted({*self.journaled, *self.replayed}, key=lambda x: (x[2], x[:2])):
            before, after = self.journaled.get(key), self.replayed.get(key)
            if before != after:
                yield Difference(key[2], key[1], key[0], in_words(before), in_words(after))


def _symbol_of(message: Any) -> str:
    symbol: str = message.place.symbol if isinstance(message, m.BracketAdopted) else message.symbol
    return symbol


def _key(x: m.BarJudged) -> Key:
    return (x.symbol, x.strategy, x.bar_end)
