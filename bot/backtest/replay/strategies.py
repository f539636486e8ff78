"""The strategies' judgements again: the journal holds every bar they were shown, history included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bot.assembly.machines import make_strategy
from bot.backtest.replay.differences import Difference, in_words
from bot.config import Settings
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.journal.store import Row
from bot.strategies.symbol import SymbolStrategy

_WHAT_BECAME: tuple[type, ...] = (m.PlaceBracket, m.BracketAdopted, m.BracketClosed, m.EntryAbandoned)
"""What became of its ideas: a strategy may spend its debounce by an entry, and not by a signal."""
KINDS: tuple[type, ...] = (
    m.LineStarted, m.HistoryLoaded, m.BarClosed, m.BarJudged, m.SignalFired, m.SignalPostponed, *_WHAT_BECAME,
)  # fmt: skip
Key = tuple[str, str, Any]


class Strategies:
    """Shown the rows in order; ``compare`` afterwards. Each start of the line begins with fresh machines, as it did."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._machines: dict[str, SymbolStrategy] = {}
        self._remembered: list[tuple[str, m.Message]] = []
        self._without_history = False
        self.journaled: dict[Key, m.BarJudged] = {}
        self.replayed: dict[Key, m.BarJudged] = {}

    def take(self, row: Row) -> None:
        """Show the row to whom it was shown."""
        message = row.message
        if isinstance(message, m.LineStarted):
            self._machines = {}
        elif isinstance(message, m.BarJudged):
            self.journaled[_key(message)] = message
        elif isinstance(message, m.SignalFired | m.SignalPostponed):
            self._remembered.append(
                (message.symbol, message)
            )  # said by themselves: given back only at a start
        elif isinstance(message, _WHAT_BECAME):
            self._give(_symbol_of(message), message)
        elif isinstance(message, m.HistoryLoaded):
            self._note(self._machine(message.symbol).handle(message))
        elif isinstance(message, m.BarClosed):
            self._without_history |= message.bar.symbol not in self._machines
            self._note(self._machine(message.bar.symbol).handle(message))

    def _machine(self, symbol: str) -> SymbolStrategy:
        if symbol not in self._machines:
            machine = make_strategy(self._settings, symbol)
            for of, message in self._remembered:
                if of == symbol:
                    machine.remember(message)
            self._machines[symbol] = machine
        return self._machines[symbol]

    def _give(self, symbol: str, message: m.Message) -> None:
        self._remembered.append((symbol, message))
        if symbol in self._machines:
            self._note(self._machines[symbol].handle(message))

    def _note(self, said: Iterable[m.Message]) -> None:
        for message in said:
            if isinstance(message, m.BarJudged):
                self.replayed[_key(message)] = message

    def compare(self) -> Iterator[Difference]:
        """Every judgement that differs. FixTheMachine when the journal does not hold what it would take."""
        if self._without_history:
            raise FixTheMachine(
                "this journal holds bars without the history before them: an older build wrote it, and its strategies "
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
