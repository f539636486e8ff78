"""Risk's verdicts again: from the journal's account figures, conditions, fills and ends, in the order they were written.

What risk itself said is not shown to it again; it says it again. Compared are yes or no, the code, the size and the prices.
An idea whose verdict the journal lacks is compared with nothing: the line ended before it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from bot.assembly.timing import time_scale
from bot.backtest.replay.differences import Difference, in_words, untold
from bot.backtest.replay.verdict_times import VERDICTS, Patience, RiskVerdict, VerdictTimes
from bot.config import Settings, hand_down
from bot.domain import broker_messages as b
from bot.domain import messages as m
from bot.domain.limits import messages as lm
from bot.domain.types import IdeaId
from bot.journal.store import Row
from bot.risk.breakers import HaltCause
from bot.risk.loss_guard import NEW_DAY, OURSELVES
from bot.risk.machine import RiskMachine

HEARD: Final[tuple[type, ...]] = (
    b.BrokerConnected, b.BrokerDisconnected, b.LinkChanged, b.HoursListed, b.DataTypeChanged, b.RequestFailed, b.OrderRefused,
    b.AccountUpdated, b.MarginQuoted, m.FeedChanged, m.TradeIdea, m.FillBooked, m.BracketAdopted, m.BracketClosed,
    m.EntryAbandoned, m.ProtectionChanged, m.Reconciled,
)  # fmt: skip
HALTS: Final[tuple[type, ...]] = (m.Halted, m.Resumed)
OF_LIMITS: Final[tuple[type, ...]] = (lm.LimitLoosened, lm.LimitsHeld, lm.LiveSessionTraded)
KINDS: Final[tuple[type, ...]] = (
    m.LineStarted,
    *HEARD,
    *VERDICTS,
    *HALTS,
    *OF_LIMITS,
    m.DayOpened,
    m.EquityMarked,
)
REMEMBERED: Final[tuple[type, ...]] = (
    m.PlaceBracket, m.BracketAdopted, b.OrderRefused, m.FillBooked, m.BracketClosed, m.EntryAbandoned, m.DayOpened,
    m.EquityMarked, *HALTS, *OF_LIMITS,
)  # fmt: skip
_PASSING: Final = frozenset({"numbers", "at"})
"""Figures that carry an age differ by the split second in which a message was taken."""


class Risk:
    """Told which verdicts to expect and shown the rows in order; ``compare`` afterwards."""

    def __init__(self, settings: Settings) -> None:
        self._times = VerdictTimes(())
        self.follow(settings)
        self._machine = self._make()
        self._remembered: list[m.Message] = []
        self.has_account = False
        self.journaled: dict[IdeaId, RiskVerdict] = {}
        self.replayed: dict[IdeaId, RiskVerdict] = {}

    def follow(self, settings: Settings) -> None:
        """From the next start on."""
        scale = time_scale(settings.broker.simulated_clock)
        limits = replace(hand_down.risk_limits(settings).scaled(scale), max_clock_skew_s=None)
        self._patience = Patience(timedelta(seconds=limits.what_if_timeout_s), scale)
        self._make = partial(
            RiskMachine, limits, hand_down.session_rules(settings), hand_down.account_rule(settings)
        )

    def expect(self, verdicts: Iterable[Row]) -> None:
        """The journal's, all of them from the first row that is shown."""
        self._times = VerdictTimes(verdicts)

    def remember(self, row: Row) -> None:
        """Keep what the next start is given back."""
        if isinstance(row.message, REMEMBERED):
            self._remembered.append(row.message)

    def take(self, row: Row) -> None:
        """Show the row to risk, if it came from another."""
        message: Any = row.message
        if isinstance(message, m.PlaceBracket | m.EntryDenied):
            self.journaled[message.idea_id] = message
            self._show(self._times.at_verdict(message))
        if isinstance(message, m.LineStarted):
            self._machine = self._make()
            for durable in self._remembered:
                self._machine.remember(durable)
        elif _is_of_others(message) or isinstance(message, OF_LIMITS):
            self._machine.remember(message)
        elif isinstance(message, HEARD):
            self.has_account |= isinstance(message, b.AccountUpdated)
            self._show(self._times.as_heard(row, self._patience))
        self.remember(row)

    def _show(self, heard: Iterable[m.Message]) -> None:
        for message in heard:
            for said in self._machine.handle(message):
                if isinstance(said, m.PlaceBracket | m.EntryDenied):
                    self.replayed[said.idea_id] = said

    def compare(self) -> Iterator[Difference]:
        """Every verdict that differs, earliest first; what follows may come of the first."""
        for idea_id, before in self.journaled.items():
            after, left_out = self.replayed.get(idea_id), _PASSING | untold(before)
            words = (in_words(before, left_out), in_words(after, left_out))
            if words[0] != words[1]:
                yield Difference(before.at, "risk", idea_id, *words)


def _is_of_others(message: object) -> bool:
    """Whether somebody else halted or resumed, or risk did by what no journal holds: how far the broker's clock was off."""
    if isinstance(message, m.Halted):
        # A person may call himself what the machine does, but halts for no cause of its own.
        return message.by != OURSELVES or message.cause in (HaltCause.CLOCK_SKEW, HaltCause.OPERATOR)
    if isinstance(message, m.Resumed):
        return not (message.by == OURSELVES and message.reason == NEW_DAY)
    return False
