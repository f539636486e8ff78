"""Statistics of trades, groups of them, and days of which nothing is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import messages as m
from bot.ops.report.book import ONE_DAY_KINDS, book_of, day_in_book
from bot.ops.report.documents import day_document, period_document, tiles
from bot.ops.report.periods import GROUPS, NOT_RECORDED, tables, unrecorded_days
from bot.ops.report.results import Result, grouped, max_drawdown, performance
from tests.journal.makers import BAR_END, CLOSED
from tests.ops.page.moments import DONE, HOLDING, Moment

START = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
AMOUNTS = st.lists(st.decimals(min_value=-500, max_value=500, places=2), max_size=30)


def _results(amounts: list[Decimal]) -> list[Result]:
    return [
        Result(
            symbol="SPY", strategy="scalp" if n % 2 else "whale", opened_at=START + timedelta(hours=7 * n),
            closed_at=START + timedelta(hours=7 * n + 1), result=amount, fees=Decimal("1.30"),
        )
        for n, amount in enumerate(amounts)
    ]  # fmt: skip


@given(AMOUNTS)
def test_the_groups_add_up_to_the_whole(amounts: list[Decimal]) -> None:
    results = _results(amounts)
    whole = performance(results)
    for key in GROUPS.values():
        groups = grouped(results, key).values()
        assert sum((one.net for one in groups), Decimal(0)) == whole.net == sum(amounts, Decimal(0))
        assert sum(one.trades for one in groups) == whole.trades
        assert sum((one.fees for one in groups), Decimal(0)) == whole.fees


@given(AMOUNTS)
def test_the_deepest_fall_is_the_worst_loss_from_any_point_to_a_later_one(amounts: list[Decimal]) -> None:
    sums = [sum(amounts[:n], Decimal(0)) for n in range(len(amounts) + 1)]
    falls = [high - low for n, high in enumerate(sums) for low in sums[n:]]
    assert max_drawdown(amounts) == max(falls)


def test_ratios_that_would_divide_by_nothing_are_unknown() -> None:
    none = performance([])
    assert (none.expectancy, none.profit_factor, none.worst) == (None, None, None)
    only_won = performance(_results([Decimal(5)]))
    assert (only_won.profit_factor, only_won.expectancy) == (None, Decimal(5))


def test_a_profit_factor_is_won_over_lost() -> None:
    told = performance(_results([Decimal(30), Decimal(-10), Decimal(-5)]))
    assert (told.profit_factor, told.longest_losing_run) == (Decimal(2), 2)


def test_a_day_that_nobody_recorded_is_not_a_day_without_trades() -> None:
    monday = date(2026, 11, 23)
    missing = unrecorded_days(monday, monday + timedelta(days=6), [monday])
    assert [day.isoformat() for day in missing] == [
        "2026-11-24",
        "2026-11-25",
        "2026-11-27",
    ]  # Thanksgiving, weekend
    (table,) = tables([], missing)
    assert all(NOT_RECORDED in row[0] for row in table.rows)


def test_slippage_is_measured_from_the_signal_s_quote_and_from_the_stop() -> None:
    stopped = m.BracketClosed(
        **{name: getattr(CLOSED, name) for name in CLOSED.__slots__}
        | {"exit_reason": "stop", "exit_price": Decimal("0.60")}
    )
    book = book_of([*HOLDING, stopped])
    (result,) = book.results(BAR_END.date(), BAR_END.date())
    assert result.entry_slip == Decimal("0.00")  # bought at the middle of 0.78 and 0.80
    assert result.exit_slip == Decimal("12.00")  # 4 cents below the stop, 3 contracts of 100


def test_a_day_s_document_has_the_day_s_figures() -> None:
    moment = Moment(DONE)
    document = day_document(book_of(DONE), moment.recorder.picture())
    assert document.money is not None
    assert document.money.net == moment.builder.status.pnl.net == Decimal("71.10")
    assert (document.verdict.word, document.kind) == ("1 trade", "day")
    assert len(document.charts[0].bars) == len([x for x in DONE if isinstance(x, m.BarClosed)])


def test_a_day_with_something_held_says_so_and_does_not_guess_what_it_is_worth() -> None:
    rows = [message for message in HOLDING if type(message) in ONE_DAY_KINDS]
    document = day_document(*day_in_book(rows, BAR_END.date()))
    assert (document.verdict.word, document.money and document.money.net) == ("Still held", None)
    assert "ibkr-bot status" in document.verdict.todo


def test_a_period_s_document_groups_its_trades() -> None:
    day = BAR_END.date()
    document = period_document(book_of(DONE), day, day)
    assert [table.title for table in document.tables] == [f"By {name}" for name in GROUPS]
    assert document.money is not None
    assert document.money.net == Decimal("71.10")


def test_of_no_losses_no_average_is_told() -> None:
    told = {x.name: x.text for x in tiles(performance(_results([Decimal(3), Decimal(5)])))}

    assert told["average win / loss"] == "+4.00 / —"
    assert told["trades won"] == "2 of 2, 100 %"
