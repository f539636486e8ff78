"""A whole journal, read once and compared."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import date
from pathlib import Path

from bot.backtest.replay import risk, strategies
from bot.backtest.replay.differences import Compared
from bot.backtest.replay.risk import Risk
from bot.backtest.replay.strategies import Strategies
from bot.backtest.replay.verdict_times import VERDICTS
from bot.config import Settings
from bot.domain.session import new_york_day
from bot.journal.store import connect_read_only, read_rows
from bot.ops.status import slippage
from bot.ops.status.slippage import FillSlip, SlipBook


def compare_journal(path: Path, settings: Settings, day: date | None = None) -> Compared:
    """Judge every bar and every idea again. ``day``: only that New York day's differences and fills are told.

    FixTheMachine where the journal cannot be read or does not hold what it takes.
    """
    slips, fills = SlipBook(), list[FillSlip]()
    kinds = (*dict.fromkeys((*strategies.KINDS, *risk.KINDS, *slippage.KINDS)),)
    with contextlib.closing(connect_read_only(path)) as db:
        judges, verdicts = Strategies(settings), Risk(settings, read_rows(db, VERDICTS))
        for row in read_rows(db, kinds):
            judges.take(row)
            verdicts.take(row)
            if (slip := slips.hear(row.message)) is not None:
                fills.append(slip)
    found = list(judges.compare())
    if verdicts.has_account:
        found += verdicts.compare()
    counts = Counter(judgements=len(judges.journaled))
    counts["verdicts"] = len(verdicts.journaled) if verdicts.has_account else 0
    told = [x for x in found if day is None or new_york_day(x.at) == day]
    filled = tuple(x for x in fills if day is None or new_york_day(x.at) == day)
    return Compared(dict(counts), tuple(sorted(told, key=lambda x: x.at)), filled)
