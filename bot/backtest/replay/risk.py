"""Risk's verdicts again: from the journal's account figures, conditions, fills and ends, in the order they were written.

What risk itself said is not shown to it again; it says it again. Compared are yes or no, the code, the size and the prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any, Final

from bot.backtest.replay.differences import Difference, in_words
from bot.config import Settings, hand_down
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.limits import messages as lm
from bot.domain.types import IdeaId
from bot.journal.store import Row
from bot.risk.machine import RiskMachine

HEARD: Final[tuple[type, ...]] = (
    b.BrokerConnected, b.BrokerDisconnected, b.LinkChanged, b.DataTypeChanged, b.RequestFailed, b.OrderRefused,
    b.AccountUpdated, b.MarginQuoted, m.FeedChanged, m.TradeIdea, m.FillBooked, m.BracketAdopted, m.BracketClosed,
    m.EntryAbandoned, m.ProtectionChanged, m.Reconciled,
)  # fmt: skip
OWN: Final[tuple[type, ...]] = (m.PlaceBracket, m.EntryDenied)
BY_A_PERSON: Final[tuple[type, ...]] = (m.Halted, m.Resumed)
OF_LIMITS: Final[tuple[type, ...]] = (lm.LimitLoosened, lm.LimitsHeld, lm.LiveSessionTraded)
KINDS: Final[tuple[type, ...]] = (
    m.LineStarted,
    *HEARD,
    *OWN,
    *BY_A_PERSON,
    *OF_LIMITS,
    m.DayOpened,
    m.EquityMarked,
)
_PASSING: Final = frozenset({"numbers", "at"})
"""Figures that carry an age differ by the split second in which a message was taken."""


class Risk:
    """Shown the rows in order; ``compare`` afterwards."""

    def __init__(self, settings: Settings) -> None:
        limits = replace(hand_down.risk_limits(settings), max_clock_skew_s=None)
        self._make = partial(
            RiskMachine, limits, hand_down.session_rules(settings), hand_down.account_rule(settings)
        )
        self._machine = self._make()
        self._remembered: list[m.Message] = []
        self.has_account = False
        self.journaled: dict[IdeaId, m.Message] = {}
        self.replayed: dict[IdeaId, m.Message] = {}

    def take(self, row: Row) -> None:
        """Show the row to risk, if it came from another."""
        message: Any = row.message
        if isinstance(message, m.PlaceBracket | m.EntryDenied):
            self.journaled[message.idea_id] = message
        if isinstance(message, m.LineStarted):
            self._machine = self._make()
            for durable in self._remembered:
                self._machine.remember(durable)
        elif (isinstance(message, m.Halted | m.Resumed) and message.by not in ("risk", "bot")) or isinstance(
            message, OF_LIMITS
        ):
            self._machine.remember(message)
        elif isinstance(message, HEARD):
            self.has_account |= isinstance(message, b.AccountUpdated)
            self._note(self._machine.handle(m.TimePassed(row.at)))
            self._note(self._machine.handle(message))
        if isinstance(message, _DURABLE):
            self._remembered.append(message)

    def _note(self, said: Iterable[m.Message]) -> None:
        for message in said:
            if isinstance(message, m.PlaceBracket | m.EntryDenied):
                self.replayed[message.idea_id] = message

    def compare(self) -> Iterator[Difference]:
        """Every verdict that differs, earliest first; what follows may come of the first."""
        for idea_id in {**self.journaled, **self.replayed}:
            before, after = self.journaled.get(idea_id), self.replayed.get(idea_id)
            words = (in_words(before, _PASSING), in_words(after, _PASSING))
            if words[0] != words[1]:
                at = getattr(before or after, "at")  # noqa: B009  both kinds have it
                yield Difference(at, "risk", idea_id, *words)


_DURABLE: Final = (
    m.PlaceBracket, m.BracketAdopted, b.OrderRefused, m.FillBooked, m.BracketClosed, m.EntryAbandoned, m.DayOpened,
    m.EquityMarked, m.Halted, m.Resumed, *OF_LIMITS,
)  # fmt: skip
