"""Figures are what their definitions say; the report is whole on the screen, as JSON and as a page."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.backtest.outcome import DayEnd, Outcome, Prices
from bot.backtest.plan import BacktestPlan
from bot.backtest.report.document import Report, all_tables, backtest_document, chart
from bot.backtest.report.loud import loud_lines, prices_line
from bot.backtest.report.metrics import daily_returns, drawdowns, figures_of, longest_drawdown
from bot.backtest.report.plain import as_json_text
from bot.backtest.report.ratios import annual_return, interval, profit_factor, sharpe, sortino
from bot.domain.messages import Halted, Resumed
from bot.ops.page.render import as_file
from bot.sim.market.recorded.library import BUNDLE
from tests.backtest.conftest import plan


def ended(*equity: float) -> Outcome:
    out = Outcome(Decimal(100))
    out.days = [DayEnd(date(2011, 1, 3) + timedelta(n), Decimal(f"{x:.2f}")) for n, x in enumerate(equity)]
    return out


def test_a_drawdown_is_measured_from_the_highest_day_s_end_so_far() -> None:
    assert [round(x, 4) for _, x in drawdowns(ended(110, 99, 121, 60.5))] == [0, -0.1, 0, -0.5]


def test_ratios_are_those_of_their_definitions() -> None:
    returns = daily_returns(ended(102, 101, 104, 103))

    assert sharpe(returns) == pytest.approx(np.mean(returns) / np.std(returns, ddof=1) * math.sqrt(252))
    below = math.sqrt(sum(min(x, 0) ** 2 for x in returns) / 4)
    assert sortino(returns) == pytest.approx(np.mean(returns) / below * math.sqrt(252))
    assert math.isnan(sortino(returns[1:2]))
    assert math.isnan(sharpe(returns[1:2]))


@given(st.lists(st.floats(50, 200), min_size=1, max_size=30))
def test_returns_lead_from_the_first_equity_to_the_last(equity: list[float]) -> None:
    out = ended(*equity)

    assert math.prod(1 + daily_returns(out)) == pytest.approx(float(out.end_equity) / 100)
    assert all(x <= 0 for _, x in drawdowns(out))


def test_an_unchanging_account_has_no_ratio_rather_than_a_wrong_one() -> None:
    found = {x.name: x.text for x in figures_of(ended(100, 100, 100))}

    assert (found["Sharpe"], found["win rate"], found["expectancy"]) == ("unknown", "unknown", "unknown")


def test_an_interval_holds_the_figure_and_is_the_same_every_time(
    played: tuple[BacktestPlan, Outcome],
) -> None:
    _, out = played

    first, second = figures_of(out), figures_of(out)

    assert first == second
    for x in first:
        if x.low is not None and x.high is not None and x.value is not None:
            assert x.low <= x.value <= x.high


def test_the_tables_count_every_trade_once(played: tuple[BacktestPlan, Outcome]) -> None:
    chosen, out = played

    found = {x.title: x for x in all_tables(Report(chosen, "exact", out))}

    for title in ("By strategy", "By month", "By weekday", "By hour", "By exit"):
        assert sum(int(row[1]) for row in found[title].rows) == len(out.trades)
    assert sum(int(row[3]) for row in found["Not traded"].rows) == len(out.denied) + len(out.dropped) + len(
        out.abandoned
    )


def test_modelled_prices_are_said_loudly(played: tuple[BacktestPlan, Outcome]) -> None:
    _, out = played

    assert "MODELLED on 1 of 1" in prices_line(out)


def test_the_page_and_the_json_hold_the_same_trades(played: tuple[BacktestPlan, Outcome]) -> None:
    chosen, out = played
    report = Report(chosen, "exact", out, ((1.0, out),))

    told = json.loads(as_json_text(report))
    page = as_file(backtest_document(report))

    assert [x["idea_id"] for x in told["trades"]] == list(out.trades)
    assert Decimal(told["end_equity"]) == out.end_equity
    assert all(idea_id in page for idea_id in out.trades)
    assert "If spreads were" in page


def test_nights_are_no_time_in_the_market_and_two_positions_count_once(
    played: tuple[BacktestPlan, Outcome],
) -> None:
    _, out = played
    one = next(iter(out.trades.values()))
    opened = datetime(2011, 1, 3, 20, 0, tzinfo=UTC)  # an hour before the close
    night = replace(one, opened_at=opened, closed_at=datetime(2011, 1, 4, 15, 30, tzinfo=UTC))
    within = replace(one, opened_at=opened + timedelta(minutes=10), closed_at=opened + timedelta(minutes=20))
    two_days = ended(100, 100)
    two_days.trades = {"night": night, "within": within}

    [share] = [x.value for x in figures_of(two_days) if x.name == "time in market"]

    assert share == pytest.approx(120 / 780)


def test_many_days_are_drawn_in_hours_and_each_hour_is_whole() -> None:
    days = [BUNDLE.minutes("SPY", day) for day in BUNDLE.sessions("SPY")[:6]]

    few, many = chart("SPY", days[:5]), chart("SPY", days)

    assert (few.bar_minutes, len(few.bars)) == (1, sum(map(len, days[:5])))
    assert (many.bar_minutes, len(many.bars)) == (60, 6 * 7)
    first = [bar for bar in days[0] if bar.start < days[0][0].start + timedelta(minutes=30)]
    assert many.bars[0][1:5] == (
        first[0].open, max(x.high for x in first), min(x.low for x in first), first[-1].close,
    )  # fmt: skip


def no_constant(text: str) -> float:
    raise AssertionError(f"{text} is no JSON")


def test_what_cannot_be_said_is_null_in_json(played: tuple[BacktestPlan, Outcome]) -> None:
    chosen, _ = played

    told = json.loads(as_json_text(Report(chosen, "fast", ended(100, 100))), parse_constant=no_constant)

    assert {told["figures"][name]["value"] for name in ("Sharpe", "win rate", "profit factor")} == {None}


@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=25))
def test_the_figures_of_any_days_are_those_that_another_calculation_finds(moves: list[float]) -> None:
    equity = [round(float(x), 2) for x in 100 * np.cumprod(1 + np.array(moves))]
    found = {x.name: x.value for x in figures_of(ended(*equity))}

    levels = [100.0, *equity]
    falls = [levels[n] / max(levels[: n + 1]) - 1 for n in range(len(levels))]
    assert found["result"] == pytest.approx(equity[-1] - 100)
    assert found["return"] == pytest.approx(equity[-1] / 100 - 1)
    assert found["worst drawdown"] == pytest.approx(min(falls))


def test_a_symbol_without_minutes_on_a_day_is_neither_recorded_nor_modelled_but_missing(
    played: tuple[BacktestPlan, Outcome],
) -> None:
    chosen, _ = played
    out = ended(100, 100)
    out.prices = [
        Prices(chosen.symbols[0], out.days[0].day, is_recorded=False, volatility=0.3, is_assumed=True)
    ]

    told = loud_lines(Report(chosen, "fast", out))

    assert any(
        x.startswith(f"{chosen.symbols[0]}: no minutes on 1 of 2 sessions (2011-01-04): absent") for x in told
    )
    assert "MODELLED on 1 of 1 symbol-day " in told[-1]
    assert "ASSUMED on 1" in told[-1]


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_days_without_a_symbol_are_told_in_stretches(is_played: list[bool]) -> None:
    out = ended(*([100.0] * len(is_played)))
    symbol = plan().symbols[0]
    days = [x.day for x in out.days]
    out.prices = [
        Prices(symbol, day, is_recorded=False, volatility=0.3)
        for day, here in zip(days, is_played, strict=True)
        if here
    ]

    told = [x for x in loud_lines(Report(plan(), "fast", out)) if "no minutes on" in x]

    missing = [day for day, here in zip(days, is_played, strict=True) if not here]
    assert len(told) == bool(missing)
    if missing:
        assert f"on {len(missing)} of {len(days)} session" in told[0]
        assert f"({missing[0]}" in told[0]
        starts = [b for a, b in zip([True, *is_played], days, strict=False) if a and b in missing]
        named = sum(f"{day}" in told[0] for day in starts)
        assert named >= min(len(starts), 5)


def test_what_is_open_at_the_end_is_no_realised_result(played: tuple[BacktestPlan, Outcome]) -> None:
    chosen, full = played
    out = replace(full, trades=dict(list(full.trades.items())[:1]))
    [trade] = out.trades.values()

    money = backtest_document(Report(chosen, "fast", out)).money

    assert money is not None
    assert money.realized == trade.pnl + trade.commission
    assert None not in (money.realized, money.unrealized, money.fees)
    assert money.realized + (money.unrealized or 0) - (money.fees or 0) == money.net


def test_a_halt_s_end_says_who_ended_it(played: tuple[BacktestPlan, Outcome]) -> None:
    chosen, full = played
    at = datetime(2011, 1, 3, 16, tzinfo=UTC)
    halts: list[Halted | Resumed] = [
        Halted(at, "loss_streak", "5 losing trades in a row", "risk"),
        Resumed(at, "loss_streak", "a new day", "risk"),
    ]
    out = replace(full, halts=halts)

    [table] = [x for x in all_tables(Report(chosen, "fast", out)) if x.title == "Halts"]

    assert [row[1:] for row in table.rows] == [
        ("Halted", "loss_streak", "risk", "5 losing trades in a row"),
        ("Resumed", "loss_streak", "risk", "a new day"),
    ]
    stays = backtest_document(Report(replace(chosen, halts="stay"), "fast", out))
    assert "nobody resumes after a halt" in stays.verdict.reason


def test_a_report_says_which_settings_were_not_as_shipped(played: tuple[BacktestPlan, Outcome]) -> None:
    chosen, out = played
    other = replace(
        chosen, settings=plan(STRATEGIES__SCALP__FAST_EMA="10", RISK__TAKE_PROFIT_PCT="0.50").settings
    )

    told = json.loads(as_json_text(Report(other, "fast", out)))
    facts = {x.name: x.text for x in backtest_document(Report(other, "fast", out)).facts}

    assert told["settings"] == {"risk.take_profit_pct": "0.5", "strategies.scalp.fast_ema": "10"}
    assert facts["settings not as shipped"] == "risk.take_profit_pct=0.5, strategies.scalp.fast_ema=10"
    assert json.loads(as_json_text(Report(chosen, "fast", out)))["settings"] == {}


def test_what_was_not_traded_says_what_its_codes_mean(played: tuple[BacktestPlan, Outcome]) -> None:
    chosen, out = played

    [table] = [x for x in all_tables(Report(chosen, "fast", out)) if x.title == "Not traded"]

    assert table.columns[-1] == "meaning"
    assert all(row[-1].endswith(".") and row[2] not in row[-1] for row in table.rows)


def test_a_few_days_have_no_ratio_of_a_year() -> None:
    few = {x.name: x.text for x in figures_of(ended(101, 101.9, 103, 102))}
    enough = {x.name: x.value for x in figures_of(ended(101, 101.9, 103, 102, 103.5))}

    assert (few["Sharpe"], few["Sortino"]) == ("unknown", "unknown")
    assert enough["Sharpe"] == pytest.approx(sharpe(daily_returns(ended(101, 101.9, 103, 102, 103.5))))


def test_a_year_s_return_is_what_as_good_days_of_a_whole_year_would_bring() -> None:
    half_a_year = np.full(126, 1.1 ** (1 / 126) - 1)

    assert annual_return(half_a_year) == pytest.approx(1.1**2 - 1)
    assert annual_return(np.full(252, 0.001)) == pytest.approx(1.001**252 - 1)


def test_less_than_a_quarter_has_no_annual_return_and_no_calmar_ratio() -> None:
    few, enough = (
        {x.name: x.text for x in figures_of(ended(*(100 + n % 2 for n in range(1, days + 1))))}
        for days in (62, 63)
    )

    assert (few["annual return"], few["Calmar"]) == ("unknown", "unknown")
    assert "unknown" not in (enough["annual return"], enough["Calmar"])


def test_who_lost_everything_has_lost_it_in_a_year_too() -> None:
    assert annual_return(np.array([0.0] * 70 + [-1.0])) == -1


def test_the_longest_drawdown_counts_sessions_below_the_highest_end() -> None:
    assert longest_drawdown(ended(110, 109, 108, 110, 111, 110, 110, 110)) == 3
    assert longest_drawdown(ended(101, 102, 103)) == 0
    assert longest_drawdown(ended(99, 100)) == 1


def test_a_year_s_figures_are_those_of_their_definitions() -> None:
    equity = [round(100 + 5 * math.sin(n / 7) + n / 20, 2) for n in range(130)]
    out = ended(*equity)
    found = {x.name: x for x in figures_of(out)}
    returns = daily_returns(out)

    yearly = (float(out.end_equity) / 100) ** (252 / 130) - 1
    worst = min(x for _, x in drawdowns(out))
    assert found["annual return"].value == pytest.approx(yearly)
    assert found["Calmar"].value == pytest.approx(yearly / -worst)
    assert found["volatility"].value == pytest.approx(np.std(returns, ddof=1) * math.sqrt(252))
    for name in ("annual return", "volatility", "Sortino"):
        low, value, high = found[name].low, found[name].value, found[name].high
        assert low is not None
        assert value is not None
        assert high is not None
        assert low < value < high


def test_profits_without_a_loss_are_without_bound_and_not_unknown() -> None:
    assert profit_factor(np.array([5.0, 0.0])) == math.inf
    assert math.isnan(profit_factor(np.array([0.0])))
    assert math.isnan(profit_factor(np.array([])))
    assert profit_factor(np.array([-5.0])) == 0


def test_resamples_without_a_loss_count_in_the_interval_of_a_profit_factor() -> None:
    one_loss = np.array([10.0] * 9 + [-10.0])  # every third resample has none
    many = np.array([10.0] * 90 + [-10.0] * 10)

    low, high = interval(one_loss, profit_factor)

    assert low is not None
    assert 1 < low < 9
    assert high == math.inf
    assert interval(many, profit_factor)[1] < 40  # type: ignore[operator]
    assert interval(np.full(6, 10.0), profit_factor) == (math.inf, math.inf)
    assert interval(one_loss[:4], profit_factor) == (None, None)


def test_no_bound_is_shown_as_such_and_is_null_in_json(played: tuple[BacktestPlan, Outcome]) -> None:
    chosen, out = played
    won = ended(101, 102, 103, 104, 105, 106)
    won.trades = {name: replace(x, pnl=Decimal(10)) for name, x in out.trades.items()}

    told = json.loads(as_json_text(Report(chosen, "fast", won)), parse_constant=no_constant)["figures"]

    assert told["profit factor"]["value"] is None
    assert told["profit factor"]["shown"].startswith("∞")
    assert told["Sortino"]["shown"] == "∞ (∞ … ∞)"
    assert told["longest drawdown"] == told["longest drawdown"] | {"value": 0, "unit": "sessions"}
