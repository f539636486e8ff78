"""A day or a period as a document of the page's components: the same parts, fed from a journal instead of the running bot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from bot.domain.day_report import DayReport
from bot.domain.text import counted
from bot.ops.page.day_record import DayRecord
from bot.ops.page.document import Document, Fact, Money, PageLevel, PageVerdict, Source, Table
from bot.ops.page.drawn import charts, equity_curve, trade_marks
from bot.ops.page.wording import ago, refusal, signed
from bot.ops.report import periods
from bot.ops.report.book import Book
from bot.ops.report.results import Performance, performance
from bot.ops.status.ledger import Bids, BookedTrade, DayPnl, day_pnl

CURRENCY = "USD"
NO_SOURCE = Source()


def day_document(
    book: Book, record: DayRecord, source: Source = NO_SOURCE, bid: Bids | None = None
) -> Document:
    """One day: the live page's parts as they stood at its end, or stand now. ``bid`` None takes the record's last bids.

    Raises ValueError for a record without a day.
    """
    day = record.day
    if day is None:
        raise ValueError("a day's document needs a day")
    report, pnl = book.days.report(day), day_pnl(record.trades, bid or record.bids.get)
    at = max((event.at for event in record.events), default=None)
    return Document(
        kind="day",
        title=f"{day:%a %d %b %Y} · ibkr-options-bot",
        at=at,
        verdict=_day_verdict(record, report, pnl),
        source=source,
        money=Money(
            CURRENCY,
            pnl.realized,
            pnl.unrealized,
            pnl.fees,
            pnl.net,
            report.equity,
            equity_at=_marked_at(record),
        ),
        charts=charts(record, source.symbols),
        trades=trade_marks(record.trades, record.paths),
        curves=(equity_curve(record, CURRENCY),),
        tiles=tiles(performance(book.results(day, day))),
        facts=_troubles(report),
        events=record.events,
        tables=_not_traded(report),
    )


def period_document(
    book: Book, first: date, last: date, unrecorded: tuple[date, ...] = (), source: Source = NO_SOURCE
) -> Document:
    """More than a day: curves, and results by day, week, month, strategy and hour."""
    results = book.results(first, last)
    told = performance(results)
    marks = [(at, value) for at, value in book.equity if first <= at.date() <= last]
    return Document(
        kind="period",
        title=f"{first:%d %b %Y} to {last:%d %b %Y} · ibkr-options-bot",
        at=max((at for at, _ in marks), default=None),
        verdict=_period_verdict(told, unrecorded),
        source=source,
        money=_period_money(told, marks[-1][1] if marks else None),
        trades=trade_marks(book.trades(first, last)),
        curves=(
            periods.result_curve(results),
            periods.daily_equity(marks),
            periods.drawdown_curve(marks),
        ),
        tiles=tiles(told),
        tables=periods.tables(results, unrecorded),
    )


def tiles(x: Performance) -> tuple[Fact, ...]:
    """The figures that stand side by side above the charts."""
    if not x.trades:
        return ()
    found = [
        Fact("trades won", f"{x.won} of {x.trades}, {x.won / x.trades:.0%}".replace("%", " %")),
        Fact("a trade brought", signed(x.expectancy), _level(x.expectancy)),
        Fact("profit factor", "—" if x.profit_factor is None else f"{x.profit_factor:.2f}"),
        Fact("average win / loss", f"{_if_any(x.average_win)} / {_if_any(x.average_loss)}"),
        Fact("deepest fall", f"{x.max_drawdown:,.2f}"),
        Fact("fees of closed trades", f"{x.fees:,.2f}"),
    ]
    if x.entry_slip is not None:
        found.append(Fact("lost to entry prices", f"{x.entry_slip:,.2f}"))
    if x.exit_slip is not None:
        found.append(Fact("lost behind stops", f"{x.exit_slip:,.2f}"))
    return tuple(found)


def _if_any(amount: Decimal | None) -> str:
    return "—" if amount is None else signed(amount)


def _level(amount: Decimal | None) -> PageLevel:
    return "plain" if not amount else "safe" if amount > 0 else "danger"


def _day_verdict(record: DayRecord, report: DayReport, pnl: DayPnl) -> PageVerdict:
    trades, open_trades = record.trades, [trade for trade in record.trades if trade.held]
    if open_trades:
        names = ", ".join(_held_words(trade, record) for trade in open_trades)
        is_known = pnl.unrealized is not None
        todo = "" if is_known else "What it is worth is known to the running bot: ibkr-bot status."
        return PageVerdict("watch", "Still held", f"{names}.", todo, _worst(report))
    count = len(trades)
    word = "No trades" if not count else counted(count, "trade")
    return PageVerdict(
        "plain", word, "Everything is closed." if count else "Nothing was bought.", proof=_worst(report)
    )


def _held_words(trade: BookedTrade, record: DayRecord) -> str:
    bid = record.bids.get(trade.contract.con_id)
    return f"{trade.held} {trade.contract.label}" + ("" if bid is None else f", last bid {bid}")


def _worst(report: DayReport) -> str:
    if not report.worst_unprotected_s:
        return ""
    return f"Never unprotected for more than {ago(report.worst_unprotected_s)}"


def _period_verdict(told: Performance, unrecorded: tuple[date, ...]) -> PageVerdict:
    missing = (
        f"{len(unrecorded)} trading days are not recorded."
        if unrecorded
        else "Every trading day is recorded."
    )
    word = "No trades" if not told.trades else counted(told.trades, "trade")
    return PageVerdict(
        "plain", word, missing if not told.trades else f"{told.won} won, {told.lost} lost. {missing}"
    )


def _marked_at(record: DayRecord) -> datetime | None:
    return record.equity[-1][0] if record.equity else None


def _period_money(told: Performance, equity: Decimal | None) -> Money:
    gross = told.net + told.fees
    return Money(CURRENCY, gross, None, told.fees, told.net, equity, "Result of closed trades")


def _troubles(report: DayReport) -> tuple[Fact, ...]:
    """What went wrong on the day, zeros included: that nothing did is worth reading, too."""
    halts = sum(hasattr(one, "detail") for one in report.halts)
    counts: Mapping[str, int] = {
        "orders rejected": report.refused_orders,
        "connections lost": report.disconnects,
        "halts": halts,
    }
    facts = [Fact(name, str(count), "watch" if count else "plain") for name, count in counts.items()]
    length = f"{report.unprotected_s:.1f} s in all, {report.worst_unprotected_s:.1f} s at most"
    return (Fact("unprotected", length, "watch" if report.worst_unprotected_s > 10 else "plain"), *facts)


def _not_traded(report: DayReport) -> tuple[Table, ...]:
    rows = tuple((code, refusal(code), str(count)) for code, count in report.not_traded.items())
    return (Table("Signals that were not traded", ("code", "why", "times"), rows, (2,)),) if rows else ()
