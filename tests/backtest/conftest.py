"""One recorded day, played once for all tests that look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from bot.backtest.exact.run import ExactLine, plan_stretches
from bot.backtest.feed.markets import market_of
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.config import load_settings
from bot.config.deciding import deciding
from bot.domain import messages as m
from bot.domain.market import BarSize
from bot.journal.listener import JournalListener
from bot.journal.store import JOURNAL_FILE, Journal
from bot.sim.market.recorded.library import BUNDLE
from bot.strategies.registry import STRATEGIES

DAY = date(2015, 12, 24)
JUDGED_A_DAY = sum(390 if spec.bar_size is BarSize.M1 else 7 for spec in STRATEGIES)
"""Every bar of a whole session, once for each strategy that reads its size."""


def plan(symbol: str = "GOOG", first: date = DAY, last: date = DAY, **variables: str) -> BacktestPlan:
    return BacktestPlan(load_settings(None, {"SYMBOLS": symbol, **variables}), (symbol,), first, last)


def pytest_itemcollected(item: pytest.Item) -> None:
    """One worker plays the days for all who look at them."""
    for played in {"played_day", "two_lives"}.intersection(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.xdist_group(played))


@dataclass(frozen=True)
class Played:
    plan: BacktestPlan
    outcome: Outcome
    journal: Path


@pytest.fixture(scope="session")
def played_day(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """A recorded day through the whole line, with a journal on disk."""
    chosen = plan("SPY", date(2011, 1, 26), date(2011, 1, 26))
    [played] = with_journals(chosen, tmp_path_factory.mktemp("played"))
    return played


def with_journals(chosen: BacktestPlan, folder: Path) -> Iterator[Played]:
    """Each stretch of the plan through the whole line, with a journal of its own on disk."""
    for number, stretch in enumerate(plan_stretches(chosen, BUNDLE)):
        world = market_of(chosen, stretch, BUNDLE, chosen.equity)
        out = Outcome(chosen.equity)
        path = folder / f"{number}" / JOURNAL_FILE
        path.parent.mkdir()
        journal = Journal(path, lambda: world.now)  # noqa: B023  called before the next one is made
        try:
            told = deciding(chosen.settings)
            journal.record(m.LineStarted(world.now, "test", "growth", False, chosen.symbols, told))
            line = ExactLine(chosen, world, out, journal=JournalListener(journal), commit=journal.commit)
            line.play(stretch, BUNDLE, lambda _: None)
        finally:
            journal.close()
        yield Played(chosen, out, path)


@pytest.fixture(scope="session")
def played(played_day: Played) -> tuple[BacktestPlan, Outcome]:
    return played_day.plan, played_day.outcome
