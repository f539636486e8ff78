"""The exact gear: the live machines over a recorded day; its books agree with the account's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from bot.backtest.changed_future import ChangedFuture
from bot.backtest.exact.run import run_exact
from bot.backtest.feed.stretches import stretches
from bot.backtest.lookahead import find_peek, first_difference
from bot.backtest.outcome import Outcome
from bot.backtest.plan import BacktestPlan
from bot.domain.errors import FixTheCommand
from bot.domain.session import session_on
from bot.sim.market.recorded.library import BUNDLE, Bundle, Library
from tests.backtest.conftest import DAY, JUDGED_A_DAY, plan


def test_what_the_trades_brought_is_what_the_account_gained(played: tuple[BacktestPlan, Outcome]) -> None:
    _, out = played

    assert len(out.trades) >= 3
    rest = out.end_equity - out.start_equity - sum(x.pnl for x in out.trades.values())
    kept = [x for x in out.plans.values() if x.idea_id not in out.trades]
    assert len(kept) - len(out.abandoned) == len(out.still_open)
    # What is kept overnight can have lost its premium and its commission, and nothing else is unaccounted for.
    assert rest >= -sum(x.quantity * (100 * x.entry_limit + 2) for x in kept)
    assert bool(rest) == bool(out.still_open)


def test_every_bar_was_judged_and_every_signal_has_an_end(played: tuple[BacktestPlan, Outcome]) -> None:
    _, out = played

    assert out.bars == 390 + 7
    assert sum(out.judged.values()) == JUDGED_A_DAY
    refused = {x.idea_id for x in out.dropped} | {x.idea_id for x in out.denied}
    ideas = refused | out.plans.keys()
    assert len(ideas) == sum(n for (_, reason), n in out.judged.items() if reason == "fired")
    ended = out.trades.keys() | {x.idea_id for x in out.abandoned}
    assert ended <= out.plans.keys()
    assert len(out.plans) - len(ended) == len(out.still_open)


def test_the_report_says_how_each_day_s_options_were_priced(played: tuple[BacktestPlan, Outcome]) -> None:
    _, out = played

    assert [(x.day, x.is_recorded) for x in out.prices] == [(date(2011, 1, 26), False)]


@pytest.mark.slow
def test_a_day_with_a_recorded_chain_is_priced_from_it() -> None:
    out = run_exact(plan(), BUNDLE)

    assert [(x.is_recorded, x.volatility) for x in out.prices] == [(True, None)]
    assert [x.day for x in out.days] == [DAY]


def test_a_hole_in_the_data_ends_a_stretch_and_a_lost_day_does_not() -> None:
    class Holes(Bundle):
        def sessions(self, symbol: str) -> tuple[date, ...]:
            days = super().sessions(symbol)
            return (*days[:5], *days[6:9], *days[14:])

    found = stretches(Holes(), ["SPY"], date(2011, 1, 1), date(2011, 12, 31))

    assert [len(x.sessions) for x in found] == [9, 6]
    with pytest.raises(
        FixTheCommand, match=r"no minutes of SPY between .* there is 2011-01-03 to 2011-01-31"
    ):
        stretches(BUNDLE, ["SPY"], date(2012, 1, 1), date(2012, 12, 31))
    with pytest.raises(FixTheCommand, match=r"^no minutes of ZZZ, ZZY\. Get some"):
        stretches(BUNDLE, ["ZZZ", "ZZY"], date(2012, 1, 1), date(2012, 12, 31))


@pytest.mark.slow
def test_wider_spreads_never_bring_more_on_the_same_trades() -> None:
    # A cap that both markets stay under: with the usual one the wide market is refused and no trade is common.
    day = date(2011, 1, 26)
    chosen = plan("SPY", day, day, OPTIONS__MAX_SPREAD_PCT="0.20")

    out, wide = (run_exact(replace(chosen, spread_factor=x), BUNDLE) for x in (1.0, 3.0))

    entered = {x.idea_id: x for x in wide.trades.values()}
    both = [(x, entered[x.idea_id]) for x in out.trades.values() if x.idea_id in entered]
    assert len(both) >= 3
    assert all(x.contract == y.contract and x.entry_price < y.entry_price for x, y in both)


CUT = timedelta(minutes=60)


def cut() -> datetime:
    session = session_on(DAY)
    assert session is not None
    return session.open + CUT


@pytest.mark.slow
def test_another_future_changes_no_decision_of_the_past() -> None:
    assert find_peek(plan(), BUNDLE, cut()) is None


@pytest.mark.slow
def test_whatever_knows_the_day_s_end_beforehand_is_found_out() -> None:
    class Leaky(Bundle):
        """Prices options at how far the whole day will go."""

        def __init__(self, minutes: Library) -> None:
            self._minutes = minutes

        def volatility(self, symbol: str, day: date) -> float | None:
            last = self._minutes.minutes(symbol, day)[-1]
            return 0.2 + last.close % 1 / 10

        def chain(self, symbol: str, day: date) -> None:
            return None

    peek = first_difference(plan(), Leaky(BUNDLE), Leaky(ChangedFuture(BUNDLE, cut())), cut())

    assert peek is not None
    assert peek.is_repeatable
    assert peek.what.startswith(("scalp on GOOG, 2015-12-24", "whale on GOOG, 2015-12-24"))
    assert peek.before != peek.after
    assert "symbol=GOOG" not in peek.before  # what both share


def test_a_changed_future_leaves_the_past_as_it_was() -> None:
    changed = ChangedFuture(BUNDLE, cut())

    real, other = BUNDLE.minutes("GOOG", DAY), changed.minutes("GOOG", DAY)

    assert [x for x in other if x.end <= cut()] == [x for x in real if x.end <= cut()]
    assert all(a.close != b.close for a, b in zip(real, other, strict=True) if a.end > cut())
    assert [x.open for x in other if x.start == cut()] == [x.open for x in real if x.start == cut()]


class Forgetful(Bundle):
    """Says something else each time that it is asked."""

    def __init__(self) -> None:
        self._asked = 0

    def volatility(self, symbol: str, day: date) -> float | None:
        self._asked += 1
        return 0.2 + self._asked / 20

    def chain(self, symbol: str, day: date) -> None:
        return None


@pytest.mark.slow
def test_what_is_never_twice_alike_is_not_called_knowledge_of_the_future() -> None:
    library = Forgetful()

    peek = first_difference(plan(), library, library, cut())

    assert peek is not None
    assert not peek.is_repeatable
    assert "New York" in peek.what
