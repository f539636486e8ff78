"""A journal, read once and compared: whole, or one day of it."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from bot.backtest.replay import risk, strategies
from bot.backtest.replay.differences import Compared
from bot.backtest.replay.part import JournalPart, days_in_words, part_of_day, whole_journal
from bot.backtest.replay.risk import Risk
from bot.backtest.replay.strategies import Strategies
from bot.backtest.replay.told_settings import ToldSettings
from bot.backtest.replay.verdict_times import VERDICTS
from bot.config import Settings
from bot.config.deciding import settings_again
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.domain.session import new_york_day
from bot.journal.readers import connect_read_only
from bot.journal.store import Row, read_rows
from bot.ops.status import slippage
from bot.ops.status.slippage import FillSlip, SlipBook

_SHOWN: tuple[type, ...] = (*dict.fromkeys((*strategies.KINDS, *risk.KINDS, *slippage.KINDS)),)
_FROM_BEFORE: tuple[type, ...] = (
    *dict.fromkeys((*strategies.REMEMBERED, *risk.REMEMBERED, *slippage.KINDS)),
)


def compare_journal(
    path: Path, settings: Settings, day: date | None = None, *, as_journaled: bool = False
) -> Compared:
    """Judge every bar and idea again, all of them or one New York day's, and measure the fills.

    ``as_journaled``: by the settings that the journal names at each start, and not by ``settings``. FixTheMachine where the
    journal cannot be read or does not hold what it takes.
    """
    try:
        with contextlib.closing(connect_read_only(path)) as db:
            part = whole_journal() if day is None else part_of_day(db, day)
            found = _Replay(settings, as_journaled=as_journaled)
            found.read(db, part)
            compared = found.compared(part)
            return replace(compared, journal_has=days_in_words(db)) if compared.is_empty else compared
    except FixTheMachine as error:
        if f"{path}" in f"{error}":
            raise
        raise FixTheMachine(f"journal {path}: {f'{error}'.removeprefix('journal: ')}") from None


class _Replay:
    def __init__(self, settings: Settings, *, as_journaled: bool) -> None:
        self._as_journaled = as_journaled
        self._judges, self._risk = Strategies(settings), Risk(settings)
        self._told = ToldSettings(settings)
        self._slips, self._fills = SlipBook(), list[FillSlip]()

    def read(self, db: sqlite3.Connection, part: JournalPart) -> None:
        """What a start before ``part`` remembered, then its rows."""
        self._risk.expect(read_rows(db, VERDICTS, part.first - 1))
        if part.first > 1:
            for row in read_rows(db, _FROM_BEFORE):
                if row.seq >= part.first:
                    break
                self._judges.remember(row)
                self._risk.remember(row)
                self._slips.hear(row.message)
        for row in read_rows(db, _SHOWN, part.first - 1):
            if part.last is not None and row.seq > part.last:
                break
            self._take(row)

    def _take(self, row: Row) -> None:
        if isinstance(row.message, m.LineStarted) and self._as_journaled:
            self._follow(row.message)
        self._told.hear(row.message)
        self._judges.take(row)
        self._risk.take(row)
        if (slip := self._slips.hear(row.message)) is not None:
            self._fills.append(slip)

    def _follow(self, started: m.LineStarted) -> None:
        if started.settings is None:
            raise FixTheMachine(
                "an older build wrote it, without its settings; leave out --as-journaled and bring them as --config"
            )
        now = settings_again(started.settings)
        self._judges.follow(now)
        self._risk.follow(now)

    def compared(self, part: JournalPart) -> Compared:
        """FixTheMachine when the journal does not hold what it would take."""

        def is_told(at: datetime) -> bool:
            return part.day is None or new_york_day(at) == part.day

        verdicts = self._risk.has_account
        found = [*self._judges.compare(is_told), *(self._risk.compare() if verdicts else ())]
        decisions = {
            "judgements": sum(is_told(key[2]) for key in self._judges.journaled),
            "verdicts": sum(is_told(x.at) for x in self._risk.journaled.values()) if verdicts else 0,
        }
        return Compared(
            decisions,
            tuple(sorted((x for x in found if is_told(x.at)), key=lambda x: x.at)),
            tuple(x for x in self._fills if is_told(x.at)),
            () if self._as_journaled else self._told.apart(),
        )
