"""A day's journal judged again: nothing differs, and what is changed is found."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from bot.backtest.exact.run import ExactLine, plan_stretches
from bot.backtest.feed.markets import market_of
from bot.backtest.outcome import Outcome
from bot.backtest.replay.journal import compare_journal
from bot.config import load_settings
from bot.domain import messages as m
from bot.domain.errors import FixTheMachine
from bot.journal.listener import JournalListener
from bot.journal.store import Journal
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.conftest import plan


def journaled(path: Path, until: datetime | None = None) -> Outcome:
    """A recorded half-day with a journal on disk."""
    chosen = plan()
    [stretch] = plan_stretches(chosen, BUNDLE)
    world = market_of(chosen, stretch, BUNDLE, chosen.equity)
    out = Outcome(chosen.equity)
    journal = Journal(path, lambda: world.now)
    try:
        journal.record(m.LineStarted(world.now, "test", "growth", False, ("GOOG",)))
        line = ExactLine(chosen, world, out, journal=JournalListener(journal), commit=journal.commit)
        line.play(stretch, BUNDLE, lambda _: None, until)
    finally:
        journal.close()
    return out


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    return path, journaled(path)


def test_a_day_s_decisions_come_out_the_same_again(day: tuple[Path, Outcome]) -> None:
    path, out = day

    found = compare_journal(path, load_settings(None, {"SYMBOLS": "GOOG"}))

    assert found.differences == ()
    assert found.decisions["judgements"] == out.bars == 210 + 4
    assert found.decisions["verdicts"] == len(out.denied) + len(out.plans)


def test_other_settings_decide_otherwise_and_each_difference_says_what_was(day: tuple[Path, Outcome]) -> None:
    path, _ = day

    found = compare_journal(
        path, load_settings(None, {"SYMBOLS": "GOOG", "STRATEGIES__SCALP__FAST_EMA": "5"})
    )

    assert found.differences
    assert {x.who for x in found.differences} >= {"scalp"}
    assert "ema8" in found.differences[0].journaled
    assert "ema5" in found.differences[0].replayed


def test_another_risk_limit_changes_verdicts_and_no_judgement(day: tuple[Path, Outcome]) -> None:
    path, out = day
    settings = load_settings(None, {"SYMBOLS": "GOOG", "SESSION__MINUTES_AFTER_OPEN": "170"})

    found = compare_journal(path, settings)

    assert {x.who for x in found.differences} <= {"risk"}
    assert bool(found.differences) == bool(out.plans or out.denied)


def test_a_journal_without_history_is_said_to_be_too_old(tmp_path: Path) -> None:
    at = datetime.fromisoformat("2015-12-24T14:31:00+00:00")
    journal = Journal(tmp_path / "journal.db", lambda: at)
    journal.record(m.BarClosed(BUNDLE.minutes("GOOG", plan().first)[0]))
    journal.close()

    with pytest.raises(FixTheMachine, match="without the history"):
        compare_journal(tmp_path / "journal.db", load_settings(None, {"SYMBOLS": "GOOG"}))
